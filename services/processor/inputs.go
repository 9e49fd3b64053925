package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/spool"
)

// spoolMemory is how many bytes of what can be read only once, or goes to a terminal or a pipe, are kept in memory.
const spoolMemory = 8 << 20

// inputs are files that are asked together. A regular file is open only while it is read; what
// can be read only once is kept, for it may have to be read again.
type inputs struct {
	open []query.Open
	size int64 // bytes
	kept []*spool.Spool
}

func openInputs(ctx context.Context, names []string) (in *inputs, err error) {
	in = new(inputs)
	for _, name := range names {
		if err := in.add(ctx, name); err != nil {
			return in, err
		}
	}
	return in, nil
}

func (in *inputs) add(ctx context.Context, name string) error {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = cli.Await(ctx, func() (*os.File, error) { return os.Open(name) }); err != nil {
			return err
		}
		defer f.Close()
	}
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if name != "-" && fi.Mode().IsRegular() {
		in.size += fi.Size()
		in.open = append(in.open, func() (dialect.File, func(), error) {
			f, err := os.Open(name)
			if err != nil {
				return dialect.File{}, nil, err
			}
			return dialect.File{Name: name, ReaderAt: f, Size: fi.Size()}, func() { _ = f.Close() }, nil
		})
		return nil
	}
	if name == "-" {
		name = "standard input"
	}
	kept := &spool.Spool{Memory: spoolMemory}
	in.kept = append(in.kept, kept)
	if _, err := io.Copy(kept, cli.Reader(ctx, f)); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	in.size += kept.Size()
	in.open = append(in.open, func() (dialect.File, func(), error) {
		return dialect.File{Name: name, ReaderAt: kept, Size: kept.Size()}, func() {}, nil
	})
	return nil
}

func (in *inputs) close() {
	for _, k := range in.kept {
		k.Close()
	}
}
