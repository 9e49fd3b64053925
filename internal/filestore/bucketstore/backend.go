package bucketstore

import (
	"context"
	"net/url"
	"strings"
	"time"

	"gocloud.dev/blob"
)

// backend is what differs between the object stores beyond what blob.Bucket hides: mostly
// in which answers the version of an object is. There are s3Backend, gcsBackend,
// azureBackend and memoryBackend.
type backend interface {
	// opened returns the version of the object that is read, and its origin; version is ""
	// where the answer to a read does not have it.
	opened(*blob.Reader) (version string, from origin)
	// stat returns the version that the attributes are of.
	stat(*blob.Attributes) (version string)
	// listed returns the key and version of a listed object, and its origin, or nil where
	// the listing has none; ok is false where it has no versions.
	listed(*blob.ListObject) (key, version string, from *origin, ok bool)
	// askForSources makes a listing contain sources; nil where that is not possible.
	askForSources() hook
	// pin makes a read or a removal fail unless the object has the version.
	pin(version string) hook
	// publish prepares a write. After the write, told returns the version that was written
	// and when; ok is false if the answer did not have it.
	publish(context.Context, *blob.WriterOptions) (_ context.Context, told func() (version string, at time.Time, ok bool))
	// diagnose classifies an error of the SDK.
	diagnose(error) problem
	// removeStale removes unfinished writes older than the age below the prefix, and returns
	// how many there were. It does nothing where the store removes them by itself.
	removeStale(ctx context.Context, s *Store, prefix string, age time.Duration) (int, error)
}

// origin is what the metadata of a result say of how it was made.
type origin struct{ source, settings string }

// originOf reads metadata; value returns one of them.
func originOf(value func(key string) string) origin {
	return origin{value(sourceKey), value(settingsKey)}
}

// hook changes a request before it is sent; as gives the SDK's own form of it.
type hook = func(as func(any) bool) error

// bare is an ETag without its quotes.
func bare(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }

// unescaped is a value of an object's metadata as it was given to blob, which escapes
// it.
func unescaped(metadata string) string {
	if text, err := url.PathUnescape(metadata); err == nil {
		return text
	}
	return metadata
}

type (
	versionKey  struct{}
	versionTold struct {
		etag string
		at   time.Time
	}
)

// withVersion returns a context in which the SDK's middleware (keepS3Version,
// keepAzureVersion) notes what the answer to a write says about the object, and a
// function that returns it: blob.Bucket does not pass it on.
func withVersion(ctx context.Context) (context.Context, func() (string, time.Time, bool)) {
	var v versionTold
	return context.WithValue(ctx, versionKey{}, &v), func() (string, time.Time, bool) { return v.etag, v.at, v.etag != "" }
}
