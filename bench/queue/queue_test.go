// Package queue measures the queue on a real Redis, beside github.com/hibiken/asynq
// doing the same on the same server in the same run. It is a module of its own so
// that the services do not depend on what they are compared with.
package queue

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

const list = "csvs-to-process"

// push makes n names wait.
func push(t testing.TB, rdb *redis.Client, n int) {
	t.Helper()
	q := queue.New(rdb, list, queue.Options{})
	batch := make([]string, 0, 1000)
	for i := range n {
		batch = append(batch, name(i))
		if len(batch) == cap(batch) || i == n-1 {
			if err := q.Push(context.Background(), batch...); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
}

// name is as long as those of daily files in folders are.
func name(i int) string { return fmt.Sprintf("2022/01/%07d.csv", i) }

// drain does what a processor does: it claims and completes until nothing waits. It
// returns what was completed.
func drain(t testing.TB, q *queue.Queue, worker string) (names []string) {
	ctx := context.Background()
	var c *queue.Claim
	for {
		var err error
		if c == nil {
			if c, err = q.Claim(ctx, worker); errors.Is(err, queue.ErrEmpty) {
				return names
			}
		}
		if err == nil {
			names = append(names, c.Name)
			c, err = c.CompleteAndClaim(ctx, queue.Outcome{Rows: 200, Bytes: 5000, Took: time.Millisecond}, worker)
		}
		if err != nil {
			t.Error(err)
			return names
		}
	}
}

// ours returns how many names a second go from waiting, where they are, to completed.
func ours(t testing.TB, rdb *redis.Client, workers, names int) float64 {
	t.Helper()
	q := queue.New(rdb, list, queue.Options{})
	var group sync.WaitGroup
	began := time.Now()
	for w := range workers {
		group.Go(func() { drain(t, q, fmt.Sprint("w", w)) })
	}
	group.Wait()
	return float64(names) / time.Since(began).Seconds()
}

// enqueue makes n tasks wait for asynq.
func enqueue(t testing.TB, rdb *redis.Client, n int) {
	t.Helper()
	client := asynq.NewClientFromRedisClient(rdb)
	for i := range n {
		if _, err := client.Enqueue(asynq.NewTask("csv", []byte(name(i)))); err != nil {
			t.Fatal(err)
		}
	}
}

// cpu is the time, in seconds, that Redis and this process have had a CPU.
func cpu(t testing.TB, rdb *redis.Client) float64 {
	t.Helper()
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		t.Fatal(err)
	}
	seconds := func(v syscall.Timeval) float64 { return float64(v.Sec) + float64(v.Usec)/1e6 }
	return seconds(own.Utime) + seconds(own.Stime) +
		infoNumber(t, rdb, "cpu", `used_cpu_user:([\d.]+)`) + infoNumber(t, rdb, "cpu", `used_cpu_sys:([\d.]+)`)
}

// asynqs returns how many tasks a second asynq does of those that wait.
func asynqs(t testing.TB, rdb *redis.Client, workers, tasks int) float64 {
	t.Helper()
	var left atomic.Int64
	left.Store(int64(tasks))
	done := make(chan struct{})
	server := asynq.NewServerFromRedisClient(rdb, asynq.Config{Concurrency: workers, LogLevel: asynq.FatalLevel})
	began := time.Now()
	if err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		if left.Add(-1) == 0 {
			close(done)
		}
		return nil
	})); err != nil {
		t.Fatal(err)
	}
	<-done
	took := time.Since(began)
	server.Shutdown()
	return float64(tasks) / took.Seconds()
}

// TestThroughput prints how fast claim and complete of nothing are, by one worker and
// by many; times assert nothing, since others use the machine too.
func TestThroughput(t *testing.T) {
	server := redistest.Start(t)
	for _, c := range []struct{ workers, names int }{{1, 10_000}, {64, 50_000}} {
		var us, them float64
		ourCPU, theirCPU := math.Inf(1), math.Inf(1)
		for range 3 { // in turn, and the best of each: others may use the machine
			rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), PoolSize: max(c.workers, 10), DisableIdentity: true})
			push(t, rdb, c.names)
			before := cpu(t, rdb)
			us = math.Max(us, ours(t, rdb, c.workers, c.names))
			between := cpu(t, rdb)
			enqueue(t, rdb, c.names)
			after := cpu(t, rdb)
			them = math.Max(them, asynqs(t, rdb, c.workers, c.names))
			ourCPU, theirCPU = math.Min(ourCPU, between-before), math.Min(theirCPU, cpu(t, rdb)-after)
			if err := errors.Join(rdb.FlushAll(t.Context()).Err(), rdb.Close()); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%2d workers: %6.0f names/s, asynq %6.0f tasks/s, %.1f times; CPU of Redis and workers for each: %.0f µs and %.0f µs",
			c.workers, us, them, us/them, 1e6*ourCPU/float64(c.names), 1e6*theirCPU/float64(c.names))
	}
}

