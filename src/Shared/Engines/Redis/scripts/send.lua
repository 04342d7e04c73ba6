#!lua
-- Puts a job into the queue, unless too many wait. Without allow-oom: a full Redis refuses here, before anything is written.
-- Shows the web's sign of life too: without it, workers would drop the job, and Redis may have been emptied a moment ago.
-- KEYS: jobs, leases, job, web's sign of life
-- ARGV: id, job as JSON, web, limit, ms until nobody waits for it any more, ms until its keys expire, wake channel, ms of the sign of life,
--       number of packages
local waiting = redis.call('XLEN', KEYS[1]) - redis.call('ZCARD', KEYS[2])
if waiting >= tonumber(ARGV[4]) then return -1 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local entry = redis.call('XADD', KEYS[1], '*', 'id', ARGV[1], 'job', ARGV[2], 'web', ARGV[3], 'deadline', now + ARGV[5], 'packages', ARGV[9])
redis.call('HSET', KEYS[3], 'entry', entry, 'state', 'queued', 'web', ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[6])
redis.call('SET', KEYS[4], '1', 'PX', ARGV[8])
redis.call('PUBLISH', ARGV[7], '')
return waiting
