// Package coalesce lets all who ask for the same thing at the same time share one
// answer, so that a thousand requests cost what one does.
package coalesce

import (
	"context"
	"sync"
)

// Call is a function whose callers share its runs. Make it with New, and end it with
// Close. Its methods are safe for use by many goroutines.
type Call[T any] struct {
	do   func(context.Context) (T, error)
	life context.Context
	end  context.CancelFunc

	mu      sync.Mutex
	current *run[T] // under way; nil: none is
}

type run[T any] struct {
	done  chan struct{} // closed when value and err are there
	value T
	err   error
}

// New makes a call of do, which never runs twice at once. Its context ends with Close,
// and not with that of any caller.
func New[T any](do func(context.Context) (T, error)) *Call[T] {
	c := &Call[T]{do: do}
	c.life, c.end = context.WithCancel(context.Background())
	return c
}

// Join returns what the run under way returns, or else a new one. A caller whose
// context ends gets its cause and leaves; the run goes on for the others.
func (c *Call[T]) Join(ctx context.Context) (T, error) { return c.start().wait(ctx) }

// Fresh is Join, but of a run that begins after Fresh was called.
func (c *Call[T]) Fresh(ctx context.Context) (T, error) {
	c.mu.Lock()
	earlier := c.current
	c.mu.Unlock()
	if earlier != nil {
		if _, err := earlier.wait(ctx); ctx.Err() != nil {
			var none T
			return none, err
		}
	}
	return c.Join(ctx)
}

// Close cancels the run under way and waits for it. There is none after that:
// callers get context.Canceled.
func (c *Call[T]) Close() {
	c.end()
	c.mu.Lock()
	last := c.current
	c.mu.Unlock()
	if last != nil {
		<-last.done
	}
}

func (c *Call[T]) start() *run[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		return c.current
	}
	r := &run[T]{done: make(chan struct{})}
	if r.err = c.life.Err(); r.err != nil {
		close(r.done)
		return r
	}
	c.current = r
	go func() {
		r.value, r.err = c.do(c.life)
		c.mu.Lock()
		c.current = nil
		c.mu.Unlock()
		close(r.done)
	}()
	return r
}

func (r *run[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
