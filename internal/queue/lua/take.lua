-- take: reads changes for a sink, if the caller leads it: one process does at a time, for as long
-- as its lease lasts. So nobody delivers a change of a name while another one has an earlier one.
--
-- KEYS  1 changes  2 sinks
-- ARGV  1 sink  2 token of the caller  3 lease in ms  4 most entries; 0 only extends the lease
--       5 '>' for new entries, or an ID: those behind it that were read and not settled
-- Returns {1 if it leads, 2 if it does since this call, otherwise 0; answer of XREADGROUP or nil}.
-- A caller that leads since this call gets nothing: it has to read what its predecessor left first.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local field = ARGV[1] .. ':lead'
local lead = redis.call('HGET', KEYS[2], field)
lead = lead and cjson.decode(lead)
local mine = lead and lead.token == ARGV[2]
if lead and not mine and now < lead.until_ms then return { 0, false } end
redis.call('HSET', KEYS[2], field, cjson.encode({ token = ARGV[2], until_ms = now + tonumber(ARGV[3]) }))
if not mine then return { 2, false } end
if ARGV[4] == '0' then return { 1, false } end

local read = redis.call('XREADGROUP', 'GROUP', ARGV[1], 'inspector', 'COUNT', ARGV[4], 'STREAMS', KEYS[1], ARGV[5])
if read and ARGV[5] == '>' then
  local function number(entry)
    for i = 1, #entry[2], 2 do
      if entry[2][i] == 'number' then return tonumber(entry[2][i + 1]) end
    end
  end
  local entries = read[1][2]
  local first, last = number(entries[1]), number(entries[#entries])
  local seen = tonumber(redis.call('HGET', KEYS[2], ARGV[1] .. ':seen') or nil)
  if seen and first and first > seen + 1 then
    redis.call('HINCRBY', KEYS[2], ARGV[1] .. ':lost', first - seen - 1)
  end
  if last then redis.call('HSET', KEYS[2], ARGV[1] .. ':seen', last) end
end
return { 1, read }
