#!lua flags=allow-oom
-- Gives a worker up to so many jobs: first those in its lane, then from the stream. One without packages is marked as started at once,
-- since its code would start next: that saves the worker a round trip. Not for a worker without a sign of life: this take may be one that
-- it gave up long ago and that was stuck on its way here. What a take gave whose answer was lost, the worker hands back (handback.lua); the
-- take's number tells which jobs those are.
-- Those that nobody waits for any more are dropped on the way: a web process without a sign of life is given a second look, because signs
-- of life also run out when Redis stood still. Until then its jobs are put aside like those that a worker hands back.
-- KEYS: jobs, leases, worker's sign of life, worker's lane, handed jobs
-- ARGV: group, worker, most, lease in ms, prefix of job keys, prefix of web keys, ms until the second look, number of this take
-- Answers id, entry, job as JSON, web, state of each.
local jobs, group, worker, most = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local alive = redis.call('EXISTS', KEYS[3]) == 1
local taken, count = {}, 0

local function look(entry, fields)
  local job = {}
  for i = 1, #fields, 2 do job[fields[i]] = fields[i + 1] end
  local key = ARGV[5] .. job.id
  local heard = redis.call('EXISTS', ARGV[6] .. job.web) == 1
  local unheard, cancelled = unpack(redis.call('HMGET', key, 'unheard', 'cancelled'))
  if tonumber(job.deadline) < now or not heard and unheard then
    redis.call('XACK', jobs, group, entry)
    redis.call('XDEL', jobs, entry)
    redis.call('DEL', key)
  elseif not heard then
    redis.call('HSET', key, 'worker', worker, 'state', 'taken', 'unheard', now, 'suspect', '1')
    redis.call('HDEL', key, 'take')
    redis.call('ZADD', KEYS[2], now + ARGV[7], job.id)
  else
    local state = job.packages == '0' and alive and not cancelled and 'started' or 'taken'
    redis.call('HSET', key, 'worker', worker, 'state', state, 'take', ARGV[8])
    if unheard then redis.call('HDEL', key, 'unheard') end
    redis.call('ZADD', KEYS[2], now + ARGV[4], job.id)
    for _, part in ipairs({job.id, entry, job.job, job.web, state}) do table.insert(taken, part) end
    count = count + 1
  end
end

while count < most do
  local id = redis.call('LPOP', KEYS[4])
  if not id then break end
  -- Meanwhile it may have been cancelled, or recalled and given to another.
  local state, owner, entry = unpack(redis.call('HMGET', ARGV[5] .. id, 'state', 'worker', 'entry'))
  local item = state == 'handed' and owner == worker and redis.call('XRANGE', jobs, entry, entry)[1]
  if item then
    redis.call('ZREM', KEYS[5], id)
    look(item[1], item[2])
  end
end
while count < most do
  local read = redis.pcall('XREADGROUP', 'GROUP', group, worker, 'COUNT', most - count, 'STREAMS', jobs, '>')
  if read and read.err then
    -- The first take of all, or Redis was emptied.
    redis.call('XGROUP', 'CREATE', jobs, group, '0', 'MKSTREAM')
    read = redis.call('XREADGROUP', 'GROUP', group, worker, 'COUNT', most - count, 'STREAMS', jobs, '>')
  end
  if not read then break end
  for _, item in ipairs(read[1][2]) do look(item[1], item[2]) end
end
return taken
