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
	cloud   cloud
	place   string // for people: s3://bucket/prefix
	name    string // of the bucket
	prefix  string // of all keys; "" or with a slash at its end
	buffers *buffers
	stall   time.Duration // the longest that a read may go without a byte

	mu      sync.Mutex
	reached time.Time                 // when Check last found the bucket there
	asked   map[string]filestore.Info // results whose Source was asked for since they were listed
	unsaved int                       // Sources that were asked for one by one and are not in the index
}

var (
	_ filestore.Store  = (*Store)(nil)
	_ filestore.Remote = (*Store)(nil)
)

// sourceKey is the metadata that a result has: the identity of its input.
const sourceKey = "source"

// cloud is what differs between the object stores beyond what blob.Bucket hides:
// where they tell the version of an object.
type cloud struct {
	// opened returns the version of what is read, and the source it was made from.
	opened func(*blob.Reader) (version, source string)
	// pin lets a read succeed only for the version.
	pin func(version string) func(as func(any) bool) error
	// stat returns the version that the attributes are of.
	stat func(*blob.Attributes) (version string)
	// listed returns the key and version of an object, and its source where the
	// listing has it; ok is false where it does not tell versions.
	listed func(*blob.ListObject) (key, version string, source *string, ok bool)
	// list has a listing tell sources; nil where it cannot.
	list func(as func(any) bool) error
	// publish prepares a write. After it, told returns the version that was written
	// and when; ok is false if the store did not say.
	publish func(context.Context, *blob.WriterOptions) (_ context.Context, told func() (version string, at time.Time, ok bool))
	// diagnose says what an error of the store means.
	diagnose func(*blob.Bucket, error) problem
	// sweep removes unfinished writes older than the age below the prefix; nil where
	// the store does so by itself.
	sweep func(ctx context.Context, prefix string, age time.Duration) (int, error)
}

func newStore(bucket *blob.Bucket, c cloud, place, name, prefix string) *Store {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return &Store{bucket: bucket, cloud: c, place: place, name: name, prefix: prefix, stall: 30 * time.Second,
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
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if _, _, err := s.bucket.ListPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{Prefix: s.prefix}); err != nil {
		return s.explain("look into", s.place, err)
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
	a, err := s.bucket.Attributes(ctx, key)
	if err != nil {
		return filestore.Info{}, s.explain("look at", key, err)
	}
	i := info(area, name, s.cloud.stat(a), a.Size, a.ModTime, a.Metadata[sourceKey])
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

// bare is an ETag without its quotes.
func bare(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }

// Remove removes an object.
func (s *Store) Remove(ctx context.Context, area filestore.Area, name string) error {
	key, err := s.key(area, name)
	if err != nil {
		return err
	}
	return s.refused("remove", key, s.bucket.Delete(ctx, key))
}

// Sweep removes the parts of large objects whose writers died.
func (s *Store) Sweep(ctx context.Context, age time.Duration) (int, error) {
	if s.cloud.sweep == nil {
		return 0, nil
	}
	removed := 0
	for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
		n, err := s.cloud.sweep(ctx, s.areaPrefix(area), age)
		removed += n
		if err != nil {
			return removed, s.refused("remove unfinished uploads from", s.place, err)
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
