-- queued: the names that wait, are in flight or wait for a retry, at one moment.
--
-- KEYS  1 list  2 inflight  3 delayed
-- Returns {waiting names, names in flight, delayed names}
return {
  redis.call('LRANGE', KEYS[1], 0, -1), redis.call('ZRANGE', KEYS[2], 0, -1), redis.call('ZRANGE', KEYS[3], 0, -1),
}
