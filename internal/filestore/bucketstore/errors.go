package bucketstore

import (
	"context"
	"errors"
	"fmt"

	"csv-pipeline/internal/filestore"
)

// problem is what an answer of an object store means.
type problem int

const (
	unavailable problem = iota // the store or the way to it: trying again may help
	missing                    // there is no such object
	replaced                   // the object is not of the version that was asked for, or not absent as it was to be
	empty                      // the range begins at the object's end
	forbidden                  // the credentials do not allow it
	noBucket                   // there is no such bucket
	full                       // a quota is used up
)

// errReplaced is for whoever read on in a version that has been replaced.
var errReplaced = errors.New("another version was put in its place while it was read")

func (s *Store) diagnose(err error) problem {
	if errors.Is(err, errReplaced) {
		return replaced
	}
	return s.backend.diagnose(err)
}

// explain gives an error of the store its meaning and its place. When ctx has ended,
// that is what it means; a server that does not answer in time gives errors that look
// the same.
func (s *Store) explain(ctx context.Context, what, where string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", what, where, ctx.Err())
	}
	switch s.diagnose(err) {
	case missing:
		return fmt.Errorf("%s %s: %w", what, where, filestore.ErrNotExist)
	case replaced, empty: // a known version has the bytes that are asked for
		return fmt.Errorf("%s %s: %w", what, where, errReplaced)
	case forbidden:
		return fmt.Errorf("%s %s: %w: the store refuses the credentials, or they do not allow it: %s", what, where, filestore.ErrUnavailable, reason(err))
	case noBucket:
		return s.noBucket(what, where)
	case full:
		return fmt.Errorf("%s %s: %w: %s", what, where, filestore.ErrFull, reason(err))
	default:
		return fmt.Errorf("%s %s: %w: %s", what, where, filestore.ErrUnavailable, reason(err))
	}
}

func (s *Store) noBucket(what, where string) error {
	return fmt.Errorf("%s %s: %w: there is no such bucket", what, where, filestore.ErrUnavailable)
}

// refused is explain for what changes the bucket.
func (s *Store) refused(ctx context.Context, what, where string, err error) error {
	if err != nil && s.diagnose(err) == forbidden {
		return fmt.Errorf("%s %s: %w: %s", what, where, filestore.ErrReadOnly, reason(err))
	}
	return s.explain(ctx, what, where, err)
}
