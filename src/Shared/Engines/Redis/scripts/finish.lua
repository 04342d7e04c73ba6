#!lua flags=allow-oom
-- Ends a job: result stored, entry acknowledged and deleted, event published, all or nothing. A late worker changes nothing. The worker has a slot
-- less in use then, and takes the next job for it with the same trip.
-- KEYS: as give.lua's, then job, result, handed jobs
-- ARGV: as give.lua's, then id, finished event as JSON, channel of its web, ms to keep the result
-- Answers whether it was in time (1 or 0), and the next jobs.
if redis.call('EXISTS', KEYS[6]) == 1 then return {0, give()} end
local owner, entry = unpack(redis.call('HMGET', KEYS[5], 'worker', 'entry'))
if owner ~= worker and redis.call('EXISTS', KEYS[5]) == 1 then return {0, give()} end
if entry then
  redis.call('XACK', jobs, group, entry)
  redis.call('XDEL', jobs, entry)
end
redis.call('DEL', KEYS[5])
redis.call('ZREM', KEYS[2], ARGV[8])
redis.call('ZREM', KEYS[7], ARGV[8])
redis.call('SET', KEYS[6], ARGV[9], 'PX', ARGV[11])
redis.call('PUBLISH', ARGV[10], ARGV[9])
return {1, redis.call('XLEN', jobs) > 0 and give() or {}}
