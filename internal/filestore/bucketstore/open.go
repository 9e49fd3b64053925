package bucketstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	"gocloud.dev/blob"

	"csv-pipeline/internal/cli"
)

// Open opens the bucket that a URL names, and checks that it exists. For a mistake in the
// URL, missing credentials or a missing bucket, the error is a *cli.UsageError.
func Open(ctx context.Context, u *url.URL) (*Store, error) {
	q := &query{raw: u.Redacted(), values: u.Query()}
	if u.Scheme == "mem" {
		return openMemory(), q.end()
	}
	if u.Host == "" || strings.Contains(u.Host, ":") || u.User != nil {
		return nil, q.refuse("it names no bucket")
	}
	var bucket *blob.Bucket
	var b backend
	var err error
	switch u.Scheme {
	case "s3":
		bucket, b, err = openS3(ctx, u, q)
	case "gs":
		bucket, b, err = openGCS(ctx, u, q)
	case "azblob":
		bucket, b, err = openAzure(ctx, u, q)
	default:
		return nil, q.refuse("there is no store %s://", u.Scheme)
	}
	if err != nil {
		return nil, err
	}
	s := newStore(bucket, b, place(u), u.Host, u.Path)
	if err := s.there(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func place(u *url.URL) string { return u.Scheme + "://" + u.Host + strings.TrimSuffix(u.Path, "/") }

// there checks that the bucket exists and can be listed.
func (s *Store) there(ctx context.Context) error {
	_, _, err := s.listPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{Prefix: s.prefix})
	if err == nil {
		s.reached = time.Now()
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch s.diagnose(err) {
	case noBucket, missing:
		return cli.Usagef("--store-url (STORE_URL) %s: there is no such bucket", s.place)
	case forbidden:
		return cli.Usagef("--store-url (STORE_URL) %s: the store refuses the credentials, or they do not allow to list the bucket (%s)", s.place, reason(err))
	}
	return fmt.Errorf("the store %s cannot be reached: %s", s.place, reason(err))
}

// reason is the cause of an error, without what the SDK wraps around it.
func reason(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode() + ": " + answer.ErrorMessage()
	}
	var failed *net.OpError
	if errors.As(err, &failed) {
		return failed.Error()
	}
	return last(err).Error()
}

// last is the innermost error.
func last(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// query is the parameters of a URL. An opener takes each that it knows and then calls end.
type query struct {
	raw    string
	values url.Values
	err    error
}

func (q *query) refuse(format string, args ...any) error {
	return cli.Usagef("--store-url (STORE_URL) %q: %s", q.raw, fmt.Sprintf(format, args...))
}

func (q *query) text(name string) string {
	text := q.values.Get(name)
	delete(q.values, name)
	return text
}

func (q *query) boolean(name string, standard bool) bool {
	text := q.text(name)
	if text == "" {
		return standard
	}
	value, err := strconv.ParseBool(text)
	if err != nil && q.err == nil {
		q.err = q.refuse("%s=%s is neither true nor false", name, text)
	}
	return value
}

// end returns what was wrong with a parameter, or that one is not known.
func (q *query) end() error {
	for name := range q.values {
		return q.refuse("there is no parameter %s", name)
	}
	return q.err
}
