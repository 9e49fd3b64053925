-- requeue: dead letters wait again, with fresh tries.
--
-- KEYS  1 list  2 failed  3 claims
-- ARGV  names
-- Returns how many of them were dead letters.
--
-- The first write frees memory: dead letters are tried again also while Redis may
-- not grow.
local moved = 0
for _, name in ipairs(ARGV) do
  if redis.call('HDEL', KEYS[2], name) == 1 then
    redis.call('HDEL', KEYS[3], name)
    redis.call('LPUSH', KEYS[1], name)
    moved = moved + 1
  end
end
return moved
