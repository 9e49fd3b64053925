package queue

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	beginScript  = script("begin")
	takeScript   = script("take")
	settleScript = script("settle")
	refuseScript = script("refuse")
	resignScript = script("resign")
)

// Subscription is how one process reads the changes for a sink. Of several processes that do so
// for the same sink one leads at a time, and only that one is given changes: all that are not
// settled yet, in order. It is for one goroutine, except for Settle and Refuse.
type Subscription struct {
	queue *Queue
	sink  string
	token string
	old   string // the ID behind which it reads again what was read and not settled; "" when that is done
}

// Subscribe makes the subscription of a sink; it does not talk to Redis yet.
func (q *Queue) Subscribe(sink string) *Subscription {
	return &Subscription{queue: q, sink: sink, token: cryptorand.Text()}
}

// Begin has the sink be told of changes from now on or, with all, from the oldest one kept. A sink
// that has begun before goes on where it was.
func (s *Subscription) Begin(ctx context.Context, all bool) error {
	from := "$"
	if all {
		from = "0"
	}
	q := s.queue
	if err := beginScript.Run(ctx, q.rdb, []string{q.keys.changes, q.keys.sinks, q.keys.stats}, s.sink, from).Err(); err != nil {
		return fmt.Errorf("begin to read the changes for %s: %w", s.sink, err)
	}
	return nil
}

// Taken is what Take found.
type Taken struct {
	Leads   bool
	Changed bool // it leads since this call: what was taken before may go to others
	Changes []Change
	// Gone are IDs of changes that were read before, and removed by the stream's cap since.
	Gone []string
}

// Take returns the next changes, most at most, and leads for the length of the lease from now on,
// unless another process does. With most 0 it only extends the lease. It waits for nothing. When
// Redis has lost its data, it begins again with the oldest change. After an error with most over 0,
// it begins again with what is not settled, whether that was returned before or not.
func (s *Subscription) Take(ctx context.Context, lease time.Duration, most int) (t Taken, err error) {
	from := s.old
	if from == "" {
		from = ">"
	}
	q := s.queue
	got, err := takeScript.Run(ctx, q.rdb, []string{q.keys.changes, q.keys.sinks}, s.sink, s.token, lease.Milliseconds(), most, from).Slice()
	if redis.HasErrorPrefix(err, "NOGROUP") {
		return t, s.Begin(ctx, true)
	}
	if err != nil {
		if most > 0 {
			s.old = "0" // Redis may have given out changes in an answer that was lost
		}
		return t, fmt.Errorf("read the changes for %s: %w", s.sink, err)
	}
	leads := got[0].(int64)
	t.Leads, t.Changed = leads > 0, leads == 2
	if t.Changed {
		s.old = "0"
		return t, nil
	}
	if len(got) > 1 {
		t.Changes, t.Gone = entriesOf(got[1])
	}
	if s.old != "" && most > 0 && t.Leads {
		s.old = last(t, s.old)
	}
	return t, nil
}

// last is the ID behind which unsettled changes are read next; "" when there are no more.
func last(t Taken, before string) string {
	id := ""
	for _, c := range t.Changes {
		id = c.ID
	}
	for _, gone := range t.Gone {
		if id == "" || Later(gone, id) {
			id = gone
		}
	}
	if id == before {
		return ""
	}
	return id
}

// Later reports whether the entry of ID a was added after that of ID b.
func Later(a, b string) bool {
	at, bt := streamTime(a), streamTime(b)
	if !at.Equal(bt) {
		return at.After(bt)
	}
	return sequence(a) > sequence(b)
}

// entriesOf reads an answer of XREADGROUP for one stream.
func entriesOf(answer any) (changes []Change, gone []string) {
	streams, _ := answer.([]any)
	if len(streams) == 0 {
		return nil, nil
	}
	stream, _ := streams[0].([]any)
	if len(stream) != 2 {
		return nil, nil
	}
	entries, _ := stream[1].([]any)
	for _, e := range entries {
		entry, _ := e.([]any)
		if len(entry) == 0 {
			continue
		}
		id, _ := entry[0].(string)
		var values []any
		if len(entry) > 1 {
			values, _ = entry[1].([]any)
		}
		if len(values) == 0 {
			gone = append(gone, id)
			continue
		}
		fields := make(map[string]string, len(values)/2)
		for i := 0; i+1 < len(values); i += 2 {
			key, _ := values[i].(string)
			fields[key], _ = values[i+1].(string)
		}
		changes = append(changes, change(id, fields))
	}
	return changes, gone
}

// Settlement is why changes need not be delivered to a sink any more.
type Settlement string

// The reasons.
const (
	Delivered Settlement = "delivered"
	Lost      Settlement = "lost"
	NotWanted Settlement = ""
)

// Settle says that changes need not be delivered any more.
func (s *Subscription) Settle(ctx context.Context, why Settlement, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	args := []any{s.sink, string(why)}
	for _, id := range ids {
		args = append(args, id)
	}
	q := s.queue
	if err := settleScript.Run(ctx, q.rdb, []string{q.keys.changes, q.keys.sinks}, args...).Err(); err != nil {
		return fmt.Errorf("settle %d changes for %s: %w", len(ids), s.sink, err)
	}
	return nil
}

// Refuse says why a change could not be delivered. It returns true when it is given up because it
// is older than giveUp.
func (s *Subscription) Refuse(ctx context.Context, id, why string, giveUp time.Duration) (bool, error) {
	q := s.queue
	n, err := refuseScript.Run(ctx, q.rdb, []string{q.keys.changes, q.keys.sinks}, s.sink, id, cut(why), giveUp.Milliseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("note a failed delivery to %s: %w", s.sink, err)
	}
	return n == 1, nil
}

// Resign lets another process lead at once.
func (s *Subscription) Resign(ctx context.Context) error {
	err := resignScript.Run(ctx, s.queue.rdb, []string{s.queue.keys.sinks}, s.sink, s.token).Err()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("stop leading %s: %w", s.sink, err)
	}
	return nil
}
