// Package queue is a reliable queue of names on a Redis list that any program may
// LPUSH to. A worker claims a name under a lease, renews the lease while it works,
// and completes, fails or gives back the claim. A name whose worker dies returns
// to the list when the lease runs out, so nothing is lost. Each claim carries a
// token, and a call with an outdated one changes nothing: of two workers that have
// the same name only one completes it.
//
// Every change of state is one Lua script (lua/), and only Redis' clock counts.
// The pattern is Redis' reliable queue (redis.io/docs/latest/commands/rpoplpush)
// with visibility time-outs as in Amazon SQS and fencing tokens after
// M. Kleppmann, "How to do distributed locking" (2016).
package queue

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	// ErrEmpty means that nothing waits.
	ErrEmpty = errors.New("nothing waits in the queue")
	// ErrLost means that the lease ran out and the name went to another worker.
	ErrLost = errors.New("the claim is no longer this worker's")
	// ErrWrongType means that the list's key holds something else.
	ErrWrongType = errors.New("not a list")
)

//go:embed lua/*.lua
var scripts embed.FS

func script(name string) *redis.Script { return redis.NewScript(source(name)) }

// noting is a script that tells of changes: note.lua is in front of it.
func noting(name string) *redis.Script { return redis.NewScript(source("note") + source(name)) }

func source(name string) string {
	text, err := scripts.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // embedded at build time
	}
	return string(text)
}

// tell adds what note.lua takes to a script's keys and arguments.
func (q *Queue) tell(keys []string, args []any) ([]string, []any) {
	return append(keys, q.keys.stats, q.keys.changes), append(args, q.opts.KeepChanges)
}

// note runs a script that tells of changes.
func (q *Queue) note(ctx context.Context, script *redis.Script, keys []string, args ...any) *redis.Cmd {
	keys, args = q.tell(keys, args)
	return script.Run(ctx, q.rdb, keys, args...)
}

var (
	claimScript    = noting("claim")
	renewScript    = script("renew")
	completeScript = noting("complete")
	failScript     = noting("fail")
	releaseScript  = script("release")
	tidyScript     = noting("tidy")
	offerScript    = noting("offer")
	requeueScript  = noting("requeue")
	withdrawScript = noting("withdraw")
	countsScript   = script("counts")
	queuedScript   = script("queued")
	dropScript     = noting("drop")
	acceptScript   = script("accept")
)

// DefaultKeepChanges is how many entries the stream of changes keeps, about.
const DefaultKeepChanges = 100_000

// Options are the queue's limits; zero values take the defaults.
type Options struct {
	Lease         time.Duration // how long a claim lasts unless renewed; 30 s
	MaxErrors     int           // tries of a name before it is a dead letter; 5
	MaxCrashes    int           // workers that may die over a name before it is a dead letter; 3
	KeepCompleted int64         // entries of the completed stream, about; 10,000
	KeepChanges   int64         // entries of the stream of changes, about; DefaultKeepChanges
}

func (o Options) withDefaults() Options {
	o.Lease = cmp.Or(o.Lease, 30*time.Second)
	o.MaxErrors = cmp.Or(o.MaxErrors, 5)
	o.MaxCrashes = cmp.Or(o.MaxCrashes, 3)
	o.KeepCompleted = cmp.Or(o.KeepCompleted, 10_000)
	o.KeepChanges = cmp.Or(o.KeepChanges, DefaultKeepChanges)
	return o
}

// maxName is the longest message, in bytes, that is taken for a name.
const maxName = 1024

// keys of a queue share one Redis Cluster slot: the braces of the others hold the
// list's own name. A list named with braces of its own is already a hash tag.
type keys struct {
	list, inflight, claims, delayed, failed, completed, stats, attempts, events, shared, settings, changes, sinks string
}

func keysOf(list string) keys {
	base := "{" + list + "}"
	if _, tag, opened := strings.Cut(list, "{"); opened && strings.Index(tag, "}") > 0 {
		base = list
	}
	return keys{list, base + ":inflight", base + ":claims", base + ":delayed", base + ":failed", base + ":completed", base + ":stats", base + ":attempts", base + ":events", base + ":shared", base + ":settings", base + ":changes", base + ":sinks"}
}

// Queue is safe for use by many goroutines.
type Queue struct {
	rdb  redis.UniversalClient
	keys keys
	opts Options

	unanswered sync.Map // worker → token of its claim whose answer was lost
}

