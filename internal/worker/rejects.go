package worker

import (
	"context"
	"errors"

	"csv-pipeline/internal/filestore"
)

// rejects publishes the rows that were skipped. If none was, it removes those that an earlier
// run published.
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

// commit takes the number of rows that were skipped, and whether any may be.
func (r *rejects) commit(rows int64, skips bool) error {
	if !skips {
		return nil
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
		r.out = nil
	}
}
