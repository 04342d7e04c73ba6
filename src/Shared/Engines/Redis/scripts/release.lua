#!lua flags=allow-oom
-- A worker hands back a job whose code it has not started: the lease counts as run out and looked at, so the next reclaim queues it again.
-- KEYS: leases, job, handed jobs   ARGV: worker, id
if redis.call('HGET', KEYS[2], 'worker') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'state', 'taken', 'suspect', '1')
redis.call('ZREM', KEYS[3], ARGV[2])
redis.call('ZADD', KEYS[1], 0, ARGV[2])
return 1
