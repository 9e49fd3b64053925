-- watch: tells of it, once, when names have waited for long and no worker took one.
--
-- KEYS  1 list  2 inflight  3 shared, those of note
-- ARGV  1 how long in ms, that of note
-- Returns 1 when it told of it, otherwise 0.
--
-- The field idle of shared holds since when no name was taken, and at which count of claims.
local waiting = redis.call('LLEN', KEYS[1])
local idle = redis.call('HGET', KEYS[3], 'idle')
if waiting == 0 or redis.call('ZCARD', KEYS[2]) > 0 then
  if idle then redis.call('HDEL', KEYS[3], 'idle') end
  return 0
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claimed = tonumber(redis.call('HGET', notes.stats, 'claimed') or 0)
idle = idle and cjson.decode(idle)
if not idle or idle.claimed ~= claimed then
  redis.call('HSET', KEYS[3], 'idle', cjson.encode({ since = now, claimed = claimed, told = false }))
  return 0
end
if idle.told or now - idle.since < tonumber(ARGV[1]) then return 0 end
idle.told = true
redis.call('HSET', KEYS[3], 'idle', cjson.encode(idle))
note('queue.stuck', 'waiting', waiting, 'seconds', math.floor((now - idle.since) / 1000))
return 1
