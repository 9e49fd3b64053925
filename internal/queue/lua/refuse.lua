-- refuse: an entry could not be delivered to a sink. It is given up when it is too old.
--
-- KEYS  1 changes  2 sinks
-- ARGV  1 sink  2 ID  3 why  4 the age in ms at which it is given up
-- Returns 1 when it was given up, otherwise 0.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[2], ARGV[1] .. ':error', ARGV[3], ARGV[1] .. ':error_at', now)
redis.call('HINCRBY', KEYS[2], ARGV[1] .. ':refused', 1)
if now - tonumber(string.match(ARGV[2], '^%d+')) < tonumber(ARGV[4]) then return 0 end
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 1 then redis.call('HINCRBY', KEYS[2], ARGV[1] .. ':given_up', 1) end
return 1
