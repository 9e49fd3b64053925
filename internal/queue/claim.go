package queue

import (
	"context"
	cryptorand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Claim is a name that this worker holds until it ends the claim or loses the lease.
type Claim struct {
	Name    string
	Errors  int64 // tries that failed before
	Crashes int64 // workers that died over it before
	// Postponed is how many tries did not count.
	Postponed int64
	// Settings are those that a dead letter is tried again under, as it failed under others; ""
	// when the name waited for another reason.
	Settings string

	token string
	queue *Queue
}

// Claim takes the next name for the worker. It returns ErrEmpty when nothing waits.
// When the answer of Redis was lost, a name may have been taken all the same: the
// next call for this worker returns that name.
func (q *Queue) Claim(ctx context.Context, worker string) (*Claim, error) {
	for {
		call := q.claimCall(worker)
		c, err := q.claimed(call, q.note(ctx, claimScript, call.keys, call.args()...))
		if c != nil || err != nil {
			return c, err
		}
	}
}

// Recover returns the name that the worker's last call took, if the answer to that
// call was lost, and takes no new one: a worker calls it before it ends. It returns
// ErrEmpty when there is no such name.
func (q *Queue) Recover(ctx context.Context, worker string) (*Claim, error) {
	call := q.claimCall(worker)
	if call.mode == takeNew {
		return nil, ErrEmpty
	}
	call.mode = takeOnlyLost
	return q.claimed(call, q.note(ctx, claimScript, call.keys, call.args()...))
}

// claimCall is a call of the claim script.
type claimCall struct {
	keys   []string
	lease  time.Duration
	worker string
	token  string
	mode   string
}

// What a call of the claim script takes.
const (
	takeNew      = ""
	takeLost     = "again" // what an earlier call took whose answer was lost, otherwise a new name
	takeOnlyLost = "only"
)

func (q *Queue) claimCall(worker string) claimCall {
	call := claimCall{lease: q.opts.Lease, worker: worker, mode: takeNew,
		keys: []string{q.keys.list, q.keys.inflight, q.keys.claims, q.keys.delayed, q.keys.failed, q.keys.stats}}
	if token, lost := q.unanswered.Load(worker); lost {
		call.token, call.mode = token.(string), takeLost
	} else {
		call.token = cryptorand.Text()
	}
	return call
}

func (c *claimCall) args() []any {
	return []any{c.lease.Milliseconds(), c.worker, maxName, c.token, c.mode}
}

// claimed reads the answer to a call; nil and no error when it is to be repeated.
func (q *Queue) claimed(call claimCall, cmd *redis.Cmd) (*Claim, error) {
	got, err := cmd.Slice()
	var answer redis.Error
	if err != nil && !errors.As(err, &answer) {
		q.unanswered.Store(call.worker, call.token)
		return nil, fmt.Errorf("claim a name: %w", err)
	}
	switch {
	case errors.Is(err, redis.Nil):
		err = ErrEmpty
	case err != nil: // the script did not run: whether a name was taken is still unknown
		return nil, fmt.Errorf("claim a name: %w", err)
	}
	q.unanswered.Delete(call.worker)
	if len(got) == 0 {
		return nil, err
	}
	return &Claim{Name: got[0].(string), Errors: got[1].(int64), Crashes: got[2].(int64), Postponed: got[3].(int64), Settings: got[4].(string),
		token: call.token, queue: q}, nil
}

// CompleteAndClaim is Complete and then Claim in one round trip. The error is that
// of Complete; there may be a next claim even if that is ErrLost. A nil claim means
// that nothing waits or that no name could be taken just now: Claim returns which.
func (c *Claim) CompleteAndClaim(ctx context.Context, o Outcome, worker string) (next *Claim, err error) {
	q := c.queue
	pipe := q.rdb.Pipeline()
	keys, args := q.tell(c.completeCall(o))
	completed := completeScript.EvalSha(ctx, pipe, keys, args...)
	call := q.claimCall(worker)
	keys, args = q.tell(call.keys, call.args())
	claimed := claimScript.EvalSha(ctx, pipe, keys, args...)
	_, _ = pipe.Exec(ctx) // each command has its own error
	if err = c.held(completed, "complete"); redis.HasErrorPrefix(err, "NOSCRIPT") {
		err = c.Complete(ctx, o)
	}
	next, _ = q.claimed(call, claimed)
	if next != nil && err != nil && !errors.Is(err, ErrLost) {
		// The worker has to end this claim once more first: its next call returns the new one.
		q.unanswered.Store(worker, next.token)
		next = nil
	}
	return next, err
}

// Progress is how far the work on a claim has come.
type Progress struct {
	Bytes, Rows int64
	// Version of the input, "" when not known. If workers die over the name too
	// often, its dead letter names this version.
	Version string
}

// Renew extends the lease. It returns ErrLost when the name went to another worker.
func (c *Claim) Renew(ctx context.Context, p Progress) error {
	q := c.queue
	return c.held(renewScript.Run(ctx, q.rdb, []string{q.keys.inflight, q.keys.claims},
		c.Name, c.token, q.opts.Lease.Milliseconds(), p.Bytes, p.Rows, p.Version), "renew the lease of")
}

// Hold renews the lease three times per lease period until stop is called. The
// context it returns is cancelled, with ErrLost as its cause, when the claim is
// lost. While Redis cannot be reached the work goes on: to finish it does no harm.
func (c *Claim) Hold(ctx context.Context, progress func() Progress) (held context.Context, stop func()) {
	held, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	var stopped atomic.Bool
	go func() {
		defer close(done)
		tick := time.NewTicker(c.queue.opts.Lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-tick.C:
				if err := c.Renew(held, progress()); errors.Is(err, ErrLost) {
					cancel(ErrLost)
				}
			}
		}
	}()
	return held, func() {
		if stopped.CompareAndSwap(false, true) {
			cancel(context.Canceled)
			<-done
		}
	}
}

