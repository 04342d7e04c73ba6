#!lua flags=allow-oom
-- Takes a job back that was handed to a worker which has not taken it in time, and queues it for everybody. That worker counts as having
-- nothing ready for jobs like this one until it shows itself again.
-- KEYS: jobs, leases, job, workers that have its packages ready   ARGV: group, id, wake channel
local state, worker, entry = unpack(redis.call('HMGET', KEYS[3], 'state', 'worker', 'entry'))
local found = state == 'handed' and redis.call('XRANGE', KEYS[1], entry, entry)[1]
if not found then return 0 end
redis.call('XACK', KEYS[1], ARGV[1], entry)
redis.call('XDEL', KEYS[1], entry)
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('ZREM', KEYS[4], worker)
redis.call('HSET', KEYS[3], 'state', 'queued', 'entry', redis.call('XADD', KEYS[1], '*', unpack(found[2])))
redis.call('HDEL', KEYS[3], 'worker')
redis.call('PUBLISH', ARGV[3], '')
return 1
