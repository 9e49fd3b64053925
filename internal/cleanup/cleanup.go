// Package cleanup removes files that were done with long ago: a result, the rows
// that its input was rejected for, and the input, together.
package cleanup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// Cleaner removes the results that were published before a time.
//
// The result goes last. What is left of a run that died has one still, so the next
// run finds it; and the sweep, which queues raw files without a result, never sees
// one whose result went first. So a result whose raw file is gone goes, too.
//
// A raw file stays, with its result, if it has changed since the result was made or
// is anywhere in the queue, as a dead letter too. One without a result is not
// looked at.
type Cleaner struct {
	Store  filestore.Store
	Queue  *queue.Queue
	Before time.Time
	// DryRun is to remove nothing, and report what would go.
	DryRun bool
	// Report is told of each removal, after it.
	Report func(Removal)
}

// Removal is the files that went together.
type Removal struct {
	Name      string // of the raw file
	Published time.Time
	Files     int
	Bytes     int64 // of them all
}

// batch is how many names the queue is asked about at a time. The look at it is to
// be fresh when they are removed.
const batch = 1000

// Run looks at every result once. When ctx ends it stops between two of them.
func (c *Cleaner) Run(ctx context.Context) error {
	var old []filestore.Info
	for result, err := range c.Store.List(ctx, filestore.Processed) {
		if err != nil {
			return err
		}
		if _, ok := filestore.RawName(result.Name); !ok {
			continue // rejected rows, which go with their result, or none of ours
		}
		published, err := filestore.Published(ctx, c.Store, filestore.Processed, result)
		if errors.Is(err, filestore.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("when was %s published: %w", result.Name, err)
		}
		if !published.Before(c.Before) {
			continue
		}
		if old = append(old, result); len(old) == batch {
			if err := c.remove(ctx, old); err != nil {
				return err
			}
			old = old[:0]
		}
	}
	return c.remove(ctx, old)
}

func (c *Cleaner) remove(ctx context.Context, results []filestore.Info) error {
	if len(results) == 0 {
		return nil
	}
	queued, err := c.Queue.Queued(ctx)
	if err != nil {
		return err
	}
	failed, err := c.Queue.InState(ctx, queue.Failed)
	if err != nil {
		return err
	}
	for _, name := range failed {
		queued[name] = struct{}{}
	}
	for _, result := range results {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		name, _ := filestore.RawName(result.Name)
		if _, ok := queued[name]; ok {
			continue
		}
		// What was begun is ended.
		if err := c.removeOne(context.WithoutCancel(ctx), name, result); err != nil {
			return err
		}
	}
	return nil
}

// removeOne looks once more: much may have happened since the files were listed.
func (c *Cleaner) removeOne(ctx context.Context, name string, listed filestore.Info) error {
	result, err := c.Store.Stat(ctx, filestore.Processed, listed.Name)
	if errors.Is(err, filestore.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at %s: %w", listed.Name, err)
	}
	published, err := filestore.Published(ctx, c.Store, filestore.Processed, result)
	if errors.Is(err, filestore.ErrNotExist) || err == nil && !published.Before(c.Before) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("when was %s published: %w", result.Name, err)
	}
	files := []file{{filestore.Processed, result}}
	rejectedName, err := filestore.RejectedName(name)
	if err != nil {
		return err
	}
	switch rejected, err := c.Store.Stat(ctx, filestore.Processed, rejectedName); {
	case err == nil:
		files = append(files, file{filestore.Processed, rejected})
	case !errors.Is(err, filestore.ErrNotExist):
		return fmt.Errorf("look at %s: %w", rejectedName, err)
	}
	switch raw, err := c.Store.Stat(ctx, filestore.Raw, name); {
	case err == nil && !result.MadeFrom(raw):
		return nil
	case err == nil:
		files = append(files, file{filestore.Raw, raw})
	case !errors.Is(err, filestore.ErrNotExist):
		return fmt.Errorf("look at %s: %w", name, err)
	}
	removal := Removal{Name: name, Published: published, Files: len(files)}
	for _, f := range slices.Backward(files) {
		removal.Bytes += f.Size
		if c.DryRun {
			continue
		}
		switch removed, err := c.Store.RemoveVersion(ctx, f.area, f.Info); {
		case err != nil && !errors.Is(err, filestore.ErrNotExist):
			return fmt.Errorf("remove %s/%s: %w", f.area, f.Name, err)
		case err == nil && !removed:
			return nil // it is another one now, which is not done with
		}
	}
	c.Report(removal)
	return nil
}

type file struct {
	area filestore.Area
	filestore.Info
}
