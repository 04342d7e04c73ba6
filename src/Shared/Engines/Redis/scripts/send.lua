#!lua
-- Puts a job into the queue, unless too many wait. Without allow-oom: a full Redis refuses here, before anything is written.
-- A job with packages is handed to the worker with the most free slots among those that have them ready: it is read from the stream on that
-- worker's behalf, put into its lane, and that worker alone is woken. Not while older jobs wait, nor to a worker that nobody hears.
-- Shows the web's sign of life too: without it, workers would drop the job, and Redis may have been emptied a moment ago.
-- KEYS: jobs, leases, job, web's sign of life, workers that have its packages ready, handed jobs
-- ARGV: id, job as JSON, web, limit, ms until nobody waits for it any more, ms until its keys expire, wake channel, ms of the sign of life,
--       number of packages, group, prefixes of the workers' signs of life, lanes and wake channels, ms until a handed job is recalled
-- Answers how many wait before it, -1 when that is too many; and 1 when it was handed to a worker.
local length = redis.call('XLEN', KEYS[1])
local waiting = length - redis.call('ZCARD', KEYS[2])
if waiting >= tonumber(ARGV[4]) then return {-1, 0} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function warm_and_free()
  local warm = redis.call('ZRANGEBYSCORE', KEYS[5], now, '+inf')
  local pending = #warm > 0 and redis.pcall('XPENDING', KEYS[1], ARGV[10])
  if not pending or pending.err or pending[1] ~= length then return nil end
  local held, best, most = {}, nil, 0
  for _, one in ipairs(pending[4] or {}) do held[one[1]] = tonumber(one[2]) end
  for _, worker in ipairs(warm) do
    local free = tonumber(redis.call('GET', ARGV[11] .. worker) or 0) - (held[worker] or 0)
    if free > most then best, most = worker, free end
  end
  return best
end

local worker = ARGV[9] ~= '0' and warm_and_free()
local entry = redis.call('XADD', KEYS[1], '*', 'id', ARGV[1], 'job', ARGV[2], 'web', ARGV[3], 'deadline', now + ARGV[5], 'packages', ARGV[9])
redis.call('HSET', KEYS[3], 'entry', entry, 'state', 'queued', 'web', ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[6])
redis.call('SET', KEYS[4], '1', 'PX', ARGV[8])
if worker and redis.call('PUBLISH', ARGV[13] .. worker, '') > 0 then
  -- Nothing older is left to read, so this reads the one that was just added.
  redis.call('XREADGROUP', 'GROUP', ARGV[10], worker, 'COUNT', 1, 'STREAMS', KEYS[1], '>')
  redis.call('HSET', KEYS[3], 'state', 'handed', 'worker', worker, 'warm', KEYS[5])
  redis.call('ZADD', KEYS[6], now + ARGV[14], ARGV[1])
  redis.call('RPUSH', ARGV[12] .. worker, ARGV[1])
  redis.call('PEXPIRE', ARGV[12] .. worker, ARGV[6])
  return {waiting, 1}
end
redis.call('PUBLISH', ARGV[7], '')
return {waiting, 0}
