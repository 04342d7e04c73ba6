#!lua flags=allow-oom
-- Marks that a job's code starts now, if the worker still has it and nobody cancelled it.
-- KEYS: job   ARGV: worker
if redis.call('HGET', KEYS[1], 'worker') ~= ARGV[1] then return 'lost' end
if redis.call('HEXISTS', KEYS[1], 'cancelled') == 1 then return 'cancelled' end
redis.call('HSET', KEYS[1], 'state', 'started')
return 'ok'
