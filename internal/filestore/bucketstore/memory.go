package bucketstore

import (
	"context"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/gcerrors"
)

// memoryCloud is a bucket in this process, which only blob.Attributes tell the
// versions of.
var memoryCloud = cloud{
	opened:     func(*blob.Reader) (version, source string) { return "", "" },
	pin:        func(string) func(func(any) bool) error { return nil },
	pinRemoval: func(string) func(func(any) bool) error { return nil },
	stat:       func(a *blob.Attributes) string { return bare(a.ETag) },
	listed:     func(*blob.ListObject) (key, version string, source *string, ok bool) { return "", "", nil, false },
	publish: func(ctx context.Context, _ *blob.WriterOptions) (context.Context, func() (string, time.Time, bool)) {
		return ctx, func() (string, time.Time, bool) { return "", time.Time{}, false }
	},
	diagnose: func(_ *blob.Bucket, err error) problem {
		switch gcerrors.Code(err) {
		case gcerrors.NotFound:
			return missing
		case gcerrors.FailedPrecondition:
			return replaced
		}
		return unavailable
	},
}

func openMemory() *Store { return newStore(memblob.OpenBucket(nil), memoryCloud, "mem://", "", "") }
