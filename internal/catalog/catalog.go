// Package catalog keeps a recent picture of all the files of a store, so that
// looking at them does not walk the store each time.
package catalog

import (
	"cmp"
	"context"
	"math"
	"sync"
	"time"

	"csv-pipeline/internal/filestore"
)

// Snapshot is the files of a store at one time; it does not change any more.
type Snapshot struct {
	Raw, Processed *Table
	At             time.Time // when the look began
	Took           time.Duration
	// Done is how many results there are, without those of an earlier version of
	// their input.
	Done int
	// Pending is how many raw files have no current result.
	Pending int

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
	return take(ctx, store, &Snapshot{})
}

func take(ctx context.Context, store filestore.Store, before *Snapshot) (*Snapshot, error) {
	s := &Snapshot{At: time.Now()}
	var err error
	// Raw files first: a result that appears meanwhile is then seen for its input,
	// and not an input for which there seems to be no result.
	if s.Raw, err = list(ctx, store, filestore.Raw, before.Raw); err != nil {
		return nil, err
	}
	if s.Processed, err = list(ctx, store, filestore.Processed, before.Processed); err != nil {
		return nil, err
	}
	if s.Raw == before.Raw && s.Processed == before.Processed {
		s.Done, s.Pending, s.results = before.Done, before.Pending, before.results
	} else {
		s.match()
	}
	s.Took = time.Since(s.At)
	if remote, ok := store.(filestore.Remote); ok {
		s.rest = remote.Rest(s.Raw.Len(), s.Processed.Len())
	}
	return s, nil
}

func list(ctx context.Context, store filestore.Store, area filestore.Area, before *Table) (*Table, error) {
	b := builder{before: before}
	files := store.List(ctx, area)
	if remote, ok := store.(filestore.Remote); ok && before != nil {
		files = remote.Relist(ctx, area, before.Find)
	}
	for info, err := range files {
		if err != nil {
			return nil, err
		}
		if err := b.add(info); err != nil {
			return nil, err
		}
	}
	return b.table(), nil
}

// match finds the results of the raw files.
func (s *Snapshot) match() {
	s.results = make([]int32, s.Raw.Len())
	outdated := 0
	matched := make([]bool, s.Processed.Len())
	for i := range s.results {
		s.results[i] = -1
		name, err := filestore.ResultName(s.Raw.Name(i))
		if err != nil {
			continue
		}
		place, ok := s.Processed.Place(name)
		if !ok {
			continue
		}
		matched[place] = true
		if s.Processed.At(place).MadeFrom(s.Raw.At(i)) {
			s.results[i] = int32(place)
		} else {
			outdated++
		}
	}
	for _, place := range s.results {
		if place < 0 {
			s.Pending++
		}
	}
	s.Done = s.Processed.Len() - outdated
	for place, ok := range matched {
		if !ok {
			if _, isResult := filestore.RawName(s.Processed.Name(place)); !isResult {
				s.Done--
			}
		}
	}
}

// Catalog shares snapshots among those who look.
type Catalog struct {
	store  filestore.Store
	remote bool // looking is paid for and takes long

	looking sync.Mutex // held by who takes a snapshot
	mu      sync.Mutex
	latest  *Snapshot
	pending chan struct{} // closed when the look in the background has ended
	problem error         // of the last look in the background
}

// New makes a catalog of the store.
func New(store filestore.Store) *Catalog {
	_, remote := store.(filestore.Remote)
	return &Catalog{store: store, remote: remote}
}

// Latest is the newest snapshot there is; nil before the first.
func (c *Catalog) Latest() *Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest
}

// Refresh takes a new snapshot.
func (c *Catalog) Refresh(ctx context.Context) (*Snapshot, error) {
	c.looking.Lock()
	defer c.looking.Unlock()
	before := c.Latest()
	if before == nil {
		before = &Snapshot{}
	}
	s, err := take(ctx, c.store, before)
	if err == nil {
		c.mu.Lock()
		c.latest = s
		c.mu.Unlock()
	}
	return s, err
}

// Due returns what a sweep goes by: a new snapshot, or, of a store whose listings
// are paid for, the newest there is, while a newer one is taken in the background
// once that is due. It is nil before the first, and comes with the error of the
// last look.
func (c *Catalog) Due(ctx context.Context) (*Snapshot, error) {
	if !c.remote {
		return c.Refresh(ctx)
	}
	if s := c.Latest(); s == nil || !fresh(s) {
		c.wait(ctx, c.background(ctx), patience)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest, c.problem
}

// patience is how long people wait for a fresher picture.
const patience = 20 * time.Millisecond

// Recent returns a snapshot that is fresh enough for people: 200 ms old at most, or
// as old as keeps looking at the store below a tenth of the time, and as the store
// asks for. Where the store is so large that looking takes long, it does not wait
// for the end of that.
func (c *Catalog) Recent(ctx context.Context) (*Snapshot, error) {
	s := c.Latest()
	switch {
	case s == nil && !c.remote:
		return c.Refresh(ctx)
	case s == nil:
		c.wait(ctx, c.background(ctx), forever)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.latest == nil {
			return nil, cmp.Or(context.Cause(ctx), c.problem)
		}
		return c.latest, nil
	case fresh(s):
		return s, nil
	case s.Took < patience:
		return c.refreshUnlessFresh(ctx)
	}
	c.wait(ctx, c.background(ctx), patience)
	return c.Latest(), ctx.Err()
}

const forever = time.Duration(math.MaxInt64)

// background begins to look, unless somebody does, and returns what is closed then.
func (c *Catalog) background(ctx context.Context) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending != nil {
		return c.pending
	}
	limit := time.Minute
	if c.remote {
		limit = forever // a million files take a thousand requests and more
	}
	done := make(chan struct{})
	c.pending = done
	go func() {
		// Whoever asked may leave; the picture is for all.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
		_, err := c.refreshUnlessFresh(ctx)
		c.mu.Lock()
		c.pending, c.problem = nil, err
		c.mu.Unlock()
		close(done)
	}()
	return done
}

// wait waits for what is pending, for the given time at most.
func (c *Catalog) wait(ctx context.Context, pending <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-pending:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (c *Catalog) refreshUnlessFresh(ctx context.Context) (*Snapshot, error) {
	c.looking.Lock()
	s := c.Latest()
	c.looking.Unlock()
	if s != nil && fresh(s) { // somebody else has just looked
		return s, nil
	}
	return c.Refresh(ctx)
}

func fresh(s *Snapshot) bool {
	rest := s.rest
	if rest == 0 { // otherwise it may have taken long because the store was away
		rest = 9 * s.Took
	}
	return time.Since(s.At.Add(s.Took)) < max(200*time.Millisecond, rest)
}
