package cli

import (
	"bytes"
	"context"
	"io"
)

// Await calls do, which may block for ever, as when it reads a terminal or opens a named
// pipe. When ctx ends first, Await returns the error of ctx, and what do returns is lost.
func Await[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	if err := ctx.Err(); err != nil {
		return *new(T), err
	}
	ended := make(chan outcome, 1)
	go func() {
		value, err := do()
		ended <- outcome{value, err}
	}()
	select {
	case o := <-ended:
		return o.value, o.err
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}

// Reader returns a reader that reads from another one. After ctx has ended it fails with the
// error of ctx, also when the other one blocks.
func Reader(ctx context.Context, from io.Reader) io.Reader {
	return &reader{ctx: ctx, from: from, buffer: make([]byte, 256<<10)}
}

type reader struct {
	ctx    context.Context
	from   io.Reader
	buffer []byte // a read that was not awaited may still write into it
}

func (r *reader) Read(p []byte) (int, error) {
	into := r.buffer[:min(len(p), len(r.buffer))]
	n, err := Await(r.ctx, func() (int, error) { return r.from.Read(into) })
	return copy(p, into[:n]), err
}

// Writer returns a writer that writes to another one. After ctx has ended it fails with the
// error of ctx, also when the other one blocks.
func Writer(ctx context.Context, to io.Writer) io.Writer { return writer{ctx, to} }

type writer struct {
	ctx context.Context
	to  io.Writer
}

func (w writer) Write(p []byte) (int, error) {
	p = bytes.Clone(p)
	return Await(w.ctx, func() (int, error) { return w.to.Write(p) })
}
