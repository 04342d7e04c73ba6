-- What take.lua and finish.lua have in common; each is sent with this before it.
-- Gives a worker up to so many jobs that nobody was given, no more than it has slots for. One without packages is marked as started at once,
-- since its code would start next: that saves the worker a round trip. Not for a worker without a sign of life: this may have been sent by one
-- that gave it up long ago, and been stuck on its way here. What was given and not heard of, the worker hands back (handback.lua).
-- Those that nobody waits for any more are dropped on the way: a web process without a sign of life is given a second look, because signs
-- of life also run out when Redis stood still. Until then its jobs are put aside like those that a worker hands back.
-- KEYS: jobs, leases, worker's sign of life
-- ARGV: group, worker, most, lease in ms, prefix of job keys, prefix of web keys, ms until the second look
local jobs, group, worker = KEYS[1], ARGV[1], ARGV[2]
local now, slots

local function read_next(most)
  return redis.pcall('XREADGROUP', 'GROUP', group, worker, 'COUNT', most, 'STREAMS', jobs, '>')
end

-- Adds a job to those that are given, unless nobody waits for it.
local function look(entry, fields, given)
  local job = {}
  for i = 1, #fields, 2 do job[fields[i]] = fields[i + 1] end
  local key = ARGV[5] .. job.id
  local heard = redis.call('EXISTS', ARGV[6] .. job.web) == 1
  local unheard, cancelled = unpack(redis.call('HMGET', key, 'unheard', 'cancelled'))
  if tonumber(job.deadline) < now or not heard and unheard then
    redis.call('XACK', jobs, group, entry)
    redis.call('XDEL', jobs, entry)
    redis.call('DEL', key)
  elseif not heard then
    redis.call('HSET', key, 'worker', worker, 'state', 'taken', 'unheard', now, 'suspect', '1')
    redis.call('HDEL', key, 'given')
    redis.call('ZADD', KEYS[2], now + ARGV[7], job.id)
    -- It takes none of the worker's slots.
    redis.call('XCLAIM', jobs, group, 'aside', 0, entry, 'JUSTID')
  else
    local state = job.packages == '0' and slots and not cancelled and 'started' or 'taken'
    redis.call('HSET', key, 'worker', worker, 'state', state, 'given', now)
    if unheard then redis.call('HDEL', key, 'unheard') end
    redis.call('ZADD', KEYS[2], now + ARGV[4], job.id)
    table.insert(given, {job.id, entry, job.job, job.web, state})
  end
end

-- Answers id, entry, job as JSON, web, state of each.
local function give()
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  slots = redis.call('GET', KEYS[3])
  local given, most = {}, tonumber(ARGV[3])
  if slots and most > 0 then
    most = math.min(most, tonumber(slots))
    -- It may have been given some that it has not heard of yet.
    local pending = redis.pcall('XPENDING', jobs, group)
    for _, one in ipairs(not pending.err and pending[4] or {}) do
      if one[1] == worker then most = math.min(most, slots - one[2]) end
    end
  end
  while #given < most do
    local read = read_next(most - #given)
    if read and read.err then
      -- The first take of all, or Redis was emptied.
      redis.call('XGROUP', 'CREATE', jobs, group, '0', 'MKSTREAM')
      read = read_next(most - #given)
    end
    if not read then break end
    for _, item in ipairs(read[1][2]) do look(item[1], item[2], given) end
  end
  return given
end
