// Package coalesce lets callers that ask for the same thing at the same time share one run of
// a function, so that a thousand requests cost as much as one.
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
	current *run[T] // the run that goes on; nil: none does
}

type run[T any] struct {
	done  chan struct{} // closed when value and err are there
	value T
	err   error
}

// New makes a Call of do. Two runs of do never overlap. The context of do ends with Close,
// not with the context of a caller.
func New[T any](do func(context.Context) (T, error)) *Call[T] {
	c := &Call[T]{do: do}
	c.life, c.end = context.WithCancel(context.Background()) //nolint:gosec // G118: Close calls it
	return c
}

// Start starts a run unless one goes on, and does not wait for it.
func (c *Call[T]) Start() { c.start() }

// Join returns what the run that goes on returns. If there is none, it starts one. When the
// context of a caller ends, Join returns its cause to that caller; the run goes on for the
// others.
func (c *Call[T]) Join(ctx context.Context) (T, error) { return c.start().wait(ctx) }

// Fresh is Join for a run that began after the call of Fresh.
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

// Close cancels the run that goes on and waits for it. No run starts after that: callers get
// context.Canceled.
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
