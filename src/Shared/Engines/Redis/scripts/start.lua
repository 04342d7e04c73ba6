#!lua flags=allow-oom
-- Marks that a job's code starts now, if the worker still has it and nobody cancelled it, and tells its web. The time is noted as that of the giving:
-- a list of the worker's jobs from before (handback.lua) says nothing about it.
-- KEYS: job, leases, handed jobs, since when the worker has left a job without a sign
-- ARGV: worker, channel of its web, started event as JSON, id, lease in ms, entry, 1 when the job came in a message
if ARGV[7] == '1' then redis.call('DEL', KEYS[4]) end
local worker, entry = unpack(redis.call('HMGET', KEYS[1], 'worker', 'entry'))
if worker ~= ARGV[1] or entry ~= ARGV[6] then return 'lost' end
if redis.call('HEXISTS', KEYS[1], 'cancelled') == 1 then return 'cancelled' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'state', 'started', 'given', now)
redis.call('ZREM', KEYS[3], ARGV[4])
redis.call('ZADD', KEYS[2], now + ARGV[5], ARGV[4])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 'ok'
