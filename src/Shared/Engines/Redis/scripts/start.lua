#!lua flags=allow-oom
-- Marks that a job's code starts now, if the worker still has it and nobody cancelled it, and tells its web.
-- KEYS: job, leases, handed jobs, since when the worker has left a job without a sign
-- ARGV: worker, channel of its web, started event as JSON, id, lease in ms
redis.call('DEL', KEYS[4])
if redis.call('HGET', KEYS[1], 'worker') ~= ARGV[1] then return 'lost' end
if redis.call('HEXISTS', KEYS[1], 'cancelled') == 1 then return 'cancelled' end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'state', 'started')
redis.call('ZREM', KEYS[3], ARGV[4])
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[5], ARGV[4])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 'ok'
