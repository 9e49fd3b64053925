package activity

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// looks counts how often a client reads what is in flight, which happens once for each view,
// and stops the first of these requests.
type looks struct {
	n    atomic.Int32
	held chan struct{}
}

func (l *looks) DialHook(next redis.DialHook) redis.DialHook { return next }
func (l *looks) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (l *looks) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "zrange" && l.n.Add(1) == 1 {
			<-l.held
		}
		return next(ctx, cmd)
	}
}

// Fifty requests at once share one reading of Redis, and one that is cancelled does not end
// it.
func TestFirstLooksAreShared(t *testing.T) {
	rdb := redistest.Start(t).Client(t)
	counted := &looks{held: make(chan struct{})}
	rdb.AddHook(counted)
	m := New(queue.New(rdb, "csvs-to-process", queue.Options{}), zap.NewNop())
	defer m.Close()

	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := m.Recent(impatient, time.Hour)
		left <- err
	}()
	for counted.n.Load() == 0 {
		runtime.Gosched()
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	var here, done sync.WaitGroup
	here.Add(50)
	for range 50 {
		done.Go(func() {
			here.Done()
			if v, err := m.Recent(t.Context(), time.Hour); err != nil || v == nil {
				t.Errorf("%v, %v", v, err)
			}
		})
	}
	here.Wait()
	close(counted.held)
	done.Wait()
	if n := counted.n.Load(); n != 1 {
		t.Errorf("%d looks", n)
	}
}
