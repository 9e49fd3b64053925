-- note: tells of changes on the stream of changes. This is in front of each script that does so.
-- Such a script has two more KEYS, stats and changes, and one more ARGV: the entries kept. They
-- are taken away here.
--
-- What happens and what is told of it is one step: there is an entry for just what happened, and
-- the entries of a name are in the order in which it did. Number counts all entries ever made, so
-- a reader sees how many were removed before it came to them.
local notes = { changes = table.remove(KEYS), kept = table.remove(ARGV) }
notes.stats = table.remove(KEYS)

-- note tells of one change; fields and values follow its kind.
local function note(kind, ...)
  redis.call('XADD', notes.changes, 'MAXLEN', '~', notes.kept, '*',
    'type', 'io.github.csv-pipeline.' .. kind .. '.v1', 'number', redis.call('HINCRBY', notes.stats, 'changes', 1), ...)
end

-- noteFailed tells of a dead letter that was made.
local function noteFailed(name, letter)
  note('file.failed', 'name', name, 'reason', letter.reason, 'kind', letter.kind, 'errors', letter.errors,
    'crashes', letter.crashes, 'worker', letter.worker, 'version', letter.version, 'line', letter.line or 0,
    'column', letter.column or '', 'field', letter.field or '')
end

-- noteEmpty tells of it when nothing waits, is in flight or waits for a retry any more.
local function noteEmpty(list, inflight, delayed, failed)
  if redis.call('ZCARD', inflight) == 0 and redis.call('LLEN', list) == 0 and redis.call('ZCARD', delayed) == 0 then
    note('queue.empty', 'failed', redis.call('HLEN', failed))
  end
end
