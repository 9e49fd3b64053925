-- fail: a claimed name did not work out. It is tried again after a delay, or
-- becomes a dead letter when that is asked for or it has used up its tries.
--
-- KEYS  1 list  2 inflight  3 claims  4 delayed  5 failed  6 stats  7 attempts, those of note
-- ARGV  1 name  2 token  3 reason  4 kind  5 version of the input
--       6 delay in ms, -1 for no further try
--       7 tries in all, 0 when this one does not count
--       8 where the input is wrong, a JSON object that becomes part of the dead letter
--       9 entries of the attempts kept
--       10 the settings that it failed under, '' where no others could help
--       11 how the file was found to be written, or '', that of note
-- Returns 'failed', 'delayed' or 'waiting' (it was pushed again meanwhile), or
-- nil when the claim is no longer this worker's.
--
-- The first write frees memory: a worker reports a failure also while Redis may
-- not grow.
local record = redis.call('HGET', KEYS[3], ARGV[1])
record = record and cjson.decode(record)
if not record or record.token ~= ARGV[2] then
  redis.pcall('HINCRBY', KEYS[6], 'refused', 1) -- a full Redis does not count it
  return nil
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local delay, tries = tonumber(ARGV[6]), tonumber(ARGV[7])
local postponed = record.postponed
if tries == 0 then
  postponed = (postponed or 0) + 1
else
  record.errors = record.errors + 1
end

redis.call('ZREM', KEYS[2], ARGV[1])
local entry = { 'name', ARGV[1], 'outcome', 'error', 'reason', ARGV[3], 'kind', ARGV[4],
  'worker', record.worker, 'claimed', record.claimed, 'bytes', record.bytes or 0, 'rows', record.rows or 0 }
local function add(field, value)
  entry[#entry + 1] = field
  entry[#entry + 1] = value
end
if ARGV[11] ~= '' then add('found', ARGV[11]) end
if record.mend then add('cause', 'settings') end
redis.call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[9], '*', unpack(entry))
if record.again then
  redis.call('HDEL', KEYS[3], ARGV[1])
  redis.call('LPUSH', KEYS[1], ARGV[1])
  redis.call('HINCRBY', KEYS[6], 'repeated', 1)
  return 'waiting'
end
if delay >= 0 and (tries == 0 or record.errors < tries) then
  redis.call('ZADD', KEYS[4], now + delay, ARGV[1])
  redis.call('HSET', KEYS[3], ARGV[1], cjson.encode({
    errors = record.errors, crashes = record.crashes, postponed = postponed, reason = ARGV[3], worker = record.worker,
    began = record.began, mend = record.mend }))
  redis.call('HINCRBY', KEYS[6], 'retried', 1)
  return 'delayed'
end
redis.call('HDEL', KEYS[3], ARGV[1])
local letter = cjson.decode(ARGV[8])
letter.reason, letter.kind, letter.errors, letter.crashes = ARGV[3], ARGV[4], record.errors, record.crashes
letter.at, letter.began, letter.worker, letter.version = now, record.began, record.worker, ARGV[5]
if ARGV[10] ~= '' then letter.settings = ARGV[10] end
if record.mend and record.mend.version == ARGV[5] then letter.tried = record.mend.tried end
redis.call('HSET', KEYS[5], ARGV[1], cjson.encode(letter))
redis.call('HINCRBY', KEYS[6], 'failed', 1)
redis.call('HINCRBY', KEYS[6], 'failed:' .. ARGV[4], 1)
noteFailed(ARGV[1], letter)
noteEmpty(KEYS[1], KEYS[2], KEYS[4], KEYS[5])
return 'failed'
