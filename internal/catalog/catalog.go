// Package catalog keeps a recent picture of all the files of a store, so that
// looking at them does not walk the store each time.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"csv-pipeline/internal/coalesce"
	"csv-pipeline/internal/filestore"
)

// Snapshot is the files of a store at one time; it does not change any more.
type Snapshot struct {
	Raw, Processed *Table
	At             time.Time // when the look began
	Took           time.Duration
	// Done is how many raw files have a result that was made from just their version,
	// and Pending how many have none: together they are all.
	Done, Pending int

	results []int32       // of each raw file the place of its current result, -1: none
	rest    time.Duration // for how long the store is to be left alone
}

// Files are the files of an area.
func (s *Snapshot) Files(area filestore.Area) *Table {
	if area == filestore.Processed {
		return s.Processed
	}
	return s.Raw
}

// Current returns the result of a raw file that was made from just this version of it.
func (s *Snapshot) Current(raw filestore.Info) (filestore.Info, bool) {
	name, err := filestore.ResultName(raw.Name)
	if err != nil {
		return filestore.Info{}, false
	}
	result, ok := s.Processed.Find(name)
	return result, ok && result.MadeFrom(raw)
}

// HasResult reports whether the raw file at the given place has a current result.
func (s *Snapshot) HasResult(place int) bool { return s.results[place] >= 0 }

// Take looks at the whole store.
func Take(ctx context.Context, store filestore.Store) (*Snapshot, error) {
	return take(ctx, store, &Snapshot{}, func() {})
}

// take calls seen for each file.
func take(ctx context.Context, store filestore.Store, before *Snapshot, seen func()) (*Snapshot, error) {
	s := &Snapshot{At: time.Now()}
	var err error
	// Raw files first: a result that appears meanwhile is then seen for its input,
	// and not an input for which there seems to be no result.
	if s.Raw, err = list(ctx, store, filestore.Raw, before.Raw, seen); err != nil {
		return nil, err
	}
	if s.Processed, err = list(ctx, store, filestore.Processed, before.Processed, seen); err != nil {
		return nil, err
	}
	if s.Raw == before.Raw && s.Processed == before.Processed {
		s.Done, s.Pending, s.results = before.Done, before.Pending, before.results
	} else {
		s.match()
	}
	s.Took = time.Since(s.At)
	s.rest = filestore.Rest(store, s.Raw.Len(), s.Processed.Len())
	return s, nil
}

func list(ctx context.Context, store filestore.Store, area filestore.Area, before *Table, seen func()) (*Table, error) {
	b := builder{before: before}
	var known func(name string) (filestore.Info, bool)
	if before != nil {
		known = before.Find
	}
	for info, err := range filestore.Relist(ctx, store, area, known) {
		if err != nil {
			return nil, err
		}
		seen()
		if err := b.add(info); err != nil {
			return nil, err
		}
	}
	return b.table(), nil
}

// match finds the results of the raw files.
func (s *Snapshot) match() {
	s.results = make([]int32, s.Raw.Len())
	for i := range s.results {
		s.results[i] = -1
		name, err := filestore.ResultName(s.Raw.Name(i))
		if err != nil {
			continue
		}
		if place, ok := s.Processed.Place(name); ok && s.Processed.At(place).MadeFrom(s.Raw.At(i)) {
			s.results[i] = int32(place)
			s.Done++
		}
	}
	s.Pending = s.Raw.Len() - s.Done
}

// Catalog shares snapshots among those who look. Make it with New, and end it with
// Close.
type Catalog struct {
	// Limit is for how long a walk of the store may find no file before it is given
	// up: 20 s unless it is set before the first look, or 2 minutes for a remote store,
	// which tries again by itself.
	Limit time.Duration

	store   filestore.Store
	remote  bool // looking is paid for and takes long
	walk    *coalesce.Call[*Snapshot]
	walking chan struct{} // holds an element while a walk is under way, also one that was given up

	mu      sync.Mutex
	latest  *Snapshot
	problem error // of the last walk
}

// ErrStalled: the store neither lists its files nor says why.
var ErrStalled = errors.New("the store listed no file")

// New makes a catalog of the store.
func New(store filestore.Store) *Catalog {
	c := &Catalog{store: store, Limit: 20 * time.Second, walking: make(chan struct{}, 1)}
	if c.remote = filestore.IsRemote(store); c.remote {
		c.Limit = 2 * time.Minute
	}
	c.walk = coalesce.New(c.look)
	return c
}

