-- begin: has a sink read the stream of changes, from now on or from the oldest entry kept. A sink
-- that has begun before goes on where it was.
--
-- KEYS  1 changes  2 sinks  3 stats
-- ARGV  1 sink  2 '$' from now on, '0' from the oldest entry
-- Returns 1, or 0 when it had begun before.
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2], 'MKSTREAM')
if made.err then
  if string.find(made.err, 'BUSYGROUP', 1, true) then return 0 end
  return made
end
if ARGV[2] == '$' then
  redis.call('HSET', KEYS[2], ARGV[1] .. ':seen', redis.call('HGET', KEYS[3], 'changes') or 0)
else
  redis.call('HDEL', KEYS[2], ARGV[1] .. ':seen')
end
return 1
