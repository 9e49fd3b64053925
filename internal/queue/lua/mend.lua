-- mend: dead letters wait again, to be tried under settings other than those that they failed
-- under: each if it was not written again meanwhile, and once for the same settings.
--
-- KEYS  1 list  2 failed  3 claims, those of note
-- ARGV  name, when it failed in ms, settings to try it under; name, when, settings; ..., that of note
-- Returns the names that wait again.
--
-- A dead letter without settings is of a kind that no setting mends. The settings that a name
-- was tried under stay with its record, also across a failure, until it is done, its file
-- changes or a person has it tried again: so two releases cannot hand it to each other for ever.
--
-- The first write takes away: dead letters are tried again also while Redis may not grow.
local moved = {}
for i = 1, #ARGV, 3 do
  local name, settings = ARGV[i], ARGV[i + 2]
  local letter = redis.call('HGET', KEYS[2], name)
  letter = letter and cjson.decode(letter)
  local tried = letter and letter.tried or ''
  if letter and letter.at == tonumber(ARGV[i + 1]) and letter.settings and letter.settings ~= settings
    and not string.find(tried, settings, 1, true) and #tried < 1000 then
    redis.call('HDEL', KEYS[2], name)
    redis.call('LPUSH', KEYS[1], name)
    redis.call('HSET', KEYS[3], name, cjson.encode({ errors = 0, crashes = 0,
      mend = { settings = settings, tried = tried .. letter.settings .. ' ' .. settings .. ' ', version = letter.version } }))
    note('file.retried', 'name', name, 'cause', 'settings')
    moved[#moved + 1] = name
  end
end
return moved