// Close ends the walk that is under way and waits for it, unless it hangs in the
// system. The latest snapshot stays.
func (c *Catalog) Close() { c.walk.Close() }

// Latest is the newest snapshot there is; nil before the first.
func (c *Catalog) Latest() *Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest
}

// Check is an error while the files cannot be listed: it tells why the last walk of
// the store failed.
func (c *Catalog) Check() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.problem == nil:
		return nil
	case c.latest == nil:
		return fmt.Errorf("the files have not been listed yet: %w", c.problem)
	}
	return fmt.Errorf("the files were last listed at %s: %w", c.latest.At.UTC().Format(time.RFC3339), c.problem)
}

// Refresh returns a snapshot that was begun after the call.
func (c *Catalog) Refresh(ctx context.Context) (*Snapshot, error) { return c.walk.Fresh(ctx) }

// Due returns what a sweep goes by: a new snapshot, or, of a store whose listings
// are paid for, the newest there is, while a newer one is taken in the background
// once that is due. It is nil before the first, and comes with the error of the
// last walk.
func (c *Catalog) Due(ctx context.Context) (*Snapshot, error) {
	if !c.remote {
		return c.Refresh(ctx)
	}
	if s := c.Latest(); s == nil || !fresh(s) {
		_, _ = c.within(ctx, patience)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest, c.problem
}

const (
	// patience is how long people wait for a fresher picture.
	patience = 20 * time.Millisecond
	// slack is how long they wait where taking one is quicker than that as a rule.
	slack = time.Second
)

// Recent returns a snapshot that is fresh enough for people: 200 ms old at most, or
// as old as keeps looking at the store below a tenth of the time, and as the store
// asks for. Where the store is so large that looking takes long, or where it cannot
// be listed for now, it returns the last one, and an error only if there is none.
func (c *Catalog) Recent(ctx context.Context) (*Snapshot, error) {
	s := c.Latest()
	switch {
	case s == nil:
		return c.walk.Join(ctx)
	case fresh(s):
		return s, nil
	}
	most := patience
	if s.Took < patience {
		most = slack
	}
	if newer, err := c.within(ctx, most); err == nil {
		return newer, nil
	}
	return c.Latest(), context.Cause(ctx)
}

// within waits for a walk for the given time at most.
func (c *Catalog) within(ctx context.Context, most time.Duration) (*Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return c.walk.Join(ctx)
}

// look takes the next snapshot.
func (c *Catalog) look(ctx context.Context) (*Snapshot, error) {
	before := c.Latest()
	if before == nil {
		before = &Snapshot{}
	}
	s, err := c.watched(ctx, before)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.latest, c.problem = s, nil
	} else if ctx.Err() == nil {
		c.problem = err
	}
	return s, err
}

// watched walks the store, and gives up when it finds nothing for too long.
func (c *Catalog) watched(ctx context.Context, before *Snapshot) (*Snapshot, error) {
	stalled := fmt.Errorf("%w for %v", ErrStalled, c.Limit)
	select {
	case c.walking <- struct{}{}:
	default:
		return nil, stalled // the walk that was given up hangs in a system call, which nothing ends
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	var last atomic.Int64 // when a file was found, since began
	var s *Snapshot
	var err error
	ended := make(chan struct{})
	go func() {
		defer func() { <-c.walking; close(ended) }()
		s, err = take(ctx, c.store, before, func() { last.Store(int64(time.Since(began))) })
	}()
	timer := time.NewTimer(c.Limit)
	defer timer.Stop()
	for {
		select {
		case <-ended:
			return s, err
		case <-timer.C:
		}
		if left := c.Limit - (time.Since(began) - time.Duration(last.Load())); left > 0 {
			timer.Reset(left)
			continue
		}
		cancel()
		select {
		case <-ended: // as what waits for an answer over the network does
		case <-time.After(time.Second):
		}
		return nil, stalled
	}
}

func fresh(s *Snapshot) bool {
	rest := s.rest
	if rest == 0 { // otherwise it may have taken long because the store was away
		rest = 9 * s.Took
	}
	return time.Since(s.At.Add(s.Took)) < max(200*time.Millisecond, rest)
}
