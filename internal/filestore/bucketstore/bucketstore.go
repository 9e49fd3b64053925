// Package bucketstore keeps files in a bucket of an object store: S3 and compatible ones,
// Google Cloud Storage, or Azure Blob Storage.
//
// The key of a file is <prefix>/<area>/<name>. Object stores promise that an object
// appears as a whole or not at all. A version of an input is identified by its ETag (on
// Google Cloud Storage by its generation); the result that is made from it has this
// identity in its metadata, as "source", and the fingerprint of the settings that it was made
// under, as "settings".
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
	place   string // for messages: s3://bucket/prefix
	name    string // of the bucket
	prefix  string // of all keys; "" or with a slash at its end
	buffers *buffers
	stall   time.Duration // how long a read may receive no byte
	limit   time.Duration // how long a request with a short answer may take, with its retries

	mu      sync.Mutex
	reached time.Time                 // when the bucket was last listed
	asked   map[string]filestore.Info // results whose Source was requested since the last listing
	unsaved int                       // how many Sources were requested one by one and are not in the index
}

var (
	_ filestore.Store       = (*Store)(nil)
	_ filestore.Remote      = (*Store)(nil)
	_ filestore.ObjectNamer = (*Store)(nil)
)

// The keys of the metadata of a result that hold the identity of its input and the fingerprint
// of the settings that it was made under.
const (
	sourceKey   = "source"
	settingsKey = "settings"
)

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

// RawName is the name of the raw file that an object is; false when it is not one of this
// store.
func (s *Store) RawName(bucket, key string) (string, bool) {
	name, ok := strings.CutPrefix(key, s.areaPrefix(filestore.Raw))
	return name, ok && bucket == s.name && filestore.CheckName(name) == nil
}

// maxKey is the longest key that all object stores allow, in bytes.
const maxKey = 1024

// Close ends the use of the bucket.
func (s *Store) Close() error { return s.bucket.Close() }

// recheck is how long Check relies on its last request: probes come more often than a
// request is worth.
const recheck = 10 * time.Second

// Check returns an error while the bucket cannot be listed.
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
	i := info(area, name, s.backend.stat(a), a.Size, a.ModTime, originOf(func(key string) string { return a.Metadata[key] }))
	if area == filestore.Processed {
		s.remember(i)
	}
	return i, nil
}

// info describes a version of an object. Some answers of a store have times with fractions
// of a second and others do not, so all are cut to the second.
func info(area filestore.Area, name, version string, size int64, modTime time.Time, from origin) filestore.Info {
	i := filestore.Info{Name: name, Size: size, ModTime: modTime.Truncate(time.Second), ETag: version}
	if area == filestore.Processed {
		i.Source, i.Settings = from.source, from.settings
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

// RemoveVersion removes an object if it still is the given version. It first asks for the
// version, because some S3 servers ignore the condition of a removal.
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

// limited makes a request with a short answer, which takes at most Store.limit.
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

// listPage lists one page with one request.
func (s *Store) listPage(ctx context.Context, token []byte, size int, options *blob.ListOptions) (page []*blob.ListObject, next []byte, err error) {
	page, err = limited(ctx, s, func(ctx context.Context) (page []*blob.ListObject, err error) {
		page, next, err = s.bucket.ListPage(ctx, token, size, options)
		return page, err
	})
	return page, next, err
}

// RemoveStale removes the uploaded parts of large objects whose writers died.
func (s *Store) RemoveStale(ctx context.Context, age time.Duration) (int, error) {
	removed := 0
	for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
		n, err := s.backend.removeStale(ctx, s, s.areaPrefix(area), age)
		removed += n
		if err != nil {
			return removed, s.refused(ctx, "remove unfinished uploads from", s.place, err)
		}
	}
	return removed, nil
}
