-- tidy: due retries and expired leases go back to the list; a name whose workers
-- died too often becomes a dead letter. Doing it twice at once is harmless.
--
-- KEYS  1 list  2 inflight  3 claims  4 delayed  5 failed  6 stats  7 attempts, those of note
-- ARGV  1 crashes that make a name poison  2 most names to move in one call
--       3 entries of the attempts kept, that of note
-- Returns {due retries, names reclaimed, names found to be poison}
--
-- Each move takes away before it adds. Redis checks only a script's first write
-- against maxmemory and failing persistence: so names come back to the workers of
-- a full Redis, who empty it, and one that cannot persist refuses the call before
-- it began.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local due = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now, 'LIMIT', 0, ARGV[2])
for _, name in ipairs(due) do
  redis.call('ZREM', KEYS[4], name)
  redis.call('RPUSH', KEYS[1], name)
end

local reclaimed, poison = 0, 0
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local record = redis.call('HGET', KEYS[3], name)
  record = record and cjson.decode(record) or { errors = 0, crashes = 0 }
  local crashes = record.crashes + 1
  redis.call('ZREM', KEYS[2], name)
  if crashes < tonumber(ARGV[1]) then
    redis.call('RPUSH', KEYS[1], name)
    redis.call('HSET', KEYS[3], name, cjson.encode({ errors = record.errors, crashes = crashes, began = record.began, mend = record.mend }))
    reclaimed = reclaimed + 1
  elseif record.again then
    -- Pushed again while the last of its workers had it: that push asks for fresh tries.
    redis.call('HDEL', KEYS[3], name)
    redis.call('LPUSH', KEYS[1], name)
    reclaimed = reclaimed + 1
  else
    redis.call('HDEL', KEYS[3], name)
    local letter = {
      reason = 'its worker died ' .. crashes .. ' times without finishing it, the last one was ' .. (record.worker or 'unknown'),
      kind = 'poison', errors = record.errors, crashes = crashes, at = now, began = record.began, worker = record.worker or '',
      version = record.version or '' }
    redis.call('HSET', KEYS[5], name, cjson.encode(letter))
    noteFailed(name, letter)
    redis.call('HINCRBY', KEYS[6], 'failed', 1)
    redis.call('HINCRBY', KEYS[6], 'failed:poison', 1)
    poison = poison + 1
  end
  redis.call('HINCRBY', KEYS[6], 'crashed', 1)
  local entry = { 'name', name, 'outcome', 'crash', 'reason', 'the lease ran out', 'kind', '',
    'worker', record.worker or '', 'claimed', record.claimed or now, 'bytes', record.bytes or 0, 'rows', record.rows or 0 }
  if record.mend then
    entry[#entry + 1] = 'cause'
    entry[#entry + 1] = 'settings'
  end
  redis.call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[3], '*', unpack(entry))
end
if poison > 0 then noteEmpty(KEYS[1], KEYS[2], KEYS[4], KEYS[5]) end
return { #due, reclaimed, poison }
