-- complete: the result of a claimed name is published.
--
-- KEYS  1 list  2 inflight  3 claims  4 completed  5 stats  6 delayed  7 failed, those of note
-- ARGV  1 name  2 token  3 rows  4 bytes  5 microseconds  6 checksum  7 entries kept
--       8 how the file was found to be written, or ''  9 name of the result, that of note
-- Returns 1, or 0 when the claim is no longer this worker's.
--
-- The first write frees memory: completing works while Redis may not grow.
local record = redis.call('HGET', KEYS[3], ARGV[1])
record = record and cjson.decode(record)
if not record or record.token ~= ARGV[2] then
  redis.pcall('HINCRBY', KEYS[5], 'refused', 1) -- a full Redis does not count it
  return 0
end

redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
if record.again then redis.call('LPUSH', KEYS[1], ARGV[1]) end
local entry = { 'name', ARGV[1], 'rows', ARGV[3], 'bytes', ARGV[4], 'seconds', string.format('%.6f', ARGV[5] / 1000000),
  'worker', record.worker, 'checksum', ARGV[6] }
local function add(field, value)
  entry[#entry + 1] = field
  entry[#entry + 1] = value
end
if ARGV[8] ~= '' then add('found', ARGV[8]) end
if record.mend then add('cause', 'settings') end
note('result.done', 'result', ARGV[9], unpack(entry))
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[7], '*', unpack(entry))
redis.call('HINCRBY', KEYS[5], 'completed', 1)
redis.call('HINCRBY', KEYS[5], 'rows', ARGV[3])
redis.call('HINCRBY', KEYS[5], 'bytes', ARGV[4])
redis.call('HINCRBY', KEYS[5], 'busy_us', ARGV[5])
noteEmpty(KEYS[1], KEYS[2], KEYS[6], KEYS[7])
return 1