// Outcome is what completing a claim reports.
type Outcome struct {
	Rows, Bytes int64 // of the input
	Took        time.Duration
	Checksum    string // of the result
	Result      string // name of the result, for those who are told of it
	Found       string // how the input was found to be written; "" when plain. Cut as a Reason
}

// Complete ends a claim whose result is published. It returns ErrLost, and changes
// nothing, when another worker has the name now.
func (c *Claim) Complete(ctx context.Context, o Outcome) error {
	keys, args := c.completeCall(o)
	return c.held(c.queue.note(ctx, completeScript, keys, args...), "complete")
}

func (c *Claim) completeCall(o Outcome) (keys []string, args []any) {
	q := c.queue
	return []string{q.keys.list, q.keys.inflight, q.keys.claims, q.keys.completed, q.keys.stats, q.keys.delayed, q.keys.failed},
		[]any{c.Name, c.token, o.Rows, o.Bytes, o.Took.Microseconds(), o.Checksum, q.opts.KeepCompleted, cut(o.Found), o.Result}
}

// Kinds of failure. The queue counts failures by kind; the metrics, the API and
// docs/inspector.md name the same kinds.
const (
	KindMalformed = "malformed" // the file is not CSV as the settings expect it
	KindName      = "name"      // the message is not the name of a CSV file
	KindMissing   = "missing"   // there is no such file
	KindError     = "error"     // something else went wrong, in each try
	KindPoison    = "poison"    // workers died while they worked on it; only the queue itself says so
)

// Kinds are all kinds of failure.
var Kinds = []string{KindMalformed, KindName, KindMissing, KindError, KindPoison}

// Failure is why a name could not be processed.
type Failure struct {
	Reason  string
	Kind    string
	Version string // of the input that failed; "" when not known, another file of this name is tried again
	// Settings is a fingerprint of the settings that the input failed under. Under others it is
	// tried again; see Mend. "" when no settings could help.
	Settings string
	Found    string // how the input was found to be written; "" when plain or not known
	Place           // in the input; zero when the failure has none
}

// Place is where an input is wrong. Each text that is too long for a dead letter is cut,
// and what is not UTF-8 becomes U+FFFD.
type Place struct {
	Line    int64   `json:"line,omitempty"` // from 1
	Column  string  `json:"column,omitempty"`
	Field   string  `json:"field,omitempty"` // what the column holds there
	Excerpt Excerpt `json:"excerpt,omitzero"`
}

