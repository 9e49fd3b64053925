-- requeue: dead letters wait again, with fresh tries.
--
-- KEYS  1 list  2 failed  3 claims, those of note
-- ARGV  names, that of note
-- Returns how many of them were dead letters.
--
-- The first write frees memory: dead letters are tried again also while Redis may
-- not grow.
local moved = 0
for _, name in ipairs(ARGV) do
  if redis.call('HDEL', KEYS[2], name) == 1 then
    redis.call('HDEL', KEYS[3], name)
    redis.call('LPUSH', KEYS[1], name)
    note('file.retried', 'name', name, 'cause', 'person')
    moved = moved + 1
  end
end
return moved
