#!lua flags=allow-oom
-- Hands back the jobs that were given to this worker without its ever hearing so, in a message or in a take's answer: they never began here,
-- so the next reclaim queues them again. A worker that gets hold of a job later than it may begin one unasked (start.lua) has to ask first,
-- so what was given a moment longer ago than that and is not in its hands will not begin here either.
-- The worker is struck out, so that nothing it sent earlier changes the job any more; and it is no failed attempt.
-- KEYS: jobs, leases, handed jobs   ARGV: group, worker, time before which they were given (ms), prefix of job keys, then the entries in its hands
-- Answers how many.
local held, returned = {}, 0
for i = 5, #ARGV do held[ARGV[i]] = true end
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[2])
-- Redis was emptied.
if pending.err then return 0 end
for _, one in ipairs(pending) do
  local entry = one[1]
  local found = not held[entry] and redis.call('XRANGE', KEYS[1], entry, entry)[1]
  local id
  for i = 1, found and #found[2] or 0, 2 do
    if found[2][i] == 'id' then id = found[2][i + 1] end
  end
  if id then
    local key = ARGV[4] .. id
    local worker, given = unpack(redis.call('HMGET', key, 'worker', 'given'))
    if worker == ARGV[2] and given and tonumber(given) < tonumber(ARGV[3]) then
      redis.call('HSET', key, 'worker', '', 'state', 'taken', 'suspect', '1')
      redis.call('HINCRBY', key, 'attempts', -1)
      redis.call('ZREM', KEYS[3], id)
      redis.call('ZADD', KEYS[2], 0, id)
      redis.call('XCLAIM', KEYS[1], ARGV[1], 'aside', 0, entry, 'JUSTID')
      returned = returned + 1
    end
  end
  -- Nobody knows what was to be done: without this it would fill one of the worker's slots for ever.
  if not held[entry] and not (id and redis.call('EXISTS', ARGV[4] .. id) == 1) then
    redis.call('XACK', KEYS[1], ARGV[1], entry)
    redis.call('XDEL', KEYS[1], entry)
  end
end
return returned
