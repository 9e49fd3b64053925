// Package catalog keeps a recent picture of all the files of a store, so that
// looking at them does not walk the store each time.
package catalog

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"csv-pipeline/internal/filestore"
)

// Snapshot is the files of a store at one time; it does not change any more.
type Snapshot struct {
	Raw, Processed []filestore.Info // sorted by name
	At             time.Time        // when the look began
	Took           time.Duration
	// Done is how many results there are, without those of an earlier version of
	// their input.
	Done int
}

// Files are the files of an area.
func (s *Snapshot) Files(area filestore.Area) []filestore.Info {
	if area == filestore.Processed {
		return s.Processed
	}
	return s.Raw
}

// Find looks a file up by its name.
func (s *Snapshot) Find(area filestore.Area, name string) (filestore.Info, bool) {
	files := s.Files(area)
	i, ok := slices.BinarySearchFunc(files, name, func(f filestore.Info, name string) int { return cmp.Compare(f.Name, name) })
	if !ok {
		return filestore.Info{}, false
	}
	return files[i], true
}

// Current returns the result of a raw file that was made from just this version of it.
func (s *Snapshot) Current(raw filestore.Info) (filestore.Info, bool) {
	name, err := filestore.ResultName(raw.Name)
	if err != nil {
		return filestore.Info{}, false
	}
	result, ok := s.Find(filestore.Processed, name)
	return result, ok && result.MadeFrom(raw)
}

// Take looks at the whole store.
func Take(ctx context.Context, store filestore.Store) (*Snapshot, error) {
	s := &Snapshot{At: time.Now()}
	// Raw files first: a result that appears meanwhile is then seen for its input,
	// and not an input for which there seems to be no result.
	for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
		var files []filestore.Info
		for info, err := range store.List(ctx, area) {
			if err != nil {
				return nil, err
			}
			files = append(files, info)
		}
		slices.SortFunc(files, func(a, b filestore.Info) int { return cmp.Compare(a.Name, b.Name) })
		if area == filestore.Raw {
			s.Raw = files
		} else {
			s.Processed = files
		}
	}
	s.Done = len(s.Processed)
	for _, result := range s.Processed {
		if name, ok := filestore.RawName(result.Name); !ok {
			s.Done--
		} else if raw, ok := s.Find(filestore.Raw, name); ok && !result.MadeFrom(raw) {
			s.Done--
		}
	}
	s.Took = time.Since(s.At)
	return s, nil
}

// Catalog shares snapshots among those who look.
type Catalog struct {
	store  filestore.Store
	mu     sync.Mutex
	latest *Snapshot
}

// New makes a catalog of the store.
func New(store filestore.Store) *Catalog { return &Catalog{store: store} }

// Refresh takes a new snapshot.
func (c *Catalog) Refresh(ctx context.Context) (*Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refresh(ctx)
}

func (c *Catalog) refresh(ctx context.Context) (*Snapshot, error) {
	s, err := Take(ctx, c.store)
	if err == nil {
		c.latest = s
	}
	return s, err
}

// Recent returns a snapshot that is fresh enough for people: 200 ms old at most,
// or as old as keeps looking at the store below a tenth of the time.
func (c *Catalog) Recent(ctx context.Context) (*Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.latest; s != nil && time.Since(s.At.Add(s.Took)) < max(200*time.Millisecond, 9*s.Took) {
		return s, nil
	}
	return c.refresh(ctx)
}
