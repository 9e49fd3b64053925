-- counts: how many names are in each state, at one moment. A script and not a
-- transaction, because a full Redis refuses to queue even reads in a MULTI.
--
-- KEYS  1 list  2 inflight  3 delayed  4 failed  5 stats
-- Returns {waiting, in flight, delayed, failed, {counter, value, ...}}
return {
  redis.call('LLEN', KEYS[1]), redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3]),
  redis.call('HLEN', KEYS[4]), redis.call('HGETALL', KEYS[5]),
}
