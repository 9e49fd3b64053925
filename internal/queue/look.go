package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Counts are how many names are in each state, and the counters that only grow.
type Counts struct {
	Waiting, InFlight, Delayed, Failed int64
	// Totals since Redis began: claimed, completed, failed, failed:KIND, retried,
	// crashed, released, repeated (failed, but pushed again meanwhile), changes (told of, see
	// Change), refused (ended
	// with an outdated token), merged (pushed while in flight), offered, rows, bytes,
	// busy_us (time spent, in µs). Each claim that ended is in exactly one more counter:
	// claimed - in flight = completed + failed - failed:poison + retried + released +
	// crashed + repeated.
	Totals map[string]int64
}

// Counts returns all counts of one moment.
func (q *Queue) Counts(ctx context.Context) (Counts, error) {
	got, err := countsScript.Run(ctx, q.rdb, []string{q.keys.list, q.keys.inflight, q.keys.delayed, q.keys.failed, q.keys.stats}).Slice()
	if err != nil {
		return Counts{}, fmt.Errorf("count the queue: %w", err)
	}
	c := Counts{got[0].(int64), got[1].(int64), got[2].(int64), got[3].(int64), map[string]int64{}}
	for pair := range slices.Chunk(got[4].([]any), 2) {
		n, err := strconv.ParseInt(pair[1].(string), 10, 64)
		if err != nil {
			return Counts{}, fmt.Errorf("the counter %s of %q holds %q, not a number", pair[0], q.keys.stats, pair[1])
		}
		c.Totals[pair[0].(string)] = n
	}
	return c, nil
}

// Depth returns how many names wait.
func (q *Queue) Depth(ctx context.Context) (int64, error) {
	n, err := q.rdb.LLen(ctx, q.keys.list).Result()
	if err != nil {
		return 0, fmt.Errorf("ask how many wait: %w", err)
	}
	return n, nil
}

// Queued returns the names that wait, are in flight or wait for a retry, all at
// one moment.
func (q *Queue) Queued(ctx context.Context) (map[string]struct{}, error) {
	states, err := queuedScript.Run(ctx, q.rdb, []string{q.keys.list, q.keys.inflight, q.keys.delayed}).Slice()
	if err != nil {
		return nil, fmt.Errorf("list the queued names: %w", err)
	}
	names := make(map[string]struct{})
	for _, state := range states {
		for _, name := range state.([]any) {
			names[name.(string)] = struct{}{}
		}
	}
	return names, nil
}

// Lease is a claim as others see it.
type Lease struct {
	Name     string    `json:"name"`
	Worker   string    `json:"worker"`
	Claimed  time.Time `json:"claimed"`
	Deadline time.Time `json:"deadline"` // by Redis' clock, as Claimed
	Attempt  int64     `json:"attempt"`  // 1 is the first
	Bytes    int64     `json:"bytes"`    // read so far, when last renewed
	Rows     int64     `json:"rows"`
}

type claimRecord struct {
	Worker  string `json:"worker"`
	Claimed int64  `json:"claimed"`
	Errors  int64  `json:"errors"`
	Crashes int64  `json:"crashes"`
	Bytes   int64  `json:"bytes"`
	Rows    int64  `json:"rows"`
}

// InFlight lists the claims, the one whose lease ends first in front.
func (q *Queue) InFlight(ctx context.Context) ([]Lease, error) {
	held, err := q.rdb.ZRangeWithScores(ctx, q.keys.inflight, 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("list what is in flight: %w", err)
	}
	if len(held) == 0 {
		return nil, nil
	}
	names := make([]string, len(held))
	for i, z := range held {
		names[i] = z.Member.(string)
	}
	records, err := q.rdb.HMGet(ctx, q.keys.claims, names...).Result()
	if err != nil {
		return nil, fmt.Errorf("read the claims: %w", err)
	}
	leases := make([]Lease, 0, len(held))
	for i, z := range held {
		var r claimRecord
		text, ok := records[i].(string)
		if !ok {
			continue // it ended between the two commands
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return nil, fmt.Errorf("the claim on %q is not readable: %w", names[i], err)
		}
		leases = append(leases, Lease{names[i], r.Worker, time.UnixMilli(r.Claimed).UTC(), time.UnixMilli(int64(z.Score)).UTC(),
			r.Errors + r.Crashes + 1, r.Bytes, r.Rows})
	}
	return leases, nil
}

