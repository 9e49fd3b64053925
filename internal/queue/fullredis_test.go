package queue_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

func TestFullRedisIsEmptiedAndTakesNothingMore(t *testing.T) {
	rdb := redistest.Start(t).Client(t) // the embedded one has no maxmemory
	q := queue.New(rdb, list, queue.Options{})
	push(t, rdb, "a.csv", "b.csv", "c.csv")
	held := claim(t, q, "w1")
	rdb.ConfigSet(t.Context(), "maxmemory", "1")
	if err := q.Push(t.Context(), "d.csv"); err == nil || !queue.Unreachable(err) {
		t.Errorf("pushing to a full Redis: %v", err)
	}
	next, err := held.CompleteAndClaim(t.Context(), queue.Outcome{}, "w1")
	if err != nil || next == nil || next.Name != "b.csv" {
		t.Fatalf("completing and claiming in a full Redis: %+v, %v", next, err)
	}
	if state, err := next.Retry(t.Context(), queue.Failure{Kind: queue.KindError}); state != queue.Delayed || err != nil {
		t.Errorf("failing in a full Redis: %s, %v", state, err)
	}
	if c := claim(t, q, "w1"); c.Name != "c.csv" {
		t.Errorf("got %q", c.Name)
	}
	expect(t, q, "waiting 0, in flight 1, delayed 1, failed 0, completed 1", "completed")
}

// What only the housekeeping brings back to the workers comes back also while Redis
// may not grow: otherwise it would stay full for ever.
func TestFullRedisGivesItsWorkersAllThatIsLeft(t *testing.T) {
	rdb := redistest.Start(t).Client(t)
	q := queue.New(rdb, list, queue.Options{MaxCrashes: 2})
	key := func(name string) string { return "{" + list + "}:" + name }
	past := func(set string, names ...string) {
		t.Helper()
		for _, name := range names {
			if err := rdb.ZAdd(t.Context(), key(set), redis.Z{Score: 1, Member: name}).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	push(t, rdb, "due.csv")
	if _, err := claim(t, q, "w1").Retry(t.Context(), queue.Failure{Kind: queue.KindError}); err != nil {
		t.Fatal(err)
	}
	push(t, rdb, "poison.csv")
	claim(t, q, "w1")
	past("inflight", "poison.csv")
	tidyUntil(t, q)
	claim(t, q, "w1")
	push(t, rdb, "dead.csv")
	stale := claim(t, q, "w1")
	push(t, rdb, "lost.csv", "waiting.csv")
	lost := queue.New(lossy(t, rdb), list, queue.Options{})
	if _, err := lost.Claim(t.Context(), "w2"); !queue.Unreachable(err) {
		t.Fatalf("the answer was not lost: %v", err)
	}
	past("delayed", "due.csv")
	past("inflight", "poison.csv", "dead.csv")
	expect(t, q, "waiting 1, in flight 3, delayed 1, failed 0")

	rdb.ConfigSet(t.Context(), "maxmemory", "1")
	if got, err := q.Tidy(t.Context()); err != nil || got != (queue.Tidied{Due: 1, Reclaimed: 1, Poison: 1}) {
		t.Fatalf("the housekeeping of a full Redis: %+v, %v", got, err)
	}
	if err := stale.Complete(t.Context(), queue.Outcome{}); !errors.Is(err, queue.ErrLost) {
		t.Errorf("completing with a token that is over: %v, want ErrLost", err)
	}
	if _, err := stale.Fail(t.Context(), queue.Failure{}); !errors.Is(err, queue.ErrLost) {
		t.Errorf("failing with a token that is over: %v, want ErrLost", err)
	}
	if err := stale.Release(t.Context()); !errors.Is(err, queue.ErrLost) {
		t.Errorf("giving back with a token that is over: %v, want ErrLost", err)
	}
	if c, err := lost.Claim(t.Context(), "w2"); err != nil || c.Name != "lost.csv" {
		t.Errorf("claiming again what an answer was lost of: %+v, %v", c, err)
	} else if err := c.Complete(t.Context(), queue.Outcome{}); err != nil {
		t.Error(err)
	}
	if n, err := q.Requeue(t.Context(), "poison.csv"); n != 1 || err != nil {
		t.Errorf("trying a dead letter again: %d, %v", n, err)
	}
	for range 4 {
		if err := claim(t, q, "w3").Complete(t.Context(), queue.Outcome{}); err != nil {
			t.Error(err)
		}
	}
	expect(t, q, "waiting 0, in flight 0, delayed 0, failed 0, completed 5", "completed")
}

// A Redis that cannot write its append-only file takes no change, and none in half.
func TestRedisThatCannotPersistRefusesWholeSteps(t *testing.T) {
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "everysec")
	rdb := server.Client(t)
	q := queue.New(rdb, list, queue.Options{})
	push(t, rdb, "a.csv", "b.csv")
	held := claim(t, q, "w1")
	// Snapshots that fail stop writes just as a full disk stops the append-only file.
	for key, value := range map[string]string{"dbfilename": "dump.rdb", "save": "1 1", "stop-writes-on-bgsave-error": "yes"} {
		if err := rdb.ConfigSet(t.Context(), key, value).Err(); err != nil && key != "dbfilename" {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(server.Dir, "dump.rdb"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := rdb.BgSave(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(rdb.Info(t.Context(), "persistence").Val(), "rdb_last_bgsave_status:err"); {
		if time.Now().After(deadline) {
			t.Fatal("the snapshot did not fail")
		}
	}
	for what, err := range map[string]error{
		"claim":    second(q.Claim(t.Context(), "w2")),
		"renew":    held.Renew(t.Context(), queue.Progress{}),
		"complete": held.Complete(t.Context(), queue.Outcome{}),
		"release":  held.Release(t.Context()),
		"retry":    second(held.Retry(t.Context(), queue.Failure{})),
	} {
		if !queue.Unreachable(err) {
			t.Errorf("%s: %v, want an error that passes", what, err)
		}
	}
	expect(t, q, "waiting 1, in flight 1, delayed 0, failed 0")
	rdb.ConfigSet(t.Context(), "stop-writes-on-bgsave-error", "no")
	if next, err := held.CompleteAndClaim(t.Context(), queue.Outcome{}, "w1"); err != nil || next == nil || next.Name != "b.csv" {
		t.Errorf("when it works again: %+v, %v", next, err)
	}
}

// A Redis may be full of the messages that a store sends about its files.
func TestFullRedisIsRelievedOfTheStoresMessages(t *testing.T) {
	rdb := redistest.Start(t).Client(t)
	q := queue.New(rdb, list, queue.Options{})
	message := strings.Repeat("m", 500)
	if err := rdb.RPush(t.Context(), q.EventsKey(), message).Err(); err != nil {
		t.Fatal(err)
	}
	rdb.ConfigSet(t.Context(), "maxmemory", "1")
	for range 2 { // two who have read the same message
		if err := q.Accept(t.Context(), message, []string{"a.csv", "b.csv"}); err != nil {
			t.Errorf("accept: %v", err)
		}
	}
	expect(t, q, "waiting 2, in flight 0, delayed 0, failed 0")
	if left, err := q.Events(t.Context(), 10); len(left) != 0 || err != nil {
		t.Errorf("messages left: %q, %v", left, err)
	}
}
