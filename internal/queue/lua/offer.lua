-- offer: makes names wait, each unless it is in flight, waits for a retry, or
-- failed with just this version of its input. A dead letter of another version
-- is withdrawn; one whose version nobody knew takes this one for it.
--
-- KEYS  1 list  2 inflight  3 delayed  4 failed  5 stats, those of note
-- ARGV  name, version of the input; name, version; ..., that of note
-- Returns how many names it made wait.
local pushed = 0
for i = 1, #ARGV, 2 do
  local name, version = ARGV[i], ARGV[i + 1]
  local take = not redis.call('ZSCORE', KEYS[2], name) and not redis.call('ZSCORE', KEYS[3], name)
  if take then
    local letter = redis.call('HGET', KEYS[4], name)
    if letter then
      letter = cjson.decode(letter)
      take = letter.version ~= '' and letter.version ~= version
      if letter.version == '' then
        letter.version = version
        redis.call('HSET', KEYS[4], name, cjson.encode(letter))
      end
    end
  end
  if take then
    redis.call('LPUSH', KEYS[1], name)
    if redis.call('HDEL', KEYS[4], name) == 1 then note('file.retried', 'name', name, 'cause', 'changed') end
    pushed = pushed + 1
  end
end
if pushed > 0 then redis.call('HINCRBY', KEYS[5], 'offered', pushed) end
return pushed
