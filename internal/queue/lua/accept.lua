-- accept: makes names wait and drops the store's message that they are from.
--
-- KEYS  1 list  2 events
-- ARGV  1 message  2... names
-- Returns 1, or 0 when somebody else has accepted the message.
--
-- The first write frees memory: a message takes more of Redis than its names, so a
-- Redis that is full of messages is emptied.
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 0 then return 0 end
for i = 2, #ARGV do redis.call('LPUSH', KEYS[1], ARGV[i]) end
return 1
