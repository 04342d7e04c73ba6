#!lua flags=allow-oom
-- Looks after jobs whose worker went silent. A lease that ran out is given a second look first: when Redis itself stood still, every
-- lease looks as if it had run out, and the workers' renewals come in a moment later. Then a job that was never started is queued
-- again, and one that was is closed as lost, because code must not run twice.
-- KEYS: jobs, leases   ARGV: group, ms until the second look, most attempts, prefixes of job, result and reply keys, ms to keep a result,
--                            wake channel, lost event as JSON with JOBID for the id, ms that no job takes from its entry to its end
-- Answers how many were queued again, and how many were closed.
local jobs, leases, group = KEYS[1], KEYS[2], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local requeued, lost = 0, 0
-- Whatever became of such a job: it must not be counted among those that wait, nor among those that somebody has in hand.
redis.call('XTRIM', jobs, 'MINID', now - ARGV[10])
redis.pcall('XAUTOCLAIM', jobs, group, 'aside', ARGV[10], '0-0', 'COUNT', 20, 'JUSTID')
for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 100)) do
  local key = ARGV[4] .. id
  local job = redis.call('HMGET', key, 'state', 'suspect', 'entry', 'web')
  local state, suspect, entry, web = job[1], job[2], job[3], job[4]
  if not state then
    redis.call('ZREM', leases, id)
  elseif not suspect then
    redis.call('HSET', key, 'suspect', '1')
    redis.call('ZADD', leases, now + ARGV[2], id)
  else
    local found = entry and redis.call('XRANGE', jobs, entry, entry)[1]
    if entry then
      redis.call('XACK', jobs, group, entry)
      redis.call('XDEL', jobs, entry)
    end
    redis.call('ZREM', leases, id)
    if state == 'taken' and found and redis.call('HINCRBY', key, 'attempts', 1) < tonumber(ARGV[3]) then
      -- Its sender has heard of it and waits for as long as the job's keys live: the first wait's deadline may be over by now.
      local fields = found[2]
      for i = 1, #fields, 2 do
        if fields[i] == 'deadline' then fields[i + 1] = now + redis.call('PTTL', key) end
      end
      local again = redis.call('XADD', jobs, '*', unpack(fields))
      redis.call('HSET', key, 'state', 'queued', 'entry', again)
      redis.call('HDEL', key, 'worker', 'suspect')
      requeued = requeued + 1
    else
      local event = string.gsub(ARGV[9], 'JOBID', id)
      redis.call('DEL', key)
      redis.call('SET', ARGV[5] .. id, event, 'PX', ARGV[7])
      redis.call('PUBLISH', ARGV[6] .. web, event)
      lost = lost + 1
    end
  end
end
if requeued > 0 then redis.call('PUBLISH', ARGV[8], '') end
return {requeued, lost}
