-- enqueue: makes names wait because somebody asks for it: dead letters and names
-- that wait for a retry with fresh tries.
--
-- KEYS  1 list  2 inflight  3 claims  4 delayed  5 failed, those of note
-- ARGV  1 '1': also names that are in flight, which are then processed once more
--         afterwards, and names that wait for a retry; '0': those stay as they are
--       2... names, that of note
-- Returns {names made to wait, how many of them were dead letters}
local queued, letters = 0, 0
for i = 2, #ARGV do
  local name = ARGV[i]
  local held = redis.call('ZSCORE', KEYS[2], name)
  local delayed = redis.call('ZSCORE', KEYS[4], name)
  if ARGV[1] == '1' or not held and not delayed then
    redis.call('LPUSH', KEYS[1], name)
    queued = queued + 1
    if not held then
      if delayed then redis.call('ZREM', KEYS[4], name) end
      if redis.call('HDEL', KEYS[5], name) == 1 then
        letters = letters + 1
        note('file.retried', 'name', name, 'cause', 'person')
      end
      redis.call('HDEL', KEYS[3], name)
    end
  end
end
return { queued, letters }
