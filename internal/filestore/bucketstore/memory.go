package bucketstore

import (
	"context"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/gcerrors"
)

// memoryBackend is a bucket in the memory of this process. Only blob.Attributes have
// versions.
type memoryBackend struct{}

func (memoryBackend) opened(*blob.Reader) (version string, from origin) { return "", origin{} }

func (memoryBackend) stat(a *blob.Attributes) string { return bare(a.ETag) }

func (memoryBackend) listed(*blob.ListObject) (key, version string, from *origin, ok bool) {
	return "", "", nil, false
}

func (memoryBackend) askForSources() hook { return nil }

func (memoryBackend) pin(string) hook { return nil }

func (memoryBackend) publish(ctx context.Context, _ *blob.WriterOptions) (context.Context, func() (string, time.Time, bool)) {
	return ctx, func() (string, time.Time, bool) { return "", time.Time{}, false }
}

func (memoryBackend) diagnose(err error) problem {
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return missing
	case gcerrors.FailedPrecondition:
		return replaced
	}
	return unavailable
}

func (memoryBackend) removeStale(context.Context, *Store, string, time.Duration) (int, error) {
	return 0, nil
}

func openMemory() *Store { return newStore(memblob.OpenBucket(nil), memoryBackend{}, "mem://", "", "") }
