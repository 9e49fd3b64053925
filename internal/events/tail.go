package events

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/queue"
)

// Tail follows the end of the stream of changes for all who watch it in this process, with one
// connection. While nobody does, it asks for nothing.
type Tail struct {
	queue *queue.Queue
	log   *zap.Logger

	mu       sync.Mutex
	watchers map[chan struct{}]struct{}
	wanted   chan struct{} // holds one element when a watcher has come
}

// NewTail makes one; Run lets it work.
func NewTail(q *queue.Queue, log *zap.Logger) *Tail {
	return &Tail{queue: q, log: log, watchers: map[chan struct{}]struct{}{}, wanted: make(chan struct{}, 1)}
}

// Watch returns a channel that holds an element when there may be a new change, and how to end that.
func (t *Tail) Watch() (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	t.mu.Lock()
	t.watchers[c] = struct{}{}
	t.mu.Unlock()
	signal(t.wanted)
	return c, func() {
		t.mu.Lock()
		delete(t.watchers, c)
		t.mu.Unlock()
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// notify tells all watchers, and reports whether there are any.
func (t *Tail) notify() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.watchers {
		signal(c)
	}
	return len(t.watchers) > 0
}

func (t *Tail) watched() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.watchers) > 0
}

// Run follows the stream until ctx ends.
func (t *Tail) Run(ctx context.Context) {
	var problem string
	for ctx.Err() == nil {
		if !t.watched() {
			select {
			case <-ctx.Done():
				return
			case <-t.wanted:
			}
		}
		err := t.follow(ctx)
		if err == nil || ctx.Err() != nil {
			problem = ""
			continue
		}
		if err.Error() != problem {
			problem = err.Error()
			t.log.Warn("the stream of changes cannot be read for now", zap.Error(err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// tailPause is the least time between two calls: while much happens, watchers read many changes at a time.
const tailPause = 50 * time.Millisecond

// follow tells the watchers of changes until nobody watches.
func (t *Tail) follow(ctx context.Context) error {
	last, err := t.queue.LastChange(ctx)
	if err != nil {
		return err
	}
	for t.notify() { // also when nothing came: after a second at most, a watcher looks by itself
		for {
			changes, err := t.queue.Changes(ctx, last, 1, time.Second)
			if err != nil {
				return err
			}
			if len(changes) > 0 {
				t.notify()
				pause(ctx, tailPause)
				break
			}
			if !t.watched() || ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if last, err = t.queue.LastChange(ctx); err != nil {
			return err
		}
	}
	return nil
}
