package sales

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// Generator publishes files of sales and queues their names.
type Generator struct {
	Params
	Store filestore.Store
	Queue *queue.Queue
	// Report is called for each file, in order of the days.
	Report func(File)
}

// File is what Run did about one day's file.
type File struct {
	Name    string
	Size    int64 // bytes
	Written bool  // false: a file with exactly these bytes was there already
	Queued  bool  // false: it has a result, or it was queued already
}

// atOnce is how many files are written at the same time. A bucket has a high latency for
// each, but takes many at once. Large files need buffers, so they are written one by one.
func (g *Generator) atOnce() int {
	if g.Rows > 50_000 {
		return 1
	}
	return 8
}

// Run writes the file of every day and queues those without a result. Running it again is
// harmless: a file that is there already is not written again, and no name is queued twice.
func (g *Generator) Run(ctx context.Context) error {
	queued, err := g.Queue.Queued(ctx)
	if err != nil {
		return err
	}
	type outcome struct {
		filestore.Info
		written bool
		err     error
	}
	underWay := make(chan chan outcome, g.atOnce()-1) // in order of the days
	var group sync.WaitGroup
	defer group.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group.Go(func() {
		defer close(underWay)
		for n := range g.Days {
			became := make(chan outcome, 1)
			select {
			case underWay <- became:
			case <-ctx.Done():
				return
			}
			group.Go(func() {
				day := g.Day(n)
				var o outcome
				o.Info, o.written, o.err = g.publish(ctx, FileName(day), func(w io.Writer) error { return g.WriteDay(ctx, w, day) })
				if o.err != nil {
					o.err = fmt.Errorf("generate %s: %w", FileName(day), o.err)
				}
				became <- o
			})
		}
	})
	for became := range underWay {
		o := <-became
		if o.err != nil {
			return o.err
		}
		file := File{Name: o.Name, Size: o.Size, Written: o.written}
		if _, ok := queued[o.Name]; !ok {
			if file.Queued, err = g.queue(ctx, o.Info, o.written); err != nil {
				return err
			}
		}
		g.Report(file)
	}
	return ctx.Err()
}

// publish writes the file, unless it is there with exactly these bytes.
func (g *Generator) publish(ctx context.Context, name string, write func(io.Writer) error) (info filestore.Info, written bool, err error) {
	switch same, err := g.same(ctx, name, write); {
	case err != nil:
		return info, false, err
	case same != nil:
		return *same, false, nil
	}
	w, err := g.Store.Create(ctx, filestore.Raw, name, nil)
	if err != nil {
		return info, false, err
	}
	defer w.Abort()
	if err := write(w); err != nil {
		return info, false, err
	}
	info, err = w.Commit()
	return info, true, err
}

// same returns the file if it holds exactly what write writes, and otherwise nil.
func (g *Generator) same(ctx context.Context, name string, write func(io.Writer) error) (*filestore.Info, error) {
	f, err := g.Store.Open(ctx, filestore.Raw, name)
	switch {
	case errors.Is(err, filestore.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer f.Close()
	c := &comparer{have: bufio.NewReaderSize(f, 64<<10)}
	switch err := write(c); {
	case errors.Is(err, errDiffers):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if _, err := c.have.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, err // the file is longer, or cannot be read
	}
	info := f.Info()
	return &info, nil
}

// queue queues a file's name. The name of a file that was just written is pushed, which is
// right even while an earlier version of the file is in flight. One that was there already is
// offered, unless it has a result.
func (g *Generator) queue(ctx context.Context, info filestore.Info, written bool) (bool, error) {
	if written {
		return true, g.Queue.Push(ctx, info.Name)
	}
	if _, err := filestore.Current(ctx, g.Store, info, filestore.Formats); err == nil || errors.Is(err, filestore.ErrInvalidName) {
		return false, err
	}
	n, err := g.Queue.Offer(ctx, []queue.Offer{{Name: info.Name, Version: info.ETag}})
	return n == 1, err
}

var errDiffers = errors.New("the file holds something else")

// comparer is a writer that fails with errDiffers when it is given other bytes than it has.
type comparer struct {
	have   *bufio.Reader
	buffer []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	if len(c.buffer) < len(p) {
		c.buffer = make([]byte, len(p))
	}
	b := c.buffer[:len(p)]
	if _, err := io.ReadFull(c.have, b); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, err
	} else if err != nil || !bytes.Equal(b, p) {
		return 0, errDiffers
	}
	return len(p), nil
}
