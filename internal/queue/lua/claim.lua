-- claim: takes the next name and leases it to a worker.
--
-- KEYS  1 list  2 inflight  3 claims  4 delayed  5 failed  6 stats, those of note
-- ARGV  1 lease in ms  2 worker  3 longest name in bytes  4 token of the claim
--       5 'again' when the answer to an earlier call with this token was lost: what
--         that call claimed, if it did, is returned again. 'only' does no more
--         than that. Otherwise '', that of note
-- Returns {name, errors, crashes, postponements, the settings that it is tried
-- again under or ''}; {} when it only cleared
-- messages away and should be called again; nil when nothing waits.
--
-- The first write frees memory. Redis checks only a script's first write against
-- maxmemory and failing persistence: so a full Redis lets the workers empty it,
-- and one that cannot persist refuses the claim before it began.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function claimed(name, record)
  return { name, record.errors, record.crashes, record.postponed or 0, record.mend and record.mend.settings or '' }
end

if ARGV[5] ~= '' then
  for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    local record = redis.call('HGET', KEYS[3], name)
    record = record and cjson.decode(record)
    if record and record.token == ARGV[4] then
      redis.call('ZREM', KEYS[2], name)
      redis.call('ZADD', KEYS[2], now + tonumber(ARGV[1]), name)
      return claimed(name, record)
    end
  end
  if ARGV[5] == 'only' then return nil end
end

for cleared = 0, 99 do
  local name = redis.call('RPOP', KEYS[1])
  if not name then
    if cleared > 0 then noteEmpty(KEYS[1], KEYS[2], KEYS[4], KEYS[5]) end
    return nil
  end

  if #name > tonumber(ARGV[3]) then
    local short = string.sub(name, 1, 64) .. '...' .. redis.sha1hex(name)
    local letter = { reason = 'a message of ' .. #name .. ' bytes: a name has at most ' .. ARGV[3],
      kind = 'name', errors = 1, crashes = 0, at = now, worker = ARGV[2], version = '' }
    redis.call('HSET', KEYS[5], short, cjson.encode(letter))
    noteFailed(short, letter)
    redis.call('HINCRBY', KEYS[6], 'claimed', 1)
    redis.call('HINCRBY', KEYS[6], 'failed', 1)
    redis.call('HINCRBY', KEYS[6], 'failed:name', 1)
  else
    local record = redis.call('HGET', KEYS[3], name)
    record = record and cjson.decode(record) or { errors = 0, crashes = 0 }
    if redis.call('ZADD', KEYS[2], 'NX', now + tonumber(ARGV[1]), name) == 0 then
      -- Pushed again while a worker has it: processed once more when that ends.
      record.again = true
      redis.call('HSET', KEYS[3], name, cjson.encode(record))
      redis.call('HINCRBY', KEYS[6], 'merged', 1)
    else
      redis.call('ZREM', KEYS[4], name)
      if redis.call('HDEL', KEYS[5], name) == 1 then note('file.retried', 'name', name, 'cause', 'pushed') end
      record.token, record.worker, record.claimed, record.began = ARGV[4], ARGV[2], now, record.began or now
      record.bytes, record.rows, record.version, record.reason = nil, nil, nil, nil
      redis.call('HSET', KEYS[3], name, cjson.encode(record))
      redis.call('HINCRBY', KEYS[6], 'claimed', 1)
      return claimed(name, record)
    end
  end
end
return {}
