// Package cleanup removes old results, each together with its raw file and its rejected rows.
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
// It removes the result last. So the sweep, which queues raw files without a result, never
// sees a raw file whose result was removed first. And when a run dies in between, the next
// run still finds the result and removes the rest: a result without a raw file is removed,
// too.
//
// A raw file and its result stay if the file has changed since the result was made, or if
// its name is in the queue or a dead letter. Raw files without a result are not looked at.
type Cleaner struct {
	Store  filestore.Store
	Queue  *queue.Queue
	Before time.Time
	// DryRun removes nothing, and reports what would be removed.
	DryRun bool
	// Report is called after each removal.
	Report func(Removal)

	queued map[string]struct{} // names in the queue, and dead letters
	askAt  time.Time           // when the queue is asked for them again
}

// Removal is the files that were removed together.
type Removal struct {
	Name      string    // of the raw file
	Published time.Time // when the result was
	Files     int
	Bytes     int64 // of all these files
}

const (
	// fresh is how long what the queue answered counts at least, and ten times as long as it took to answer:
	// Redis answers nobody else while it lists a long queue.
	fresh = 10 * time.Second
	// batch is how many results are listed before they are removed.
	batch = 1000
)

// Run looks at every result once. When ctx ends it stops between two of them.
func (c *Cleaner) Run(ctx context.Context) error {
	c.askAt = time.Time{}
	var old []filestore.Info
	for result, err := range c.Store.List(ctx, filestore.Processed) {
		if err != nil {
			return err
		}
		if _, ok := filestore.RawName(result.Name); !ok {
			continue // rejected rows, which are removed with their result, or a file of someone else
		}
		published, err := filestore.Published(ctx, c.Store, filestore.Processed, result)
		if errors.Is(err, filestore.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
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
	for _, result := range results {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := c.ask(ctx); err != nil {
			return err
		}
		name, _ := filestore.RawName(result.Name)
		if _, ok := c.queued[name]; ok {
			continue
		}
		// A removal that has begun is completed.
		if err := c.removeOne(context.WithoutCancel(ctx), name, result); err != nil {
			return err
		}
	}
	return nil
}

// ask asks the queue for its names, unless its last answer is fresh.
func (c *Cleaner) ask(ctx context.Context) error {
	if time.Now().Before(c.askAt) {
		return nil
	}
	began := time.Now()
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
	c.queued, c.askAt = queued, time.Now().Add(max(fresh, 10*time.Since(began)))
	return nil
}

// removeOne looks at each file again before it removes it: they may have changed since they
// were listed.
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
		return err
	}
	files := []file{{filestore.Processed, result}}
	younger, err := c.younger(ctx, name, result)
	if err != nil {
		return err
	}
	if younger {
		return c.removeFiles(ctx, name, published, files)
	}
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
	return c.removeFiles(ctx, name, published, files)
}

// younger reports whether the raw file of a result has another one, in another format, that is
// not old: it then keeps its raw file and the rejected rows.
func (c *Cleaner) younger(ctx context.Context, raw string, result filestore.Info) (bool, error) {
	for _, format := range filestore.Formats {
		name, err := format.ResultName(raw)
		if err != nil || name == result.Name {
			continue
		}
		other, err := c.Store.Stat(ctx, filestore.Processed, name)
		if errors.Is(err, filestore.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("look at %s: %w", name, err)
		}
		published, err := filestore.Published(ctx, c.Store, filestore.Processed, other)
		if errors.Is(err, filestore.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		if !published.Before(c.Before) {
			return true, nil
		}
	}
	return false, nil
}

// removeFiles removes the files of a result, from the last one on.
func (c *Cleaner) removeFiles(ctx context.Context, name string, published time.Time, files []file) error {
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
			return nil // it has been replaced, so it is not old any more
		}
	}
	c.Report(removal)
	return nil
}

type file struct {
	area filestore.Area
	filestore.Info
}
