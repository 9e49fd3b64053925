package cli

import (
	"bytes"
	"context"
	"io"
)

// Await calls do, which may block for ever, as reading a terminal or opening a named
// pipe does. When ctx ends first it returns the error of ctx, and do goes on unheard.
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

// Reader reads from another one, and fails with the error of ctx once that has ended.
func Reader(ctx context.Context, from io.Reader) io.Reader {
	return &reader{ctx: ctx, from: from, buffer: make([]byte, 256<<10)}
}

type reader struct {
	ctx    context.Context
	from   io.Reader
	buffer []byte // what is read into, even when nobody waits for it any more
}

func (r *reader) Read(p []byte) (int, error) {
	into := r.buffer[:min(len(p), len(r.buffer))]
	n, err := Await(r.ctx, func() (int, error) { return r.from.Read(into) })
	return copy(p, into[:n]), err
}

// Writer writes to another one, and fails with the error of ctx once that has ended.
func Writer(ctx context.Context, to io.Writer) io.Writer { return writer{ctx, to} }

type writer struct {
	ctx context.Context
	to  io.Writer
}

func (w writer) Write(p []byte) (int, error) {
	p = bytes.Clone(p)
	return Await(w.ctx, func() (int, error) { return w.to.Write(p) })
}
