-- settle: entries need not be delivered to a sink any more.
--
-- KEYS  1 changes  2 sinks
-- ARGV  1 sink  2 'delivered', 'lost' or '' when it takes none of them  3... IDs
-- Returns how many of them were still to be settled.
local n = redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 3))
if n > 0 and ARGV[2] ~= '' then redis.call('HINCRBY', KEYS[2], ARGV[1] .. ':' .. ARGV[2], n) end
if n > 0 and ARGV[2] == 'delivered' then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[2], ARGV[1] .. ':delivered_at', time[1] * 1000 + math.floor(time[2] / 1000))
end
return n