// DeadLetter is a name that failed and is not retried automatically, and why.
type DeadLetter struct {
	Name    string    `json:"name"`
	Reason  string    `json:"reason"`
	Kind    string    `json:"kind"` // a Kind… constant
	Errors  int64     `json:"errors"`
	Crashes int64     `json:"crashes"`
	At      time.Time `json:"at"`
	Worker  string    `json:"worker"`
	Version string    `json:"version"` // of the input that failed
	// Settings is a fingerprint of the settings that it failed under; "" where no others help.
	Settings string `json:"settings,omitempty"`
	// TriedAgain: it was tried again by itself because the settings changed, and failed again.
	TriedAgain bool `json:"triedAgain,omitempty"`
	Place

	began time.Time // when it was first taken of the tries that failed; zero where an earlier version wrote it
	tried string    // the settings that it was tried under, each with a blank behind it
}

// Overtaken reports whether a result that was published then is newer than the first of the tries that
// failed: one of them made it after all.
func (l DeadLetter) Overtaken(published time.Time) bool {
	return !published.Before(cmp.Or(l.began, l.At))
}

type letterRecord struct {
	DeadLetter
	At    int64  `json:"at"`
	Began int64  `json:"began"`
	Tried string `json:"tried"`
}

// DeadLetters lists what failed, the latest first.
func (q *Queue) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	var letters []DeadLetter
	if err := q.EachDeadLetter(ctx, func(l DeadLetter) error {
		letters = append(letters, l)
		return nil
	}); err != nil {
		return nil, err
	}
	slices.SortFunc(letters, func(a, b DeadLetter) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Name, b.Name))
	})
	return letters, nil
}

// Withdraw removes dead letters, each unless its name failed again meanwhile, and
// returns how many it removed.
func (q *Queue) Withdraw(ctx context.Context, letters []DeadLetter) (int, error) {
	removed := 0
	for batch := range slices.Chunk(letters, tidyBatch) {
		args := make([]any, 0, 2*len(batch))
		for _, l := range batch {
			args = append(args, l.Name, l.At.UnixMilli())
		}
		n, err := q.note(ctx, withdrawScript, []string{q.keys.failed}, args...).Int()
		if err != nil {
			return removed, fmt.Errorf("withdraw %d dead letters: %w", len(batch), err)
		}
		removed += n
	}
	return removed, nil
}

// Completion is one finished name.
type Completion struct {
	Name     string    `json:"name"`
	At       time.Time `json:"at"`
	Rows     int64     `json:"rows"`
	Bytes    int64     `json:"bytes"`
	Seconds  float64   `json:"seconds"`
	Worker   string    `json:"worker"`
	Checksum string    `json:"checksum"` // of the result
}

// Completed lists what finished last, the latest first, n at most.
func (q *Queue) Completed(ctx context.Context, n int64) ([]Completion, error) {
	entries, err := q.rdb.XRevRangeN(ctx, q.keys.completed, "+", "-", n).Result()
	if err != nil {
		return nil, fmt.Errorf("list what completed: %w", err)
	}
	done := make([]Completion, len(entries))
	for i, e := range entries {
		text := func(field string) string { s, _ := e.Values[field].(string); return s }
		c := Completion{Name: text("name"), Worker: text("worker"), Checksum: text("checksum")}
		c.At = streamTime(e.ID)
		c.Rows, _ = strconv.ParseInt(text("rows"), 10, 64)
		c.Bytes, _ = strconv.ParseInt(text("bytes"), 10, 64)
		c.Seconds, _ = strconv.ParseFloat(text("seconds"), 64)
		done[i] = c
	}
	return done, nil
}

// streamTime is when a stream entry was made: its ID is "milliseconds-sequence".
func streamTime(id string) time.Time {
	before, _, _ := strings.Cut(id, "-")
	ms, _ := strconv.ParseInt(before, 10, 64)
	return time.UnixMilli(ms).UTC()
}

// sequence is the second part of the ID of a stream entry.
func sequence(id string) int64 {
	_, behind, _ := strings.Cut(id, "-")
	n, _ := strconv.ParseInt(behind, 10, 64)
	return n
}
