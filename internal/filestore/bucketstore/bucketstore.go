// Package bucketstore keeps files in a bucket of an object store: S3 and what
// speaks its protocol, Google Cloud Storage, or Azure Blob Storage.
//
// The key of a file is <prefix>/<area>/<name>. An object appears whole or not at
// all, by the store's own promise. What a version of an input is called, its ETag
// (on Google Cloud Storage its generation), is also its identity, and is kept with
// the result that was made from it, as the metadata "source".
package bucketstore

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"

	"csv-pipeline/internal/filestore"
)

// Store is a filestore.Store in a bucket.
type Store struct {
	bucket  *blob.Bucket
	backend backend
	place   string // for people: s3://bucket/prefix
	name    string // of the bucket
	prefix  string // of all keys; "" or with a slash at its end
	buffers *buffers
	stall   time.Duration // the longest that a read may go without a byte
	limit   time.Duration // the longest that a request may take whose answer is short, with its repetitions

	mu      sync.Mutex
	reached time.Time                 // when Check last found the bucket there
	asked   map[string]filestore.Info // results whose Source was asked for since they were listed
	unsaved int                       // Sources that were asked for one by one and are not in the index
}

var (
	_ filestore.Store       = (*Store)(nil)
	_ filestore.Remote      = (*Store)(nil)
	_ filestore.ObjectNamer = (*Store)(nil)
)

// sourceKey is the metadata that a result has: the identity of its input.
const sourceKey = "source"

func newStore(bucket *blob.Bucket, b backend, place, name, prefix string) *Store {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return &Store{bucket: bucket, backend: b, place: place, name: name, prefix: prefix, stall: 30 * time.Second, limit: 2 * time.Minute,
		buffers: newBuffers(), asked: make(map[string]filestore.Info)}
}

func (s *Store) areaPrefix(area filestore.Area) string { return s.prefix + string(area) + "/" }

func (s *Store) key(area filestore.Area, name string) (string, error) {
	if err := filestore.CheckName(name); err != nil {
		return "", err
	}
	key := s.areaPrefix(area) + name
	if len(key) > maxKey {
		return "", fmt.Errorf("%w: with the bucket's prefix it has %d bytes, at most %d are allowed", filestore.ErrInvalidName, len(key), maxKey)
	}
	return key, nil
}

// RawName is the name of the raw file that an object is; false when it is none here.
func (s *Store) RawName(bucket, key string) (string, bool) {
	name, ok := strings.CutPrefix(key, s.areaPrefix(filestore.Raw))
	return name, ok && bucket == s.name && filestore.CheckName(name) == nil
}

// maxKey is the limit that the object stores share, in bytes.
const maxKey = 1024

// Close ends the use of the bucket.
func (s *Store) Close() error { return s.bucket.Close() }

// recheck is for how long a bucket that was found is taken to be there: probes ask
// more often than it is worth a request.
const recheck = 10 * time.Second

// Check says whether the bucket can be listed.
func (s *Store) Check(ctx context.Context) error {
	s.mu.Lock()
	recent := time.Since(s.reached) < recheck
	s.mu.Unlock()
	if recent {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if _, _, err := s.listPage(within, blob.FirstPageToken, 1, &blob.ListOptions{Prefix: s.prefix}); err != nil {
		return s.explain(ctx, "look into", s.place, err)
	}
	s.mu.Lock()
	s.reached = time.Now()
	s.mu.Unlock()
	return nil
}

// Stat describes an object by one request.
func (s *Store) Stat(ctx context.Context, area filestore.Area, name string) (filestore.Info, error) {
	key, err := s.key(area, name)
	if err != nil {
		return filestore.Info{}, err
	}
	a, err := limited(ctx, s, func(ctx context.Context) (*blob.Attributes, error) { return s.bucket.Attributes(ctx, key) })
	if err != nil {
		return filestore.Info{}, s.explain(ctx, "look at", key, err)
	}
	i := info(area, name, s.backend.stat(a), a.Size, a.ModTime, a.Metadata[sourceKey])
	if area == filestore.Processed {
		s.remember(i)
	}
	return i, nil
}

// info describes a version of an object. A store tells times to the second in one
// answer and more exactly in another, so all are cut to the second.
func info(area filestore.Area, name, version string, size int64, modTime time.Time, source string) filestore.Info {
	i := filestore.Info{Name: name, Size: size, ModTime: modTime.Truncate(time.Second), ETag: version}
	if area == filestore.Processed {
		i.Source = source
	} else {
		i.Identity = version
	}
	return i
}

// Remove removes an object.
func (s *Store) Remove(ctx context.Context, area filestore.Area, name string) error {
	key, err := s.key(area, name)
	if err != nil {
		return err
	}
	return s.refused(ctx, "remove", key, s.remove(ctx, key, nil))
}

// RemoveVersion removes an object if it still is a certain version. It looks first,
// for servers of S3 that remove whatever there is.
func (s *Store) RemoveVersion(ctx context.Context, area filestore.Area, version filestore.Info) (bool, error) {
	now, err := s.Stat(ctx, area, version.Name)
	if err != nil || now.ETag != version.ETag {
		return false, err
	}
	key, err := s.key(area, version.Name)
	if err != nil {
		return false, err
	}
	err = s.remove(ctx, key, s.backend.pin(version.ETag))
	if err != nil && s.diagnose(err) == replaced {
		return false, nil
	}
	return err == nil, s.refused(ctx, "remove", key, err)
}

func (s *Store) remove(ctx context.Context, key string, pin func(as func(any) bool) error) error {
	_, err := limited(ctx, s, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.bucket.DeleteWithOptions(ctx, key, &blob.DeleteOptions{BeforeDelete: pin})
	})
	return err
}

// limited makes a request that is answered in short, or not at all.
func limited[T any](ctx context.Context, s *Store, request func(context.Context) (T, error)) (T, error) {
	within, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	answer, err := request(within)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		err = s.noAnswer()
	}
	return answer, err
}

func (s *Store) noAnswer() error { return fmt.Errorf("it has not answered for %s", s.limit) }

// listPage lists a page by one request.
func (s *Store) listPage(ctx context.Context, token []byte, size int, options *blob.ListOptions) (page []*blob.ListObject, next []byte, err error) {
	page, err = limited(ctx, s, func(ctx context.Context) (page []*blob.ListObject, err error) {
		page, next, err = s.bucket.ListPage(ctx, token, size, options)
		return page, err
	})
	return page, next, err
}

// Sweep removes the parts of large objects whose writers died.
func (s *Store) Sweep(ctx context.Context, age time.Duration) (int, error) {
	removed := 0
	for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
		n, err := s.backend.sweep(ctx, s, s.areaPrefix(area), age)
		removed += n
		if err != nil {
			return removed, s.refused(ctx, "remove unfinished uploads from", s.place, err)
		}
	}
	return removed, nil
}

func contentType(name string) string {
	switch {
	case strings.HasSuffix(strings.ToLower(name), ".csv"):
		return "text/csv; charset=utf-8"
	case strings.HasSuffix(strings.ToLower(name), ".gz"):
		return "application/gzip"
	default:
		return "application/octet-stream"
	}
}
