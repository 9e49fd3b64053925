-- renew: extends a lease and notes how far the work has come.
--
-- KEYS  1 inflight  2 claims
-- ARGV  1 name  2 token  3 lease in ms  4 bytes so far  5 rows so far
--       6 version of the input, '' when not known
-- Returns 1, or 0 when the claim is no longer this worker's.
--
-- The first write frees memory: a living worker keeps its lease while Redis may
-- not grow.
local record = redis.call('HGET', KEYS[2], ARGV[1])
record = record and cjson.decode(record)
if not record or record.token ~= ARGV[2] then return 0 end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
record.bytes, record.rows = tonumber(ARGV[4]), tonumber(ARGV[5])
if ARGV[6] ~= '' then record.version = ARGV[6] end
redis.call('HSET', KEYS[2], ARGV[1], cjson.encode(record))
return 1