// Excerpt is the text at that place: the bad part, which may be empty, and the text
// around it.
type Excerpt struct {
	Before string `json:"before"`
	Bad    string `json:"bad"`
	After  string `json:"after"`
}

// State is where a name is after a failure.
type State string

// The states that Fail and Retry report.
const (
	Waiting State = "waiting" // it was pushed again meanwhile
	Delayed State = "delayed" // it will be tried again
	Failed  State = "failed"  // it is a dead letter
)

// InFlightState is the state of a claimed name, for InState.
const InFlightState State = "in-flight"

// Fail makes the name a dead letter: trying again cannot help.
func (c *Claim) Fail(ctx context.Context, f Failure) (State, error) {
	return c.end(ctx, f, -1, c.queue.opts.MaxErrors)
}

// Retry delays the name, or makes it a dead letter when it has used up its tries.
// The delay doubles from 1 s to 5 min, less up to half of it at
// random so that many failures do not return together.
func (c *Claim) Retry(ctx context.Context, f Failure) (State, error) {
	return c.end(ctx, f, backoff(c.Errors, 5*time.Minute), c.queue.opts.MaxErrors)
}

// Postpone lets the name be tried again later, as Retry does but after a minute at
// most, and does not count this try: the cause is not in the file.
func (c *Claim) Postpone(ctx context.Context, f Failure) (State, error) {
	return c.end(ctx, f, backoff(c.Postponed, time.Minute), 0)
}

func backoff(before int64, most time.Duration) time.Duration {
	delay := min(time.Second<<min(before, 16), most)
	return delay - rand.N(delay/2)
}

// keepAttempts is how many entries the stream of attempts that failed keeps, about.
const keepAttempts = 5000

// maxReason bounds what each text of a dead letter takes of Redis' memory, in bytes.
const maxReason = 1000

func cut(text string) string {
	if len(text) > maxReason {
		return strings.ToValidUTF8(text[:maxReason-len("…")], "") + "…"
	}
	return text
}

func (c *Claim) end(ctx context.Context, f Failure, delay time.Duration, tries int) (State, error) {
	q := c.queue
	ms := delay.Milliseconds()
	if delay < 0 {
		ms = -1
	}
	for _, text := range []*string{&f.Reason, &f.Found, &f.Column, &f.Field, &f.Excerpt.Before, &f.Excerpt.Bad, &f.Excerpt.After} {
		*text = cut(*text)
	}
	place, err := json.Marshal(f.Place)
	if err != nil {
		return "", fmt.Errorf("fail %q: %w", c.Name, err)
	}
	state, err := q.note(ctx, failScript,
		[]string{q.keys.list, q.keys.inflight, q.keys.claims, q.keys.delayed, q.keys.failed, q.keys.stats, q.keys.attempts},
		c.Name, c.token, f.Reason, f.Kind, f.Version, ms, tries, place, keepAttempts, f.Settings, f.Found).Text()
	switch {
	case errors.Is(err, redis.Nil):
		return "", fmt.Errorf("fail %q: %w", c.Name, ErrLost)
	case err != nil:
		return "", fmt.Errorf("fail %q: %w", c.Name, err)
	}
	return State(state), nil
}

// Release gives the name back untried: it is the next to be claimed.
func (c *Claim) Release(ctx context.Context) error {
	q := c.queue
	return c.held(releaseScript.Run(ctx, q.rdb,
		[]string{q.keys.list, q.keys.inflight, q.keys.claims, q.keys.stats}, c.Name, c.token), "release")
}

// held turns a script's 0 into ErrLost.
func (c *Claim) held(cmd *redis.Cmd, doing string) error {
	n, err := cmd.Int()
	if err != nil {
		return fmt.Errorf("%s %q: %w", doing, c.Name, err)
	}
	if n == 0 {
		return fmt.Errorf("%s %q: %w", doing, c.Name, ErrLost)
	}
	return nil
}
