#!lua flags=allow-oom
-- Renews a worker's leases and tells it of jobs that aren't its own any more, that were cancelled, or that nobody waits for.
-- A missing sign of life gets a second look, as a lease does: it also runs out when Redis stood still, and is gone after a flush.
-- A job that was handed to this worker, and that it has, can't be recalled from here on.
-- KEYS: leases, handed jobs
-- ARGV: worker, lease in ms, ms until a job's keys expire, prefixes of job, result and web keys, ms until the second look,
--       then id, web, state of each job
-- Answers id, verdict of each job that can't simply go on.
local worker, answers = ARGV[1], {}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 8, #ARGV, 3 do
  local id, web, state = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local key, verdict = ARGV[4] .. id, nil
  local owner = redis.call('HGET', key, 'worker')
  if not owner and state == 'started' and redis.call('EXISTS', key) == 0 and redis.call('EXISTS', ARGV[5] .. id) == 0 then
    -- Redis was emptied, but the job runs: it is listed again, so that its end is announced. Not one that has not started: it may also have
    -- been run by another and be over, its result gone.
    redis.call('HSET', key, 'worker', worker, 'state', state, 'web', web)
    owner, verdict = worker, 'relisted'
  end
  if owner ~= worker then
    verdict = 'lost'
  else
    redis.call('PEXPIRE', key, ARGV[3])
    redis.call('ZADD', KEYS[1], now + ARGV[2], id)
    redis.call('HDEL', key, 'suspect')
    if redis.call('ZREM', KEYS[2], id) == 1 then redis.call('HSET', key, 'state', 'taken') end
    if redis.call('HEXISTS', key, 'cancelled') == 1 then
      verdict = 'cancelled'
    elseif redis.call('EXISTS', ARGV[6] .. web) == 1 then
      redis.call('HDEL', key, 'unheard')
    elseif redis.call('HSETNX', key, 'unheard', now) == 0 and now - redis.call('HGET', key, 'unheard') >= tonumber(ARGV[7]) then
      verdict = 'orphaned'
    end
  end
  if verdict then
    table.insert(answers, id)
    table.insert(answers, verdict)
  end
end
return answers
