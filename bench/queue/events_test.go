package queue

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"csv-pipeline/internal/events"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// TestEventsDoNotSlowDown prints how fast 100,000 names are claimed and completed while nobody is told, while a
// sink takes each event, and while one is away; and what events take in Redis. Times assert nothing, since others
// use the machine too.
func TestEventsDoNotSlowDown(t *testing.T) {
	const names, workers = 100_000, 16
	var took atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		took.Add(1)
	}))
	defer receiver.Close()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close() // nobody listens there any more
	sinks := []struct{ what, config string }{
		{"without a sink", "{}"},
		{"with an HTTP sink", fmt.Sprintf("sinks: [{name: a, types: [result.done], http: {url: %q}}]", receiver.URL)},
		{"with a stream", "sinks: [{name: a, types: [result.done], redis: {stream: told}}]"},
		{"with a sink that is away", fmt.Sprintf("sinks: [{name: a, types: [result.done], http: {url: %q}}]", away.URL)},
	}
	server := redistest.Start(t)
	best, redisTime := map[string]float64{}, map[string]float64{}
	for range 2 { // in turn, and the best of each: others may use the machine
		for _, s := range sinks {
			rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), PoolSize: 2 * workers, DisableIdentity: true, ContextTimeoutEnabled: true})
			if err := rdb.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			push(t, rdb, names)
			stop := tell(t, rdb, s.config)
			redisBefore := infoNumber(t, rdb, "cpu", `used_cpu_user:([\d.]+)`)
			best[s.what] = math.Max(best[s.what], ours(t, rdb, workers, names))
			perName := 1e6 * (infoNumber(t, rdb, "cpu", `used_cpu_user:([\d.]+)`) - redisBefore) / names
			if least, ok := redisTime[s.what]; !ok || perName < least {
				redisTime[s.what] = perName
			}
			stop()
			size, err := rdb.MemoryUsage(t.Context(), "{"+list+"}:changes", 0).Result()
			if err != nil {
				t.Fatal(err)
			}
			entries, err := rdb.XLen(t.Context(), "{"+list+"}:changes").Result()
			if err != nil || entries > 1.01*queue.DefaultKeepChanges {
				t.Errorf("%d events are kept, %v", entries, err)
			}
			t.Logf("%s: %d events kept, %.1f MB, %.0f bytes each; %d delivered by HTTP so far", s.what, entries, float64(size)/1e6, float64(size)/float64(entries), took.Load())
			if err := rdb.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, s := range sinks {
		t.Logf("%-25s %6.0f names/s, Redis works %.1f µs for each", s.what+":", best[s.what], redisTime[s.what])
	}
}

// tell runs what delivers events until the returned function is called.
func tell(t *testing.T, rdb redis.UniversalClient, config string) (stop func()) {
	t.Helper()
	c, err := events.Parse([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	dispatcher, err := events.Open(c, queue.New(rdb, list, queue.Options{}), nil, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := dispatcher.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { dispatcher.Run(ctx) })
	return func() {
		cancel()
		group.Wait()
		dispatcher.Close()
	}
}
