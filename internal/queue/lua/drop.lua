-- drop: forgets dead letters, each if it is still about just that version of its
-- input: one that failed anew meanwhile stays.
--
-- KEYS  1 failed  2 claims, those of note
-- ARGV  name, version; name, version; ..., that of note
-- Returns how many were forgotten.
--
-- It only takes away, and so works while Redis may not grow.
local dropped = 0
for i = 1, #ARGV, 2 do
  local letter = redis.call('HGET', KEYS[1], ARGV[i])
  if letter and cjson.decode(letter).version == ARGV[i + 1] then
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('HDEL', KEYS[2], ARGV[i])
    note('file.dropped', 'name', ARGV[i], 'cause', 'person')
    dropped = dropped + 1
  end
end
return dropped
