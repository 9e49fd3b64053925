package bucketstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"

	"csv-pipeline/internal/filestore"
)

const (
	// pageSize is how many keys one request lists, which is the most that all stores allow.
	pageSize = 1000
	// atOnce is how many requests for the Source of a result are made at once.
	atOnce = 32
	// restPerRequest bounds the cost of listing: one request per restPerRequest on average,
	// which is 1,800 an hour, however many files there are.
	restPerRequest = 2 * time.Second
)

// Rest is how long to pause after a listing of areas that hold so many files.
func (s *Store) Rest(files ...int) time.Duration {
	requests := 0
	for _, n := range files {
		requests += n/pageSize + 1
	}
	return time.Duration(requests) * restPerRequest
}

// List lists an area with one request for each thousand files. A listing of S3 has no
// Sources: there is one more request for each result whose Source is not in the index.
func (s *Store) List(ctx context.Context, area filestore.Area) iter.Seq2[filestore.Info, error] {
	return s.Relist(ctx, area, nil)
}

// Relist is List for a caller that has listed the area before: there is no request for
// the Source of a result that has not changed since.
func (s *Store) Relist(ctx context.Context, area filestore.Area, before func(name string) (filestore.Info, bool)) iter.Seq2[filestore.Info, error] {
	return func(yield func(filestore.Info, error) bool) {
		sources := s.sources(ctx, area, before)
		defer sources.close()
		prefix := s.areaPrefix(area)
		token := blob.FirstPageToken
		for len(token) > 0 {
			var page []*blob.ListObject
			err := ctx.Err()
			if err == nil {
				page, token, err = s.listPage(ctx, token, pageSize, &blob.ListOptions{Prefix: prefix, BeforeList: s.backend.askForSources()})
			}
			var files []filestore.Info
			if err == nil {
				files, err = s.page(ctx, area, prefix, page, sources)
			}
			if err != nil {
				yield(filestore.Info{}, s.explain(ctx, "list", prefix, err))
				return
			}
			for _, i := range files {
				if !yield(i, nil) {
					return
				}
			}
		}
		sources.complete()
	}
}

// page returns the files among the objects of a page.
func (s *Store) page(ctx context.Context, area filestore.Area, prefix string, objects []*blob.ListObject, sources *sources) ([]filestore.Info, error) {
	files := make([]filestore.Info, 0, len(objects))
	var unknown []int // places in files whose Source or version the listing does not have
	for _, o := range objects {
		if o.IsDir {
			continue
		}
		key, version, from, ok := s.backend.listed(o)
		if !ok {
			key = o.Key
		}
		name, within := strings.CutPrefix(key, prefix)
		if !within || filestore.CheckName(name) != nil {
			continue // the marker of a folder, a hidden file, or an invalid name
		}
		i := info(area, name, version, o.Size, o.ModTime, origin{})
		switch {
		case !ok:
			unknown = append(unknown, len(files))
		case area != filestore.Processed:
		case from != nil:
			i.Source, i.Settings = from.source, from.settings
		default:
			known, ok := sources.of(i)
			if !ok {
				unknown = append(unknown, len(files))
			}
			i.Source, i.Settings = known.source, known.settings
		}
		files = append(files, i)
	}
	if err := s.ask(ctx, area, files, unknown); err != nil {
		return nil, err
	}
	kept := files[:0]
	for _, i := range files {
		if i.Name != "" { // otherwise it was removed meanwhile
			kept = append(kept, i)
			sources.keep(i)
		}
	}
	return kept, nil
}

// ask calls Stat for some of the files. The name of a file that was removed meanwhile
// becomes empty.
func (s *Store) ask(ctx context.Context, area filestore.Area, files []filestore.Info, places []int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan int)
	var group sync.WaitGroup
	var once sync.Once
	var failed error
	for range min(atOnce, len(places)) {
		group.Go(func() {
			for place := range next {
				i, err := s.Stat(ctx, area, files[place].Name)
				if errors.Is(err, filestore.ErrNotExist) {
					i, err = filestore.Info{}, nil
				}
				if err != nil {
					once.Do(func() { failed = err; cancel() })
				}
				files[place] = i
			}
		})
	}
	for _, place := range places {
		next <- place
	}
	close(next)
	group.Wait()
	if failed != nil {
		return fmt.Errorf("request the Sources of results: %w", failed)
	}
	if area == filestore.Processed && len(places) > 0 {
		s.mu.Lock()
		s.unsaved += len(places)
		s.mu.Unlock()
	}
	return nil
}

// remember keeps the answer about a result until the next listing, where it is newer than
// what was known before. In a listing, a result looks the same after it was replaced by
// the same bytes within the same second, although its Source may be another.
func (s *Store) remember(i filestore.Info) {
	const most = 10_000
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) < most {
		s.asked[i.Name] = i
	}
}

// same reports whether a listing has the version that is known.
func same(known, listed filestore.Info) bool {
	return known.ETag == listed.ETag && known.Size == listed.Size && known.ModTime.Equal(listed.ModTime)
}
