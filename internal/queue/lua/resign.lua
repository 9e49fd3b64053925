-- resign: the caller no longer leads a sink, if it did.
--
-- KEYS  1 sinks
-- ARGV  1 sink  2 token of the caller
-- Returns 1, or 0 when it did not lead.
local lead = redis.call('HGET', KEYS[1], ARGV[1] .. ':lead')
if lead and cjson.decode(lead).token == ARGV[2] then return redis.call('HDEL', KEYS[1], ARGV[1] .. ':lead') end
return 0