// New makes a queue on the given list; it does not talk to Redis yet.
func New(rdb redis.UniversalClient, list string, opts Options) *Queue {
	return &Queue{rdb: rdb, keys: keysOf(list), opts: opts.withDefaults()}
}

// Lease is how long a claim lasts unless it is renewed.
func (q *Queue) Lease() time.Duration { return q.opts.Lease }

// Check returns an error unless Redis answers and the key holds a list or nothing. One
// that wraps ErrWrongType names what the key holds instead.
func (q *Queue) Check(ctx context.Context) error {
	kind, err := q.rdb.Type(ctx, q.keys.list).Result()
	if err != nil {
		return fmt.Errorf("ask Redis for the type of %q: %w", q.keys.list, err)
	}
	if kind != "list" && kind != "none" {
		return fmt.Errorf("the Redis key %q holds a %s: %w; name another list or remove the key", q.keys.list, kind, ErrWrongType)
	}
	return nil
}

// Push makes names wait, as any producer's LPUSH does.
func (q *Queue) Push(ctx context.Context, names ...string) error {
	args := make([]any, len(names))
	for i, name := range names {
		args[i] = name
	}
	if err := q.rdb.LPush(ctx, q.keys.list, args...).Err(); err != nil {
		return fmt.Errorf("push %d names: %w", len(names), err)
	}
	return nil
}

// Offer is a name with the version of its input.
type Offer struct{ Name, Version string }

// offerBatch bounds how long one script may run.
const offerBatch = 500

// Offer makes those names wait that are not in flight, do not wait for a retry and
// did not fail with the same version. It cannot see which names wait already, as the
// list has no index: call Queued first. It returns how many it made wait.
func (q *Queue) Offer(ctx context.Context, offers []Offer) (int, error) {
	pushed := 0
	for batch := range slices.Chunk(offers, offerBatch) {
		args := make([]any, 0, 2*len(batch))
		for _, o := range batch {
			args = append(args, o.Name, o.Version)
		}
		n, err := q.note(ctx, offerScript, []string{q.keys.list, q.keys.inflight, q.keys.delayed, q.keys.failed, q.keys.stats}, args...).Int()
		if err != nil {
			return pushed, fmt.Errorf("offer %d names: %w", len(batch), err)
		}
		pushed += n
	}
	return pushed, nil
}

// Requeue makes dead letters wait again with all their tries, and returns how many of
// the names were dead letters.
func (q *Queue) Requeue(ctx context.Context, names ...string) (int, error) {
	args := make([]any, len(names))
	for i, name := range names {
		args[i] = name
	}
	n, err := q.note(ctx, requeueScript, []string{q.keys.list, q.keys.failed, q.keys.claims}, args...).Int()
	if err != nil {
		return 0, fmt.Errorf("requeue %d dead letters: %w", len(names), err)
	}
	return n, nil
}

// Tidied is what one round of housekeeping moved.
type Tidied struct{ Due, Reclaimed, Poison int }

func (t Tidied) total() int { return t.Due + t.Reclaimed + t.Poison }

// tidyBatch bounds how long one script may run.
const tidyBatch = 100

// Tidy is the housekeeping, which any process may do at any time: due retries and
// names whose lease ran out go back to the list, and a name that too many workers
// died over becomes a dead letter.
func (q *Queue) Tidy(ctx context.Context) (Tidied, error) {
	var sum Tidied
	for {
		moved, err := q.note(ctx, tidyScript,
			[]string{q.keys.list, q.keys.inflight, q.keys.claims, q.keys.delayed, q.keys.failed, q.keys.stats, q.keys.attempts},
			q.opts.MaxCrashes, tidyBatch, keepAttempts).Int64Slice()
		if err != nil {
			return sum, fmt.Errorf("tidy the queue: %w", err)
		}
		round := Tidied{int(moved[0]), int(moved[1]), int(moved[2])}
		sum = Tidied{sum.Due + round.Due, sum.Reclaimed + round.Reclaimed, sum.Poison + round.Poison}
		if round.total() < tidyBatch {
			return sum, nil
		}
	}
}

// Wait returns when a name waits or after the given time (rounded up to a second),
// whichever is first.
func (q *Queue) Wait(ctx context.Context, atMost time.Duration) error {
	// Moving the last element onto its own place changes nothing, but blocks
	// while there is none.
	err := q.rdb.BLMove(ctx, q.keys.list, q.keys.list, "RIGHT", "RIGHT", max(atMost, time.Second)).Err()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("wait for work: %w", err)
	}
	return nil
}
