-- share: a value that all processes on this queue use, made by whoever asks first.
--
-- KEYS  1 shared
-- ARGV  1 name of the value  2 the value, should there be none yet
-- Returns the value that is kept.
local value = redis.call('HGET', KEYS[1], ARGV[1])
if not value then
  value = ARGV[2]
  redis.call('HSET', KEYS[1], ARGV[1], value)
end
return value
