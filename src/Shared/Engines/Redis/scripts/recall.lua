#!lua flags=allow-oom
-- Takes jobs back that were handed to a worker which has not taken them in time, and queues them for everybody: the one that is named, or
-- all whose time is over. That worker counts as having nothing ready for jobs like these until it shows itself again. No second look: what
-- has not been taken may be given to another at any time.
-- KEYS: jobs, handed jobs   ARGV: group, prefix of job keys, wake channel, id or nothing
-- Answers how many.
local recalled, ids = 0, {ARGV[4]}
if ARGV[4] == '' then
  local time = redis.call('TIME')
  ids = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', time[1] * 1000 + math.floor(time[2] / 1000), 'LIMIT', 0, 100)
end
for _, id in ipairs(ids) do
  local key = ARGV[2] .. id
  local state, worker, entry, warm = unpack(redis.call('HMGET', key, 'state', 'worker', 'entry', 'warm'))
  local found = state == 'handed' and redis.call('XRANGE', KEYS[1], entry, entry)[1]
  redis.call('ZREM', KEYS[2], id)
  if found then
    redis.call('XACK', KEYS[1], ARGV[1], entry)
    redis.call('XDEL', KEYS[1], entry)
    redis.call('ZREM', warm, worker)
    redis.call('HSET', key, 'state', 'queued', 'entry', redis.call('XADD', KEYS[1], '*', unpack(found[2])))
    redis.call('HDEL', key, 'worker')
    recalled = recalled + 1
  end
end
if recalled > 0 then redis.call('PUBLISH', ARGV[3], '') end
return recalled