// usedMemory is what Redis' data takes, in bytes.
func usedMemory(t testing.TB, rdb *redis.Client) float64 {
	t.Helper()
	return infoNumber(t, rdb, "memory", `used_memory_dataset:(\d+)`)
}

func infoNumber(t testing.TB, rdb *redis.Client, section, pattern string) float64 {
	t.Helper()
	text, err := rdb.Info(context.Background(), section).Result()
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("INFO %s has no %s:\n%s", section, pattern, text)
	}
	n, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestMemory measures what waiting and completed names take in Redis, and checks
// that the latter does not grow with their number.
func TestMemory(t *testing.T) {
	rdb := redistest.Start(t).Client(t)
	before := usedMemory(t, rdb)
	push(t, rdb, 1_000_000)
	waiting := usedMemory(t, rdb) - before
	t.Logf("1,000,000 waiting names: %.1f MB, %.1f bytes each", waiting/1e6, waiting/1e6)
	if err := rdb.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}

	const kept = 10_000
	q := queue.New(rdb, list, queue.Options{KeepCompleted: kept})
	var sizes []float64
	for range 3 {
		push(t, rdb, 2*kept)
		drain(t, q, "pod-of-some-job-abcde/1")
		size, err := rdb.MemoryUsage(t.Context(), "{"+list+"}:completed", 0).Result()
		if err != nil {
			t.Fatal(err)
		}
		entries, err := rdb.XLen(t.Context(), "{"+list+"}:completed").Result()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("completed: %d entries kept (cap %d), %.0f bytes each, %.2f MB in all", entries, kept, float64(size)/float64(entries), float64(size)/1e6)
		sizes = append(sizes, float64(size))
	}
	if last := sizes[len(sizes)-1]; last > 1.1*sizes[0] {
		t.Errorf("what is kept of completed names grows: %.0f bytes", sizes)
	}
	keys, err := rdb.DBSize(t.Context()).Result()
	if err != nil || keys != 3 {
		t.Errorf("%d keys are left, %v; want the streams of what completed and of changes, and the counters", keys, err)
	}
}

// TestScriptsDoNotSlowDown compares Redis' own time for a script with few and with
// very many names waiting.
func TestScriptsDoNotSlowDown(t *testing.T) {
	rdb := redistest.Start(t).Client(t)
	q := queue.New(rdb, list, queue.Options{})
	perCall := func() float64 { // µs, the least of some batches
		least := math.Inf(1)
		for range 5 {
			if err := rdb.ConfigResetStat(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			for range 500 {
				if _, err := q.Tidy(t.Context()); err != nil {
					t.Fatal(err)
				}
				c, err := q.Claim(t.Context(), "w")
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(c.Renew(t.Context(), queue.Progress{}), c.Complete(t.Context(), queue.Outcome{})); err != nil {
					t.Fatal(err)
				}
			}
			least = math.Min(least, infoNumber(t, rdb, "commandstats", `cmdstat_evalsha:.*usec_per_call=([\d.]+)`))
		}
		return least
	}
	push(t, rdb, 3000)
	few := perCall()
	push(t, rdb, 1_000_000)
	many := perCall()
	t.Logf("a script takes %.1f µs with few names waiting, %.1f µs with 1,000,000", few, many)
	if many > 2*few {
		t.Error("scripts slow down with the length of the queue")
	}
}

// TestFiveHundredWorkers lets workers with clients of their own take 100,000 names.
func TestFiveHundredWorkers(t *testing.T) {
	server := redistest.Start(t, "--maxclients", "2000")
	rdb := server.Client(t)
	const names, workers = 100_000, 500
	push(t, rdb, names)
	var mu sync.Mutex
	times := make(map[string]int, names)
	var group sync.WaitGroup
	began := time.Now()
	for w := range workers {
		group.Go(func() {
			own := redis.NewClient(&redis.Options{Addr: server.Addr(), PoolSize: 1, MaxRetries: -1, ReadTimeout: time.Minute, DialTimeout: time.Minute, DisableIdentity: true})
			defer own.Close()
			mine := drain(t, queue.New(own, list, queue.Options{}), fmt.Sprint("w", w))
			mu.Lock()
			defer mu.Unlock()
			for _, name := range mine {
				times[name]++
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	c, err := queue.New(rdb, list, queue.Options{}).Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range times {
		if n != 1 {
			t.Errorf("%s was completed %d times", name, n)
		}
	}
	if len(times) != names || c.Totals["completed"] != names || c.Waiting+c.InFlight+c.Delayed+c.Failed != 0 {
		t.Errorf("%d names completed, Redis says %+v", len(times), c)
	}
	t.Logf("%d workers: %d names in %.1f s, %.0f a second", workers, names, took.Seconds(), names/took.Seconds())
}
