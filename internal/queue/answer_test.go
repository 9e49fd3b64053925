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
type deaf struct {
	on   bool
	once bool // only one answer
}

func (d *deaf) DialHook(next redis.DialHook) redis.DialHook { return next }
func (d *deaf) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if !d.on {
			return err
		}
		for _, cmd := range cmds {
			cmd.SetErr(io.ErrUnexpectedEOF)
		}
		return io.ErrUnexpectedEOF
	}
}
func (d *deaf) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if d.on && (err == nil || errors.Is(err, redis.Nil)) {
			d.on = !d.once
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

// lossy is a client that is connected and loses its next answer.
func lossy(t *testing.T, rdb *redis.Client) *redis.Client {
	t.Helper()
	client := redis.NewClient(rdb.Options())
	t.Cleanup(func() { _ = client.Close() })
	link := &deaf{once: true}
	client.AddHook(link)
	if err := client.Ping(t.Context()).Err(); err != nil { // connecting takes answers, too
		t.Fatal(err)
	}
	link.on = true
	return client
}

func TestCompletingWhoseAnswerWasLostHasTakenTheNextOnce(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		client := redis.NewClient(rdb.Options())
		defer client.Close()
		link := &deaf{}
		client.AddHook(link)
		q := queue.New(client, list, queue.Options{})
		push(t, rdb, "loaded.csv", "a.csv", "b.csv", "c.csv")
		first, err := claim(t, q, "w1").CompleteAndClaim(t.Context(), queue.Outcome{}, "w1") // the scripts are loaded now
		if err != nil {
			t.Fatal(err)
		}
		link.on = true
		for range 2 { // also when it happens again
			if next, err := first.CompleteAndClaim(t.Context(), queue.Outcome{}, "w1"); next != nil || !queue.Unreachable(err) {
				t.Fatalf("on a connection that breaks: %+v, %v", next, err)
			}
		}
		link.on = false
		expect(t, q, "waiting 1, in flight 1, delayed 0, failed 0, completed 2", "completed")
		next, err := first.CompleteAndClaim(t.Context(), queue.Outcome{}, "w1")
		if !errors.Is(err, queue.ErrLost) || next == nil || next.Name != "b.csv" {
			t.Errorf("asked again: %+v, %v; want b.csv, and that the claim is over", next, err)
		}

		link.on = true
		if _, err := next.CompleteAndClaim(t.Context(), queue.Outcome{}, "w1"); !queue.Unreachable(err) {
			t.Fatal(err)
		}
		link.on = false
		// It leaves: what it has taken without knowing is found, and nothing new is taken.
		push(t, rdb, "d.csv")
		left, err := q.Recover(t.Context(), "w1")
		if err != nil || left.Name != "c.csv" {
			t.Fatalf("recovered %+v, %v; want c.csv", left, err)
		}
		if err := left.Release(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := q.Recover(t.Context(), "w1"); !errors.Is(err, queue.ErrEmpty) {
			t.Errorf("nothing is left to recover: %v", err)
		}
		expect(t, q, "waiting 2, in flight 0, delayed 0, failed 0, completed 3", "completed")
	})
}

// What is claimed along with an end that Redis refused stays with its worker.
func TestNextOfAnEndThatWasRefusedIsReturnedByTheNextCall(t *testing.T) {
	rdb := redistest.Start(t).Client(t)
	q := queue.New(rdb, list, queue.Options{})
	push(t, rdb, "a.csv", "b.csv")
	first := claim(t, q, "w1")
	if _, err := rdb.Del(t.Context(), "{"+list+"}:completed").Result(); err != nil {
		t.Fatal(err)
	}
	// Completing fails at its last step: the stream's key holds something else.
	rdb.Set(t.Context(), "{"+list+"}:completed", "no stream", 0)
	if next, err := first.CompleteAndClaim(t.Context(), queue.Outcome{}, "w1"); err == nil || next != nil {
		t.Fatalf("completing into a key of another type: %+v, %v", next, err)
	}
	if next := claim(t, q, "w1"); next.Name != "b.csv" {
		t.Errorf("got %q, want what was claimed along with it", next.Name)
	}
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
