#!lua flags=allow-oom
-- Gives a worker up to so many jobs. Those that nobody waits for any more are dropped on the way: a web process without a sign of life
-- is given a second look, because signs of life also run out when Redis stood still. Until then its jobs are put aside like those that a
-- worker hands back.
-- KEYS: jobs, leases   ARGV: group, worker, most, lease in ms, prefix of job keys, prefix of web keys, ms until the second look
-- Answers id, job as JSON, web of each.
local jobs, group, worker, most = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = {}
while #taken < most * 3 do
  local read = redis.pcall('XREADGROUP', 'GROUP', group, worker, 'COUNT', most - #taken / 3, 'STREAMS', jobs, '>')
  if read and read.err then
    -- The first take of all, or Redis was emptied.
    redis.call('XGROUP', 'CREATE', jobs, group, '0', 'MKSTREAM')
    read = redis.call('XREADGROUP', 'GROUP', group, worker, 'COUNT', most - #taken / 3, 'STREAMS', jobs, '>')
  end
  if not read then break end
  for _, item in ipairs(read[1][2]) do
    local entry, job = item[1], {}
    for i = 1, #item[2], 2 do job[item[2][i]] = item[2][i + 1] end
    local key = ARGV[5] .. job.id
    local heard = redis.call('EXISTS', ARGV[6] .. job.web) == 1
    if tonumber(job.deadline) < now or not heard and redis.call('HEXISTS', key, 'unheard') == 1 then
      redis.call('XACK', jobs, group, entry)
      redis.call('XDEL', jobs, entry)
      redis.call('DEL', key)
    elseif not heard then
      redis.call('HSET', key, 'worker', worker, 'state', 'taken', 'unheard', now, 'suspect', '1')
      redis.call('ZADD', KEYS[2], now + ARGV[7], job.id)
    else
      redis.call('HSET', key, 'worker', worker, 'state', 'taken')
      redis.call('HDEL', key, 'unheard')
      redis.call('ZADD', KEYS[2], now + ARGV[4], job.id)
      table.insert(taken, job.id)
      table.insert(taken, job.job)
      table.insert(taken, job.web)
    end
  end
end
return taken
