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
	unavailable problem = iota // the store or the network does not work; a retry may help
	missing                    // there is no such object
	replaced                   // the condition of the request is not met: another version exists, or one exists at all
	empty                      // the range begins at the end of the object
	forbidden                  // the credentials do not allow it
	noBucket                   // there is no such bucket
	full                       // a quota or a disk is full
)

// errReplaced: a version cannot be read on, because it was replaced.
var errReplaced = errors.New("it was replaced while it was read")

func (s *Store) diagnose(err error) problem {
	if errors.Is(err, errReplaced) {
		return replaced
	}
	return s.backend.diagnose(err)
}

// explain turns an error of an SDK into one of the contract. Where ctx has ended, that is
// the error; the errors of a server that does not answer in time look the same.
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
	case replaced, empty: // the known version has the bytes of the range
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

// refused is explain for requests that change the bucket.
func (s *Store) refused(ctx context.Context, what, where string, err error) error {
	if err != nil && s.diagnose(err) == forbidden {
		return fmt.Errorf("%s %s: %w: %s", what, where, filestore.ErrReadOnly, reason(err))
	}
	return s.explain(ctx, what, where, err)
}
