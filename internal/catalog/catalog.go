// Package catalog keeps a recent listing of all files of a store, which many requests
// share instead of listing the store each time.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"csv-pipeline/internal/coalesce"
	"csv-pipeline/internal/filestore"
)

// Snapshot is the files of a store at one time. It is immutable.
type Snapshot struct {
	Raw, Processed *Table
	At             time.Time // when the listing began
	Took           time.Duration
	// Done is how many raw files have a result that was made from their current version;
	// Pending is the number of all other raw files.
	Done, Pending int

	formats func(raw string) []filestore.Format
	results []int32       // for each raw file the place of its current result; -1 where there is none
	rest    time.Duration // how long to leave the store alone
}

// Files are the files of an area.
func (s *Snapshot) Files(area filestore.Area) *Table {
	if area == filestore.Processed {
		return s.Processed
	}
	return s.Raw
}

// Current returns the result of a raw file if it was made from this version of it and is in
// the format that is asked for.
func (s *Snapshot) Current(raw filestore.Info) (filestore.Info, bool) {
	place := s.current(raw)
	if place < 0 {
		return filestore.Info{}, false
	}
	return s.Processed.At(place), true
}

// current is the place of the current result of a raw file; -1 where there is none.
func (s *Snapshot) current(raw filestore.Info) int {
	for _, format := range s.formats(raw.Name) {
		name, err := format.ResultName(raw.Name)
		if err != nil {
			return -1
		}
		if place, ok := s.Processed.Place(name); ok && s.Processed.At(place).MadeFrom(raw) {
			return place
		}
	}
	return -1
}

// HasResult reports whether the raw file at the given place has a current result.
func (s *Snapshot) HasResult(place int) bool { return s.results[place] >= 0 }

// ResultName is the name of the current result of the raw file at the given place, which has
// one.
func (s *Snapshot) ResultName(place int) string { return s.Processed.Name(int(s.results[place])) }

// Take lists the whole store. Results of every format count.
func Take(ctx context.Context, store filestore.Store) (*Snapshot, error) {
	return take(ctx, store, &Snapshot{formats: anyFormat}, func() {})
}

func anyFormat(string) []filestore.Format { return filestore.Formats }

// take calls seen for each file.
func take(ctx context.Context, store filestore.Store, before *Snapshot, seen func()) (*Snapshot, error) {
	s := &Snapshot{At: time.Now(), formats: before.formats}
	var err error
	// Raw files first: otherwise an input that is processed between the two listings would
	// be in the second of them, and its result not in the first.
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

// match finds the current results of the raw files.
func (s *Snapshot) match() {
	s.results = make([]int32, s.Raw.Len())
	for i := range s.results {
		if s.results[i] = int32(s.current(s.Raw.At(i))); s.results[i] >= 0 {
			s.Done++
		}
	}
	s.Pending = s.Raw.Len() - s.Done
}

// Catalog shares snapshots among all callers. Make it with New, and end it with Close.
type Catalog struct {
	// Limit is how long a walk of the store may find no file before it is abandoned. It
	// is 20 s, or 2 minutes for a remote store, which retries by itself. Set it before the
	// first walk.
	Limit time.Duration
	// Format is that of the result of a raw file: a result of another one does not count.
	// Where it is nil, all do. Set it before the first walk.
	Format func(raw string) filestore.Format

	store   filestore.Store
	remote  bool // listing it is slow and costs money
	walk    *coalesce.Call[*Snapshot]
	walking chan struct{} // holds an element while a walk runs, also one that was abandoned

	mu      sync.Mutex
	latest  *Snapshot
	problem error // of the last walk
}

// errStalled: the store neither lists its files nor returns an error.
var errStalled = errors.New("the store listed no file")

// New makes a catalog of the store.
func New(store filestore.Store) *Catalog {
	c := &Catalog{store: store, Limit: 20 * time.Second, walking: make(chan struct{}, 1)}
	if c.remote = filestore.IsRemote(store); c.remote {
		c.Limit = 2 * time.Minute
	}
	c.walk = coalesce.New(c.look)
	return c
}

// Close ends the current walk and waits for it, unless it hangs in a system call. Latest
// still returns the latest snapshot.
func (c *Catalog) Close() { c.walk.Close() }

// Formats are those in which the result of a raw file counts.
func (c *Catalog) Formats(raw string) []filestore.Format {
	if c.Format == nil {
		return filestore.Formats
	}
	return []filestore.Format{c.Format(raw)}
}

// Outdated reports whether a result of a raw file is not its current one. raw is nil where
// there is no such file.
func (c *Catalog) Outdated(result filestore.Info, raw *filestore.Info) bool {
	if raw == nil || !result.MadeFrom(*raw) {
		return true
	}
	format, _ := filestore.FormatOf(result.Name)
	return !slices.Contains(c.Formats(raw.Name), format)
}

// Latest is the newest snapshot; nil before the first.
func (c *Catalog) Latest() *Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest
}

