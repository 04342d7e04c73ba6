#!lua flags=allow-oom
-- Ends a job: result stored, entry acknowledged and deleted, event published, all or nothing. A late worker changes nothing.
-- KEYS: jobs, leases, job, result   ARGV: group, worker, id, finished event as JSON, channel of its web, ms to keep the result
-- Answers -1 when it was too late, else how many jobs are in the stream: with none, the worker needn't ask for the next.
if redis.call('EXISTS', KEYS[4]) == 1 then return -1 end
local owner, entry = unpack(redis.call('HMGET', KEYS[3], 'worker', 'entry'))
if owner ~= ARGV[2] and redis.call('EXISTS', KEYS[3]) == 1 then return -1 end
if entry then
  redis.call('XACK', KEYS[1], ARGV[1], entry)
  redis.call('XDEL', KEYS[1], entry)
end
redis.call('DEL', KEYS[3])
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('SET', KEYS[4], ARGV[4], 'PX', ARGV[6])
redis.call('PUBLISH', ARGV[5], ARGV[4])
return redis.call('XLEN', KEYS[1])
