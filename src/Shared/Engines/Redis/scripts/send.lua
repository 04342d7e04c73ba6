#!lua
-- Puts a job into the queue, unless too many wait. Without allow-oom: a full Redis refuses here, before anything is written.
-- A job is given at once to the worker with the most free slots among those that have its packages ready (all of them, when it has none): it is
-- read from the stream on that worker's behalf, and goes to it in a message. Not while older jobs wait, nor to a worker that nobody hears, nor when
-- this comes so late that its sender has given it up: behind it comes what takes it out again.
-- One without packages is marked as started with that, as by a take; so not to a worker that has left such a job without a sign for longer
-- than a moment, since it may be frozen. One with packages is not, and can be recalled.
-- Shows the web's sign of life too: without it, workers would drop the job, and Redis may have been emptied a moment ago.
-- KEYS: jobs, leases, job, web's sign of life, workers that have its packages ready, handed jobs
-- ARGV: id, job as JSON, web, limit, ms until nobody waits for it any more, ms until its keys expire, wake channel, ms of the sign of life,
--       number of packages, group, prefixes of the workers' signs of life and of the channels they are given jobs on, ms until a handed job is
--       recalled, ms of a lease, ms that a worker may leave a job without a sign, prefix of the keys that say since when it has, time (ms) when
--       the sender gives up
-- Answers how many wait before it, -1 when that is too many; 1 when it was handed to a worker that must ask before it starts; and what time it is.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local length = redis.call('XLEN', KEYS[1])
-- Jobs that were listed again after a flush have leases, and no entries.
local waiting = math.max(0, length - redis.call('ZCARD', KEYS[2]))
if waiting >= tonumber(ARGV[4]) then return {-1, 0, now} end
local unread = waiting - redis.call('ZCARD', KEYS[6])
local is_plain = ARGV[9] == '0'

local function free_worker()
  local ready = unread <= 0 and now < tonumber(ARGV[17]) and redis.call('ZRANGEBYSCORE', KEYS[5], now, '+inf') or {}
  local pending = #ready > 0 and redis.pcall('XPENDING', KEYS[1], ARGV[10])
  if not pending or pending.err or pending[1] ~= length then return nil end
  local held, best, most = {}, nil, 0
  for _, one in ipairs(pending[4] or {}) do held[one[1]] = tonumber(one[2]) end
  local keys = {}
  for i, worker in ipairs(ready) do keys[2 * i - 1], keys[2 * i] = ARGV[11] .. worker, ARGV[16] .. worker end
  local shown = redis.call('MGET', unpack(keys))
  -- In turns among equals.
  for i = 1, #ready do
    local at = (i + time[2]) % #ready + 1
    local free = tonumber(shown[2 * at - 1] or 0) - (held[ready[at]] or 0)
    local since = is_plain and shown[2 * at]
    if free > most and not (since and now - since > tonumber(ARGV[15])) then best, most = ready[at], free end
  end
  return best
end

local worker = free_worker()
local entry = redis.call('XADD', KEYS[1], '*', 'id', ARGV[1], 'job', ARGV[2], 'web', ARGV[3], 'deadline', now + ARGV[5], 'packages', ARGV[9])
local state = is_plain and 'started' or 'handed'
local is_given = worker and redis.call('PUBLISH', ARGV[12] .. worker, table.concat({ARGV[1], entry, ARGV[3], state, now, ARGV[2]}, '\n')) > 0
if is_given then
  -- Nothing older is left to read, so this reads the one that was just added.
  redis.call('XREADGROUP', 'GROUP', ARGV[10], worker, 'COUNT', 1, 'STREAMS', KEYS[1], '>')
  redis.call('HSET', KEYS[3], 'entry', entry, 'web', ARGV[3], 'state', state, 'worker', worker, 'given', now)
else
  redis.call('HSET', KEYS[3], 'entry', entry, 'web', ARGV[3], 'state', 'queued')
end
redis.call('PEXPIRE', KEYS[3], ARGV[6])
redis.call('SET', KEYS[4], '1', 'PX', ARGV[8])
if is_given and is_plain then
  redis.call('ZADD', KEYS[2], now + ARGV[14], ARGV[1])
  redis.call('SET', ARGV[16] .. worker, now, 'NX', 'PX', ARGV[14] * 2)
elseif is_given then
  redis.call('HSET', KEYS[3], 'warm', KEYS[5])
  redis.call('ZADD', KEYS[6], now + ARGV[13], ARGV[1])
elseif unread <= 0 then
  -- While older jobs wait, whoever was woken for them, or has to end another first, comes for this one as well.
  redis.call('PUBLISH', ARGV[7], '')
end
return {waiting, is_given and not is_plain and 1 or 0, now}