// Check returns an error while the files cannot be listed: why the last walk of the
// store failed.
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

// Due returns the snapshot for a sweep: a new one, or, of a remote store, the newest
// that there is, while a newer one is taken in the background if that is due. It is nil
// before the first, and comes with the error of the last walk.
func (c *Catalog) Due(ctx context.Context) (*Snapshot, error) {
	if !c.remote {
		return c.Refresh(ctx)
	}
	if s := c.Latest(); s == nil || !fresh(s) {
		_, _ = c.within(ctx, quick)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest, c.problem
}

const (
	// patience is how long a request waits for a walk of the store where the last one was quick. Where
	// it was not, requests wait as long as a quick one takes; with more than few files, not at all.
	patience = time.Second
	quick    = 20 * time.Millisecond
	few      = 10_000
)

// Recent returns a snapshot for a page: at most 200 ms old, or older where listing the
// store would otherwise take more than a tenth of the time, or the store asks for a
// pause. Where a walk takes long or fails, it returns the latest snapshot, while the next is
// taken in the background, and an error only if there is none.
func (c *Catalog) Recent(ctx context.Context) (*Snapshot, error) {
	s := c.Latest()
	switch {
	case s == nil:
		return c.walk.Join(ctx)
	case fresh(s):
		return s, nil
	case s.Took >= quick && s.Raw.Len()+s.Processed.Len() > few:
		c.walk.Start()
		return s, nil
	}
	most := patience
	if s.Took >= quick {
		most = quick
	}
	if newer, err := c.within(ctx, most); err == nil {
		return newer, nil
	}
	return c.Latest(), context.Cause(ctx)
}

// within waits for a walk, at most so long.
func (c *Catalog) within(ctx context.Context, most time.Duration) (*Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return c.walk.Join(ctx)
}

// look takes the next snapshot and makes it the latest.
func (c *Catalog) look(ctx context.Context) (*Snapshot, error) {
	before := c.Latest()
	if before == nil {
		before = &Snapshot{formats: c.Formats}
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

// watched walks the store, and abandons the walk when it finds no file for Limit.
func (c *Catalog) watched(ctx context.Context, before *Snapshot) (*Snapshot, error) {
	stalled := fmt.Errorf("%w for %v", errStalled, c.Limit)
	select {
	case c.walking <- struct{}{}:
	default:
		return nil, stalled // the abandoned walk hangs in a system call, which cannot be interrupted
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	var last atomic.Int64 // when the latest file was found, since began
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
		case <-ended: // as a request over the network does
		case <-time.After(time.Second):
		}
		return nil, stalled
	}
}

func fresh(s *Snapshot) bool {
	rest := s.rest
	if rest == 0 { // a walk of a remote store may have taken long because of an outage
		rest = 9 * s.Took
	}
	return time.Since(s.At.Add(s.Took)) < max(200*time.Millisecond, rest)
}
