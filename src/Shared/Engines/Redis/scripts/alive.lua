#!lua flags=allow-oom
-- Shows that a worker lives, how many jobs it may have in its hands, and which sets of packages it has ready (the empty one, too); or that a web
-- process does, with 1 and no set.
-- KEYS: its sign of life
-- ARGV: its name, most jobs in hand, ms until this runs out, prefix of the sets' keys, then the names of the sets
-- Answers what time it is, in ms.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
for i = 5, #ARGV do
  local key = ARGV[4] .. ARGV[i]
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  redis.call('ZADD', key, now + ARGV[3], ARGV[1])
  redis.call('PEXPIRE', key, ARGV[3])
end
return now
