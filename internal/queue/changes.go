package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Types of changes. They are part of the contract of docs/events.md: a new version of one is a new type.
const (
	TypeDone    = "io.github.csv-pipeline.result.done.v1"  // a result was published
	TypeFailed  = "io.github.csv-pipeline.file.failed.v1"  // a dead letter was made
	TypeRetried = "io.github.csv-pipeline.file.retried.v1" // a dead letter waits again
	TypeDropped = "io.github.csv-pipeline.file.dropped.v1" // a dead letter was removed
	TypeEmpty   = "io.github.csv-pipeline.queue.empty.v1"  // nothing waits, is in flight or waits for a retry any more
	TypeStuck   = "io.github.csv-pipeline.queue.stuck.v1"  // names have waited for long, and no worker takes one
)

// Change is an entry of the stream of changes. The script that changes a state adds it, so there
// is one for just what happened, and those of a name are in order. The stream is capped.
type Change struct {
	ID     string            // of the stream's entry: ms-sequence, by Redis' clock
	Type   string            // a Type… constant
	Name   string            // "" when it is about no name
	Fields map[string]string // all fields of the entry
}

// At is when it happened, by Redis' clock.
func (c Change) At() time.Time { return streamTime(c.ID) }

// Redis is the client that the queue uses, for keys that are not the queue's.
func (q *Queue) Redis() redis.UniversalClient { return q.rdb }

// List is the key of the list.
func (q *Queue) List() string { return q.keys.list }

// LastChange reports where the stream ends: the ID of the last change, "0" when there was none.
func (q *Queue) LastChange(ctx context.Context) (string, error) {
	last, err := q.rdb.XRevRangeN(ctx, q.keys.changes, "+", "-", 1).Result()
	if err != nil {
		return "", fmt.Errorf("ask for the last change: %w", err)
	}
	if len(last) == 0 {
		return "0", nil
	}
	return last[0].ID, nil
}

// Changes returns the changes behind an ID, n at most, the oldest first. With wait it waits up to
// that long, at least a millisecond, for the first one.
func (q *Queue) Changes(ctx context.Context, after string, n int64, wait time.Duration) ([]Change, error) {
	streams, err := q.rdb.XRead(ctx, &redis.XReadArgs{Streams: []string{q.keys.changes, after}, Count: n, Block: blocking(wait)}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the changes: %w", err)
	}
	var all []Change
	for _, s := range streams {
		for _, m := range s.Messages {
			fields := make(map[string]string, len(m.Values))
			for key, value := range m.Values {
				fields[key], _ = value.(string)
			}
			all = append(all, change(m.ID, fields))
		}
	}
	return all, nil
}

// blocking is the argument of XREAD: negative, it does not wait; 0 would wait for ever.
func blocking(wait time.Duration) time.Duration {
	if wait <= 0 {
		return -1
	}
	return max(wait, time.Millisecond)
}

func change(id string, fields map[string]string) Change {
	return Change{ID: id, Type: fields["type"], Name: fields["name"], Fields: fields}
}

var watchScript = noting("watch")

// TellStuck adds a change when names have waited for so long and no worker took one: one change
// each time, however many call it, as they should every few seconds.
func (q *Queue) TellStuck(ctx context.Context, after time.Duration) error {
	err := q.note(ctx, watchScript, []string{q.keys.list, q.keys.inflight, q.keys.shared}, after.Milliseconds()).Err()
	if err != nil {
		return fmt.Errorf("look whether the queue is stuck: %w", err)
	}
	return nil
}

// SinkState is how far a sink has been told.
type SinkState struct {
	Lag         int64     // changes that are not settled
	Oldest      time.Time // of the oldest that was read and is not settled; zero when there is none
	Delivered   int64
	DeliveredAt time.Time // of the last; zero: none
	Refused     int64     // deliveries that failed
	Error       string    // of the last that failed
	ErrorAt     time.Time
	GivenUp     int64 // changes that were not delivered for too long
	Lost        int64 // changes that the cap of the stream removed before they were read
}

// SinkStates returns how far each of these sinks has been told; one that has not begun has a zero state.
func (q *Queue) SinkStates(ctx context.Context, names []string) ([]SinkState, error) {
	pipe := q.rdb.Pipeline()
	sinks := pipe.HGetAll(ctx, q.keys.sinks)
	made := pipe.HGet(ctx, q.keys.stats, "changes")
	pending := make([]*redis.XPendingCmd, len(names))
	for i, name := range names {
		pending[i] = pipe.XPending(ctx, q.keys.changes, name)
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	if err := errors.Join(sinks.Err(), notNil(made.Err())); err != nil {
		return nil, fmt.Errorf("ask how far sinks are: %w", err)
	}
	total, _ := made.Int64()
	states := make([]SinkState, len(names))
	for i, name := range names {
		number := func(field string) int64 {
			n, _ := strconv.ParseInt(sinks.Val()[name+":"+field], 10, 64)
			return n
		}
		at := func(field string) time.Time {
			if ms := number(field); ms > 0 {
				return time.UnixMilli(ms).UTC()
			}
			return time.Time{}
		}
		s := SinkState{Delivered: number("delivered"), DeliveredAt: at("delivered_at"), Refused: number("refused"),
			Error: sinks.Val()[name+":error"], ErrorAt: at("error_at"), GivenUp: number("given_up"), Lost: number("lost")}
		if p, err := pending[i].Result(); err == nil {
			s.Lag = max(0, total-number("seen")) + p.Count
			if p.Count > 0 {
				s.Oldest = streamTime(p.Lower)
			}
		}
		states[i] = s
	}
	return states, nil
}

func notNil(err error) error {
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}
