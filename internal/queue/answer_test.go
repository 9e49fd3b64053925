package queue_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// deaf loses the answers to scripts, which Redis has run, while it is on.
type deaf struct{ on bool }

func (d *deaf) DialHook(next redis.DialHook) redis.DialHook { return next }
func (d *deaf) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (d *deaf) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if d.on && (err == nil || errors.Is(err, redis.Nil)) {
			cmd.SetErr(io.ErrUnexpectedEOF)
			return io.ErrUnexpectedEOF
		}
		return err
	}
}

func TestClaimWhoseAnswerWasLostIsReturnedByTheNext(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		lossy := redis.NewClient(rdb.Options())
		defer lossy.Close()
		link := &deaf{}
		lossy.AddHook(link)
		q := queue.New(lossy, list, queue.Options{})
		push(t, rdb, "a.csv", "b.csv")
		first := claim(t, q, "w1") // the script is loaded now
		if err := first.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		link.on = true
		for range 2 { // also when it happens again
			if _, err := q.Claim(t.Context(), "w1"); !errors.Is(err, io.ErrUnexpectedEOF) || !queue.Unreachable(err) {
				t.Fatalf("claiming on a connection that breaks: %v", err)
			}
		}
		link.on = false
		expect(t, q, "waiting 1, in flight 1, delayed 0, failed 0")
		if other := claim(t, q, "w2"); other.Name != "b.csv" {
			t.Errorf("another worker got %q", other.Name)
		}
		mine := claim(t, q, "w1")
		if mine.Name != "a.csv" {
			t.Errorf("got %q, want the name that was claimed for it", mine.Name)
		}
		if err := mine.Complete(t.Context(), queue.Outcome{}); err != nil {
			t.Error(err)
		}
		expect(t, q, "waiting 0, in flight 1, delayed 0, failed 0, claimed 3, completed 1", "claimed", "completed")

		link.on = true // nothing waits, but the worker cannot know
		if _, err := q.Claim(t.Context(), "w1"); errors.Is(err, queue.ErrEmpty) {
			t.Error("it heard an answer that was lost")
		}
		link.on = false
		if _, err := q.Claim(t.Context(), "w1"); !errors.Is(err, queue.ErrEmpty) {
			t.Errorf("got %v, want ErrEmpty", err)
		}
	})
}

func TestLeaseIsRenewedAndGivenBackWhileRedisIsFull(t *testing.T) {
	rdb := redistest.Start(t).Client(t)
	q := queue.New(rdb, list, queue.Options{})
	push(t, rdb, "a.csv")
	c := claim(t, q, "w1")
	rdb.ConfigSet(t.Context(), "maxmemory", "1")
	if err := c.Renew(t.Context(), queue.Progress{Bytes: 1}); err != nil {
		t.Errorf("renew: %v", err)
	}
	expect(t, q, "waiting 0, in flight 1, delayed 0, failed 0")
	if err := c.Release(t.Context()); err != nil {
		t.Errorf("release: %v", err)
	}
	expect(t, q, "waiting 1, in flight 0, delayed 0, failed 0")
}
