package worker

import (
	"context"
	"errors"

	"csv-pipeline/internal/filestore"
)

// rejects publishes the rows that were skipped, if there are any, and removes the
// ones of an earlier try, if there are none.
type rejects struct {
	*job
	ctx    context.Context
	source filestore.Info
	out    filestore.Writer // nil until something is written
}

func (r *rejects) Write(p []byte) (int, error) {
	if r.out == nil {
		name, err := filestore.RejectedName(r.source.Name)
		if err != nil {
			return 0, err
		}
		if r.out, err = r.Store.Create(r.ctx, filestore.Processed, name, &r.source); err != nil {
			return 0, err
		}
	}
	return r.out.Write(p)
}

// commit is told how many rows there are; without any, what was written is a header.
func (r *rejects) commit(rows int64) error {
	if r.out == nil {
		return nil // rows are not skipped
	}
	if rows > 0 {
		_, err := r.out.Commit()
		return err
	}
	name, err := filestore.RejectedName(r.source.Name)
	if err != nil {
		return err
	}
	if err := r.Store.Remove(r.ctx, filestore.Processed, name); err != nil && !errors.Is(err, filestore.ErrNotExist) {
		return err
	}
	return nil
}

func (r *rejects) abort() {
	if r.out != nil {
		r.out.Abort()
	}
}
