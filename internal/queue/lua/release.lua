-- release: gives a claimed name back, untried: it is the next one to be taken.
--
-- KEYS  1 list  2 inflight  3 claims  4 stats
-- ARGV  1 name  2 token
-- Returns 1, or 0 when the claim is no longer this worker's.
--
-- The first write frees memory: a worker that must stop gives its name back also
-- while Redis may not grow.
local record = redis.call('HGET', KEYS[3], ARGV[1])
record = record and cjson.decode(record)
if not record or record.token ~= ARGV[2] then
  redis.pcall('HINCRBY', KEYS[4], 'refused', 1) -- a full Redis does not count it
  return 0
end

redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('RPUSH', KEYS[1], ARGV[1])
if record.errors + record.crashes == 0 and not record.mend then
  redis.call('HDEL', KEYS[3], ARGV[1])
else
  redis.call('HSET', KEYS[3], ARGV[1], cjson.encode({ errors = record.errors, crashes = record.crashes, began = record.began, mend = record.mend }))
end
redis.call('HINCRBY', KEYS[4], 'released', 1)
return 1
