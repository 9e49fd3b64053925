package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// How an attempt ended.
const (
	AttemptDone  = "done"  // its result was published
	AttemptError = "error" // it failed
	AttemptCrash = "crash" // its worker died
)

// Attempt is one try of a name that has ended.
type Attempt struct {
	Name    string    `json:"name"`
	Outcome string    `json:"outcome"` // an Attempt… constant
	At      time.Time `json:"at"`      // when it ended, by Redis' clock
	Seconds float64   `json:"seconds"` // how long it took
	Worker  string    `json:"worker"`
	Rows    int64     `json:"rows"`
	Bytes   int64     `json:"bytes"`
	Reason  string    `json:"reason,omitempty"` // of an error or a crash
	Kind    string    `json:"kind,omitempty"`   // of an error: a Kind… constant
	Found   string    `json:"found,omitempty"`  // how the file was found to be written; "" when plain
	Cause   string    `json:"cause,omitempty"`  // why it was tried, where that is special: CauseSettings
}

// CauseSettings is the cause of an attempt on a dead letter that was tried again by itself because
// the settings had changed.
const CauseSettings = "settings"

// Cursor is a place in the streams of attempts; zero is their beginning.
type Cursor struct{ completed, attempts string }

// Attempts returns the attempts that ended after the cursor, the earliest first, about
// n of each kind at most, and the next cursor. The streams are capped: Redis removes
// old entries.
func (q *Queue) Attempts(ctx context.Context, after Cursor, n int64) ([]Attempt, Cursor, error) {
	pipe := q.rdb.Pipeline()
	from := func(id string) string { return "(" + cmp.Or(id, "0") }
	done := pipe.XRangeN(ctx, q.keys.completed, from(after.completed), "+", n)
	failed := pipe.XRangeN(ctx, q.keys.attempts, from(after.attempts), "+", n)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, after, fmt.Errorf("read what ended: %w", err)
	}
	var ended []Attempt
	// Within one millisecond the tries that failed come first: a name is tried until it is done.
	for _, m := range failed.Val() {
		ended = append(ended, attempt(m))
		after.attempts = m.ID
	}
	for _, m := range done.Val() {
		a := attempt(m)
		a.Outcome = AttemptDone
		ended = append(ended, a)
		after.completed = m.ID
	}
	slices.SortStableFunc(ended, func(a, b Attempt) int { return a.At.Compare(b.At) })
	return ended, after, nil
}

func attempt(m redis.XMessage) Attempt {
	text := func(field string) string { s, _ := m.Values[field].(string); return s }
	number := func(field string) int64 { n, _ := strconv.ParseInt(text(field), 10, 64); return n }
	a := Attempt{Name: text("name"), Outcome: text("outcome"), At: streamTime(m.ID), Worker: text("worker"),
		Rows: number("rows"), Bytes: number("bytes"), Reason: text("reason"), Kind: text("kind"),
		Found: text("found"), Cause: text("cause")}
	if claimed := number("claimed"); claimed > 0 {
		a.Seconds = max(0, a.At.Sub(time.UnixMilli(claimed)).Seconds())
	} else {
		a.Seconds, _ = strconv.ParseFloat(text("seconds"), 64)
	}
	return a
}

// Standing is where a name is in the queue. The list of waiting names has no index,
// so a name that is in none of these states may wait, be done, or be unknown.
type Standing struct {
	InFlight bool
	Delayed  time.Time   // when its next try is due; zero: it is not delayed
	Failed   *DeadLetter // nil: it is no dead letter
}

// Standings returns where each of the names is.
func (q *Queue) Standings(ctx context.Context, names []string) ([]Standing, error) {
	if len(names) == 0 {
		return nil, nil
	}
	pipe := q.rdb.Pipeline()
	inflight := make([]*redis.FloatCmd, len(names))
	delayed := make([]*redis.FloatCmd, len(names))
	for i, name := range names {
		inflight[i] = pipe.ZScore(ctx, q.keys.inflight, name)
		delayed[i] = pipe.ZScore(ctx, q.keys.delayed, name)
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("ask where %d names are: %w", len(names), err)
	}
	failed, err := q.LettersOf(ctx, names)
	if err != nil {
		return nil, err
	}
	all := make([]Standing, len(names))
	for i := range all {
		all[i].InFlight = inflight[i].Err() == nil
		if due, err := delayed[i].Result(); err == nil {
			all[i].Delayed = time.UnixMilli(int64(due)).UTC()
		}
		all[i].Failed = failed[i]
	}
	return all, nil
}

func parseLetter(name, text string) (DeadLetter, error) {
	var r letterRecord
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return DeadLetter{}, fmt.Errorf("the dead letter of %q is not readable: %w", name, err)
	}
	r.DeadLetter.Name, r.DeadLetter.At = name, time.UnixMilli(r.At).UTC()
	r.tried, r.TriedAgain = r.Tried, r.Tried != ""
	if r.Began > 0 {
		r.began = time.UnixMilli(r.Began).UTC()
	}
	return r.DeadLetter, nil
}

// InState lists the names that are in flight, delayed or failed, and no others. Another state is an
// error.
func (q *Queue) InState(ctx context.Context, state State) ([]string, error) {
	var names []string
	var err error
	switch state {
	case Delayed:
		names, err = q.rdb.ZRange(ctx, q.keys.delayed, 0, -1).Result()
	case Failed:
		names, err = q.rdb.HKeys(ctx, q.keys.failed).Result()
	case InFlightState:
		names, err = q.rdb.ZRange(ctx, q.keys.inflight, 0, -1).Result()
	default:
		return nil, fmt.Errorf("list the names that are %q: expected %s, %s or %s", state, InFlightState, Delayed, Failed)
	}
	if err != nil {
		return nil, fmt.Errorf("list the names that are %s: %w", state, err)
	}
	return names, nil
}

// Drop removes dead letters, each only if it is still the one that was seen, and returns
// how many it removed. Name and Version identify them.
func (q *Queue) Drop(ctx context.Context, letters ...DeadLetter) (int, error) {
	dropped := 0
	for batch := range slices.Chunk(letters, offerBatch) {
		args := make([]any, 0, 2*len(batch))
		for _, l := range batch {
			args = append(args, l.Name, l.Version)
		}
		n, err := q.note(ctx, dropScript, []string{q.keys.failed, q.keys.claims}, args...).Int()
		if err != nil {
			return dropped, fmt.Errorf("drop %d dead letters: %w", len(batch), err)
		}
		dropped += n
	}
	return dropped, nil
}
