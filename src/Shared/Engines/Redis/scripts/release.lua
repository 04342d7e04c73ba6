#!lua flags=allow-oom
-- A worker hands back a job whose code it has not started: the lease counts as run out and looked at, so the next reclaim queues it again. The
-- worker is struck out, so that a renewal behind this changes nothing; and it is no failed attempt.
-- KEYS: leases, job, handed jobs, jobs   ARGV: worker, id, entry, group
local worker, entry = unpack(redis.call('HMGET', KEYS[2], 'worker', 'entry'))
if worker ~= ARGV[1] or entry ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[2], 'worker', '', 'state', 'taken', 'suspect', '1')
redis.call('HINCRBY', KEYS[2], 'attempts', -1)
redis.call('ZREM', KEYS[3], ARGV[2])
redis.call('ZADD', KEYS[1], 0, ARGV[2])
redis.call('XCLAIM', KEYS[4], ARGV[4], 'aside', 0, entry, 'JUSTID')
return 1
