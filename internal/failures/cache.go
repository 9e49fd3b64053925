package failures

import (
	"context"
	"sync"
	"time"

	"csv-pipeline/internal/coalesce"
	"csv-pipeline/internal/queue"
)

const (
	// mostAge is how long an index is used without a new one being made.
	mostAge = 10 * time.Second
	// An index of more letters than few that took longer than cheap is dear: it is made for a tenth
	// of the time at most, and for nobody to wait for unless the last one is older than tooOld. Any
	// other is made at every change: few letters take long only where Redis or the machine is busy.
	few    = 1000
	cheap  = 50 * time.Millisecond
	tooOld = time.Minute
)

// Cache keeps the index of a queue's dead letters, and makes it anew when they have changed. Make
// it with NewCache, and end it with Close.
type Cache struct {
	Grouper

	queue *queue.Queue
	call  *coalesce.Call[*made]

	mu      sync.Mutex
	last    *made // nil: there is none, or it is not to be used any more
	changes int   // how often Forget was called
}

// made is an index and what is needed to know whether it is still right.
type made struct {
	index   *Index
	at      time.Time
	took    time.Duration
	letters int64 // dead letters that there were
	failed  int64 // and that there had ever been
}

// NewCache makes a cache of the queue's dead letters.
func NewCache(q *queue.Queue, g Grouper) *Cache {
	c := &Cache{Grouper: g, queue: q}
	c.call = coalesce.New(c.make)
	return c
}

// Close ends the requests to Redis and waits until they have ended.
func (c *Cache) Close() { c.call.Close() }

// Forget has the next Recent make a new index. Whoever changed dead letters calls it, to see that
// at once.
func (c *Cache) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.changes = nil, c.changes+1
}

// Recent returns an index of the dead letters as they are now, or, where there are very many and
// they keep changing, as they were a short time ago, at most a minute.
func (c *Cache) Recent(ctx context.Context) (*Index, error) {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last != nil {
		age, dear := time.Since(last.at), last.letters > few && last.took > cheap
		if dear && age < min(9*last.took, mostAge) {
			return last.index, nil
		}
		counts, err := c.queue.Counts(ctx)
		if err != nil {
			return nil, err
		}
		if age < mostAge && counts.Failed == last.letters && counts.Totals["failed"] == last.failed {
			return last.index, nil
		}
		if dear && age < tooOld {
			c.call.Start()
			return last.index, nil
		}
	}
	fresh, err := c.call.Fresh(ctx)
	if err != nil {
		return nil, err
	}
	return fresh.index, nil
}

func (c *Cache) make(ctx context.Context) (*made, error) {
	began := time.Now()
	c.mu.Lock()
	changes := c.changes
	c.mu.Unlock()
	counts, err := c.queue.Counts(ctx)
	if err != nil {
		return nil, err
	}
	b := builder{grouper: c.Grouper, places: map[cause]int32{}}
	if err := c.queue.EachDeadLetter(ctx, func(l queue.DeadLetter) error { b.add(l); return nil }); err != nil {
		return nil, err
	}
	m := &made{index: b.finish(), at: time.Now(), letters: counts.Failed, failed: counts.Totals["failed"]}
	m.took = m.at.Sub(began)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes == changes { // otherwise it may be of the time before a change
		c.last = m
	}
	return m, nil
}
