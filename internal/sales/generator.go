package sales

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// Generator publishes files of sales and queues their names.
type Generator struct {
	Params
	Store filestore.Store
	Queue *queue.Queue
	// Report is told of each file, in order.
	Report func(File)
}

// File is what became of one day's file.
type File struct {
	Name    string
	Size    int64 // bytes
	Written bool  // false: just these bytes were there already
	Queued  bool  // false: its result is there, or it was queued already
}

// Run makes sure that every day's file is there, and queues those that have no
// result yet. Running it again is harmless: a file that is there already is left
// as it is, and no name is queued twice.
func (g *Generator) Run(ctx context.Context) error {
	queued, err := g.Queue.Queued(ctx)
	if err != nil {
		return err
	}
	for n := range g.Days {
		day := g.Day(n)
		name := FileName(day)
		info, written, err := g.publish(ctx, name, func(w io.Writer) error { return g.WriteDay(ctx, w, day) })
		if err != nil {
			return fmt.Errorf("generate %s: %w", name, err)
		}
		file := File{Name: name, Size: info.Size, Written: written}
		if _, ok := queued[name]; !ok {
			if file.Queued, err = g.queue(ctx, info, written); err != nil {
				return err
			}
		}
		g.Report(file)
	}
	return nil
}

// publish writes the file, unless it is there with just these bytes.
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

// same returns the file of the name if it holds just what write writes.
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
		return nil, err // it has more, or cannot be read
	}
	info := f.Info()
	return &info, nil
}

// queue makes a file's name wait. A file that was just written is pushed, which is
// right even while its earlier version is in flight; one that was there already is
// offered, unless its result is there too.
func (g *Generator) queue(ctx context.Context, info filestore.Info, written bool) (bool, error) {
	if written {
		return true, g.Queue.Push(ctx, info.Name)
	}
	result, err := filestore.ResultName(info.Name)
	if err != nil {
		return false, err
	}
	if done, err := g.Store.Stat(ctx, filestore.Processed, result); err == nil && done.MadeFrom(info) {
		return false, nil
	}
	n, err := g.Queue.Offer(ctx, []queue.Offer{{Name: info.Name, Version: info.ETag}})
	return n == 1, err
}

var errDiffers = errors.New("the file holds something else")

// comparer is a writer that fails with errDiffers unless it is given what it has.
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
