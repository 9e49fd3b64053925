package queue

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

var enqueueScript = noting("enqueue")

// Enqueued is what Enqueue did.
type Enqueued struct {
	Queued      int // names it made wait
	DeadLetters int // how many of them were dead letters
}

// Enqueue makes names wait, dead letters too, which get all their tries again. With
// again it also takes names that wait for a retry, and names in flight, which are then
// processed once more afterwards; without it those stay as they are. It cannot see which
// names wait already, as the list has no index: call Waiting first. After an error it
// returns what was done before.
func (q *Queue) Enqueue(ctx context.Context, names []string, again bool) (Enqueued, error) {
	var sum Enqueued
	for batch := range slices.Chunk(names, offerBatch) {
		args := make([]any, 1, 1+len(batch))
		args[0] = "0"
		if again {
			args[0] = "1"
		}
		for _, name := range batch {
			args = append(args, name)
		}
		did, err := q.note(ctx, enqueueScript, []string{q.keys.list, q.keys.inflight, q.keys.claims, q.keys.delayed, q.keys.failed}, args...).Int64Slice()
		if err != nil {
			return sum, fmt.Errorf("queue %d names: %w", len(batch), err)
		}
		sum.Queued += int(did[0])
		sum.DeadLetters += int(did[1])
	}
	return sum, nil
}

// waitingPage is how many names are asked for at once.
const waitingPage = 10_000

// Waiting yields the names that wait, the latest first. They are read a page at
// a time, so a name that moves meanwhile may be left out or come twice. It ends after an
// error.
func (q *Queue) Waiting(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for first := int64(0); ; first += waitingPage {
			names, err := q.rdb.LRange(ctx, q.keys.list, first, first+waitingPage-1).Result()
			if err != nil {
				yield("", fmt.Errorf("list the waiting names: %w", err))
				return
			}
			for _, name := range names {
				if !yield(name, nil) {
					return
				}
			}
			if len(names) < waitingPage {
				return
			}
		}
	}
}
