#!lua flags=allow-oom
-- Marks that a job's code starts now, if the worker still has it and nobody cancelled it, and tells its web.
-- KEYS: job   ARGV: worker, channel of its web, started event as JSON
if redis.call('HGET', KEYS[1], 'worker') ~= ARGV[1] then return 'lost' end
if redis.call('HEXISTS', KEYS[1], 'cancelled') == 1 then return 'cancelled' end
redis.call('HSET', KEYS[1], 'state', 'started')
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 'ok'
