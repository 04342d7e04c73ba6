#!lua flags=allow-oom
-- Ends a job: result stored, entry acknowledged and deleted, event published, all or nothing. A late worker changes nothing. The worker has a slot
-- less in use then, and takes the next job for it with the same trip.
-- KEYS: as give.lua's, then job, result, handed jobs, since when the worker has left a job without a sign
-- ARGV: as give.lua's, then id, finished event as JSON, channel of its web, ms to keep the result, entry, 1 when the job came in a message
-- Answers whether it was in time (1 or 0), and the next jobs.
local owner, entry, state = unpack(redis.call('HMGET', KEYS[4], 'worker', 'entry', 'state'))
if owner ~= worker and redis.call('EXISTS', KEYS[4], KEYS[5]) > 0 then
  if ARGV[13] == '1' then redis.call('DEL', KEYS[7]) end
  return {0, give()}
end
-- What is known of a job is gone after a flush, or when it took longer than anybody waits; its entry may still be there.
entry = entry or ARGV[12]
redis.call('XACK', jobs, group, entry)
redis.call('XDEL', jobs, entry)
if ARGV[13] == '1' then redis.call('DEL', KEYS[4], KEYS[7]) else redis.call('DEL', KEYS[4]) end
redis.call('ZREM', KEYS[2], ARGV[8])
-- One that has started was taken out then.
if state ~= 'started' then redis.call('ZREM', KEYS[6], ARGV[8]) end
redis.call('SET', KEYS[5], ARGV[9], 'PX', ARGV[11])
redis.call('PUBLISH', ARGV[10], ARGV[9])
return {1, redis.call('XLEN', jobs) > 0 and give() or {}}
