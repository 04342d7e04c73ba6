#!lua flags=allow-oom
-- Cancels a job: one that no worker has started on is dropped, one that a worker has is marked, and the worker told. One that is dropped leaves a
-- result, if it is a background job, whose end is asked for, or was ever given to a worker: that one may have it in hand all the same.
-- KEYS: jobs, job, handed jobs, result   ARGV: group, id, prefix of the workers' cancel channels, finished event as JSON, ms to keep it
local state, worker, entry, web, given = unpack(redis.call('HMGET', KEYS[2], 'state', 'worker', 'entry', 'web', 'given'))
if not state then return 'unknown' end
if worker then redis.call('PUBLISH', ARGV[3] .. worker, ARGV[2]) end
if state == 'queued' or state == 'handed' then
  redis.call('XACK', KEYS[1], ARGV[1], entry)
  redis.call('XDEL', KEYS[1], entry)
  redis.call('ZREM', KEYS[3], ARGV[2])
  redis.call('DEL', KEYS[2])
  if given or web == ARGV[2] then redis.call('SET', KEYS[4], ARGV[4], 'PX', ARGV[5]) end
  return 'dropped'
end
redis.call('HSET', KEYS[2], 'cancelled', '1')
return 'sent'
