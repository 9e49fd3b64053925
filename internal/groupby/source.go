package groupby

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Input is one file. Run reads it once, from its beginning.
type Input struct {
	Name     string      // named in errors, e.g. "20220101.csv"
	ReaderAt io.ReaderAt // with Size: read in parallel
	Size     int64       // bytes
	Reader   io.Reader   // used when ReaderAt is nil
	Layout   *Layout     // where the columns are; nil leaves it to the header
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// magicLength is how many bytes compressed tells by.
const magicLength = 4

// compressed tells by the first bytes of a file whether it is gzip or zstd.
func compressed(head []byte) bool {
	return bytes.HasPrefix(head, gzipMagic) || bytes.HasPrefix(head, zstdMagic)
}

// source reads an input sequentially, counts what it read as stored, and
// remembers the first error that is the reader's own: it is what tells a
// failing disk from a damaged archive.
type source struct {
	ctx    context.Context
	reader io.Reader
	bytes  *atomic.Int64
	failed error
}

func (s *source) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.failed = err
		return 0, err
	}
	n, err := s.reader.Read(b)
	s.bytes.Add(int64(n))
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// stream is an input's text: inflated where the input is compressed.
type stream struct {
	io.Reader
	source *source
	name   string
	format string // "gzip", "zstd" or "" for plain text
	close  func()
}

// openStream starts reading an input from its beginning.
func openStream(ctx context.Context, in Input, bytesRead *atomic.Int64) (*stream, error) {
	src := &source{ctx: ctx, bytes: bytesRead, reader: in.Reader}
	if in.ReaderAt != nil {
		src.reader = io.NewSectionReader(in.ReaderAt, 0, in.Size)
	}
	s := &stream{source: src, name: in.Name, close: func() {}}
	head := make([]byte, magicLength)
	n, err := io.ReadFull(src, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("read %s: %w", in.Name, err)
	}
	rest := io.MultiReader(bytes.NewReader(head[:n]), src)
	switch {
	case bytes.HasPrefix(head[:n], gzipMagic):
		s.format = "gzip"
		z, err := gzip.NewReader(bufio.NewReaderSize(rest, 64<<10))
		if err != nil {
			return nil, s.explain(err)
		}
		s.Reader, s.close = z, func() { _ = z.Close() }
	case bytes.HasPrefix(head[:n], zstdMagic):
		s.format = "zstd"
		z, err := zstd.NewReader(rest, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdMaxWindow))
		if err != nil {
			return nil, s.explain(err)
		}
		s.Reader, s.close = z, z.Close
	default:
		s.Reader = rest
	}
	return s, nil
}

// zstdMaxWindow bounds the memory a zstd file can ask for; it is what
// `zstd -19` uses, `--ultra` and `--long` go beyond it.
const zstdMaxWindow = 8 << 20

func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if err != nil && err != io.EOF {
		err = s.explain(err)
	}
	return n, err
}

// explain tells apart a reader that failed and an archive that is damaged.
func (s *stream) explain(err error) error {
	if s.source.failed != nil {
		return fmt.Errorf("read %s: %w", s.name, s.source.failed)
	}
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return &InputError{Name: s.name, Problem: fmt.Sprintf("the zstd window is larger than %d MiB: expected a file compressed without --ultra and --long", zstdMaxWindow>>20)}
	}
	return &InputError{Name: s.name, Problem: fmt.Sprintf("the %s data is damaged or cut off: %v", s.format, err)}
}
