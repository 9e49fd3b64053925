-- withdraw: removes dead letters, each unless it was written again meanwhile.
--
-- KEYS  1 failed, those of note
-- ARGV  name, when it failed in ms; name, when; ..., that of note
-- Returns how many it removed.
local removed = 0
for i = 1, #ARGV, 2 do
  local letter = redis.call('HGET', KEYS[1], ARGV[i])
  if letter and cjson.decode(letter).at == tonumber(ARGV[i + 1]) then
    redis.call('HDEL', KEYS[1], ARGV[i])
    note('file.dropped', 'name', ARGV[i], 'cause', 'outdated')
    removed = removed + 1
  end
end
return removed
