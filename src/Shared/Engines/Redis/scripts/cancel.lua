#!lua flags=allow-oom
-- Cancels a job: one that no worker has taken is dropped, one that a worker has is marked, and the worker told.
-- KEYS: jobs, job, handed jobs   ARGV: group, id, prefix of the workers' cancel channels
local state = redis.call('HGET', KEYS[2], 'state')
if not state then return 'unknown' end
if state == 'queued' or state == 'handed' then
  local entry = redis.call('HGET', KEYS[2], 'entry')
  redis.call('XACK', KEYS[1], ARGV[1], entry)
  redis.call('XDEL', KEYS[1], entry)
  redis.call('ZREM', KEYS[3], ARGV[2])
  redis.call('DEL', KEYS[2])
  return 'dropped'
end
redis.call('HSET', KEYS[2], 'cancelled', '1')
redis.call('PUBLISH', ARGV[3] .. redis.call('HGET', KEYS[2], 'worker'), ARGV[2])
return 'sent'
