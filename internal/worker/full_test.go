package worker_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/worker"
)

// A Redis at its memory limit takes no names any more. Its workers have to empty it,
// to the last name, whatever state the names are in.
func TestWorkersEmptyARedisThatIsFull(t *testing.T) {
	b := setUp(t, queue.Options{Lease: time.Second})
	ctx := t.Context()
	const names = 40
	for i := range names {
		b.put(t, fmt.Sprintf("%02d.csv", i), rows(2, 1))
		b.push(t, fmt.Sprintf("%02d.csv", i))
	}
	for i := range names / 2 { // half of them with workers that are dead or have given up for now
		c, err := b.queue.Claim(ctx, "gone")
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if _, err := c.Retry(ctx, queue.Failure{Reason: "for a test", Kind: queue.KindError}); err != nil {
				t.Fatal(err)
			}
			b.rdb.ZAdd(ctx, "{"+list+"}:delayed", redis.Z{Score: 1, Member: c.Name})
		}
	}
	b.expect(t, names/2, names/4, names/4, 0, 0)
	used, err := b.rdb.InfoMap(ctx, "memory").Result()
	if err != nil {
		t.Fatal(err)
	}
	b.rdb.ConfigSet(ctx, "maxmemory", used["Memory"]["used_memory"]) // not a byte more
	missing := int64(0)
	for ; err == nil; missing++ {
		err = b.queue.Push(ctx, fmt.Sprintf("none %d.csv", missing))
	}
	if missing--; !strings.Contains(err.Error(), "OOM") {
		t.Fatal(err)
	}
	b.Patience = time.Second // so that a worker which cannot go on is seen to leave
	pool := worker.Pool{Worker: *b.Worker, Concurrency: 2}
	if err := pool.Run(ctx); err != nil {
		t.Fatalf("a worker left a queue that only workers can empty: %v", err)
	}
	c, err := b.queue.Counts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if c.Waiting+c.InFlight+c.Delayed != 0 || c.Totals["completed"] != names || c.Failed != missing {
		t.Errorf("left in the full Redis: %+v; want %d names completed, and %d without a file failed", c, names, missing)
	}
}

// losing loses the answers to the first pipeline after it was told to, and calls then.
type losing struct {
	redis.Hook
	mu   sync.Mutex
	then func()
}

func (l *losing) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (l *losing) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (l *losing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.then == nil || len(cmds) != 2 || cmds[0].Name() != "evalsha" {
			return err
		}
		for _, cmd := range cmds {
			cmd.SetErr(io.ErrUnexpectedEOF)
		}
		l.then()
		l.then = nil
		return io.ErrUnexpectedEOF
	}
}

// The next file that a completion takes along is in hand also when the answer was
// lost and the worker is told to stop: it must not lie there until its lease ends.
func TestStoppedWorkerGivesBackWhatALostAnswerGaveIt(t *testing.T) {
	b := setUp(t, queue.Options{Lease: time.Hour})
	for _, name := range []string{"loaded.csv", "a.csv", "b.csv"} {
		b.put(t, name, rows(1, 1))
	}
	b.push(t, "loaded.csv")
	if err := b.Run(t.Context()); err != nil { // the scripts are loaded now
		t.Fatal(err)
	}
	b.push(t, "a.csv", "b.csv")
	lossy := redis.NewClient(b.rdb.Options())
	t.Cleanup(func() { _ = lossy.Close() })
	ctx, sigterm := context.WithCancel(t.Context())
	lossy.AddHook(&losing{then: sigterm})
	b.Queue = queue.New(lossy, list, queue.Options{Lease: time.Hour})
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 1, 0, 0, 0, 2)
}
