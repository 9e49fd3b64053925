package bucketstore

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/gcp"
	"google.golang.org/api/googleapi"

	"csv-pipeline/internal/cli"
)

// openGCS opens gs://bucket/prefix, with the default credentials of an application.
func openGCS(ctx context.Context, u *url.URL, q *query) (*blob.Bucket, backend, error) {
	anonymous := q.boolean("anonymous", false)
	if err := q.end(); err != nil {
		return nil, nil, err
	}
	transport := httpClient().GetTransport()
	client := gcp.NewAnonymousHTTPClient(transport)
	if !anonymous && os.Getenv("STORAGE_EMULATOR_HOST") == "" {
		credentials, err := gcp.DefaultCredentials(ctx)
		if err != nil {
			return nil, nil, cli.Usagef("there are no credentials for %s: set GOOGLE_APPLICATION_CREDENTIALS, or run with a service account (%v)", place(u), last(err))
		}
		if client, err = gcp.NewHTTPClient(transport, gcp.CredentialsTokenSource(credentials)); err != nil {
			return nil, nil, q.refuse("%v", err)
		}
	}
	bucket, err := gcsblob.OpenBucket(ctx, client, u.Host, nil)
	if err != nil {
		return nil, nil, q.refuse("%v", err)
	}
	var service *storage.Client
	if bucket.As(&service) { // by default it retries without a limit
		service.SetRetry(storage.WithMaxAttempts(mostAttempts), storage.WithBackoff(gax.Backoff{Max: longestPause}))
	}
	return bucket, gcsBackend{bucket}, nil
}

// gcsBackend is Google Cloud Storage. A version is a generation: the ETag of an object
// differs between a listing and a read.
type gcsBackend struct{ bucket *blob.Bucket }

func (gcsBackend) opened(r *blob.Reader) (version string, from origin) {
	var raw *storage.Reader
	if !r.As(&raw) {
		return "", origin{}
	}
	metadata := raw.Metadata() // they came as headers
	return generation(raw.Attrs.Generation), originOf(func(key string) string { return metadata[http.CanonicalHeaderKey(key)] })
}

func (gcsBackend) stat(a *blob.Attributes) string {
	var attrs storage.ObjectAttrs
	a.As(&attrs)
	return generation(attrs.Generation)
}

func (gcsBackend) listed(o *blob.ListObject) (key, version string, _ *origin, ok bool) {
	var attrs storage.ObjectAttrs
	ok = o.As(&attrs)
	from := originOf(func(key string) string { return attrs.Metadata[key] })
	return attrs.Name, generation(attrs.Generation), &from, ok
}

func (gcsBackend) askForSources() hook {
	return func(as func(any) bool) error {
		var q *storage.Query
		if as(&q) {
			return q.SetAttrSelection([]string{"Name", "Size", "Updated", "Generation", "Metadata"})
		}
		return nil
	}
}

func (gcsBackend) pin(version string) hook {
	return func(as func(any) bool) error {
		var object **storage.ObjectHandle
		if n, err := strconv.ParseInt(version, 36, 64); err == nil && as(&object) {
			*object = (*object).If(storage.Conditions{GenerationMatch: n})
		}
		return nil
	}
}

func (gcsBackend) publish(ctx context.Context, o *blob.WriterOptions) (context.Context, func() (string, time.Time, bool)) {
	var w *storage.Writer
	o.BeforeWrite = func(as func(any) bool) error {
		var object **storage.ObjectHandle
		if as(&object) { // writing the same bytes again does no harm, which the client cannot know
			*object = (*object).Retryer(storage.WithPolicy(storage.RetryAlways), storage.WithErrorFunc(fewTimes()))
		}
		as(&w)
		return nil
	}
	return ctx, func() (string, time.Time, bool) {
		if w == nil || w.Attrs() == nil {
			return "", time.Time{}, false
		}
		return generation(w.Attrs().Generation), w.Attrs().Updated, true
	}
}

func (b gcsBackend) diagnose(err error) problem {
	switch {
	case errors.Is(err, storage.ErrBucketNotExist):
		return noBucket
	case errors.Is(err, storage.ErrObjectNotExist):
		return missing
	}
	var answer *googleapi.Error
	if !errors.As(err, &answer) && !b.bucket.ErrorAs(err, &answer) {
		return unavailable
	}
	switch answer.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return forbidden
	case http.StatusNotFound:
		return missing
	case http.StatusPreconditionFailed:
		return replaced
	case http.StatusRequestedRangeNotSatisfiable:
		return empty
	}
	return unavailable
}

// Google removes unfinished uploads after a week by itself.
func (gcsBackend) removeStale(context.Context, *Store, string, time.Duration) (int, error) {
	return 0, nil
}

// fewTimes retries an upload at most mostAttempts times in a row; the client's own limit
// does not apply to uploads.
func fewTimes() func(error) bool {
	failures := 0
	return func(err error) bool {
		if err == nil {
			failures = 0
			return false
		}
		failures++
		return failures < mostAttempts && storage.ShouldRetry(err)
	}
}

func generation(n int64) string { return strconv.FormatInt(n, 36) }
