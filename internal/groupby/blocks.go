package groupby

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// blocks is an input that is read in parallel. Workers claim blocks in order;
// a block's records are those that begin in it. Whether a block begins within
// quotes is the parity of all quotes before it, which is handed from block to
// block.
type blocks struct {
	*run
	start int64 // of the first record
	next  atomic.Int64

	mu     sync.Mutex
	handed sync.Cond
	known  int64 // the first block of which it is not known whether it begins quoted
	quoted bool  // of block known-1's end
	failed int64 // where the first error is
	err    error
	limit  atomic.Int64 // blocks from this on need not be read
}

// readBlocks aggregates the input with several workers if it can be read in blocks,
// and returns whether it did.
func (r *run) readBlocks() (bool, error) {
	in := r.in
	if in.ReaderAt == nil || in.Size < 2*int64(r.sizes.block) || r.opt.Workers == 1 || r.plan.skipBad {
		return false, nil
	}
	b := &blocks{run: r, failed: in.Size + 1, known: 1}
	b.handed.L = &b.mu
	w := r.worker()
	if known := in.Layout; known != nil {
		b.start = min(known.Start, in.Size)
		b.bytes.Add(b.start)
	} else if err := b.readHeader(w); err != nil || w.layout == nil {
		return true, err
	}
	r.layout = w.layout
	block := int64(r.sizes.block)
	count := (in.Size - b.start + block - 1) / block
	b.limit.Store(count)
	var group sync.WaitGroup
	for range min(int64(r.opt.Workers), count) - 1 {
		other := r.worker()
		group.Go(func() { b.work(other) })
	}
	b.work(w)
	group.Wait()
	return true, b.locate()
}

// locate finds the line of the error, which is only needed now: it counts the lines
// before it.
func (b *blocks) locate() error {
	p, ok := errors.AsType[*positionError](b.err)
	if !ok {
		return b.err
	}
	buf := make([]byte, defaultSizes.block)
	p.Line = 1
	for at := int64(0); at < b.failed; {
		n, err := b.readAt(buf[:min(int64(len(buf)), b.failed-at)], at)
		if err != nil {
			return err
		}
		p.Line += int64(bytes.Count(buf[:n], newline))
		at += int64(n)
	}
	return p.InputError
}

// readHeader finds the columns and the first record.
func (b *blocks) readHeader(w *worker) error {
	for size := defaultSizes.ahead; ; size = min(2*size, maxRecord) {
		w.ensureText(size)
		n, err := b.readAt(w.text[:size], 0)
		if err != nil {
			return err
		}
		final := int64(n) == b.in.Size
		n = endText(w.text, n, final)
		used, err := w.header(w.text, n, final)
		if err != nil {
			return err
		}
		if w.layout != nil || final {
			b.start = min(int64(used), b.in.Size)
			b.bytes.Add(b.start)
			return nil
		}
		if size == maxRecord {
			return &InputError{Name: b.in.Name, Line: 1, Problem: recordTooLong}
		}
	}
}

// readAt reads up to len(buf) bytes, less only at the end of the input.
func (b *blocks) readAt(buf []byte, at int64) (int, error) {
	buf = buf[:min(int64(len(buf)), b.in.Size-at)]
	n, err := b.in.ReaderAt.ReadAt(buf, at)
	if n == len(buf) {
		return n, nil
	}
	if err == io.EOF {
		err = fmt.Errorf("%w: it ends after %d bytes of %d", io.ErrUnexpectedEOF, at+int64(n), b.in.Size)
	}
	return n, fmt.Errorf("read %s: %w", b.in.Name, err)
}

func (b *blocks) work(w *worker) {
	for {
		i := b.next.Add(1) - 1
		if i >= b.limit.Load() {
			return
		}
		at := b.start + i*int64(b.sizes.block)
		err := b.ctx.Err()
		if err != nil {
			err = fmt.Errorf("read %s: %w", b.in.Name, err)
		} else {
			at, err = b.block(w, i)
		}
		if err != nil {
			b.fail(i, at, err)
			return
		}
	}
}

// fail records an error at a place of the input and stops the blocks after it.
func (b *blocks) fail(block, at int64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at < b.failed {
		b.failed, b.err = at, err
	}
	b.limit.Store(min(b.limit.Load(), block))
	b.handed.Broadcast()
}

// hand takes the quotes of a block and says whether it begins within quotes.
// ok is false where an earlier block failed.
func (b *blocks) hand(block int64, quotes int) (quoted, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.known <= block {
		if b.err != nil && b.limit.Load() <= block {
			return false, false
		}
		b.handed.Wait()
	}
	quoted = b.quoted
	b.quoted = quoted != (quotes%2 == 1)
	b.known++
	b.handed.Broadcast()
	return quoted, true
}

var quote = []byte{'"'}

// block aggregates the records that begin in a block. With an error it returns
// the error's place.
func (b *blocks) block(w *worker, i int64) (at int64, err error) {
	from := b.start + i*int64(b.sizes.block)
	size := int(min(int64(b.sizes.block), b.in.Size-from))
	// The byte before the block is read with it: it shows whether a record
	// begins with the block.
	lead := 0
	if i > 0 {
		lead = 1
	}
	base := from - int64(lead)
	w.ensureText(lead + size + b.sizes.ahead)
	n, err := b.readAt(w.text[:lead+size+b.sizes.ahead], base)
	if err != nil {
		return from, err
	}
	block := w.text[lead : lead+size]
	quotes := bytes.Count(block, quote)
	quoted, ok := b.hand(i, quotes)
	if !ok {
		return from, nil
	}
	start, end := lead, lead+size
	if i > 0 {
		if start = recordStart(w.text[:end], lead, quoted); start < 0 {
			b.progress(w, int64(size))
			return from, nil
		}
	}
	quoted = quoted != (quotes%2 == 1)
	last, tooLong := base+int64(end) == b.in.Size, false
	for !last && !tooLong {
		if next := recordStart(w.text[:n], end, quoted); next >= 0 {
			end = next
			break
		}
		if base+int64(n) == b.in.Size || n-start > maxRecord {
			last, tooLong, end = base+int64(n) == b.in.Size, n-start > maxRecord, n
			break
		}
		w.ensureText(2 * n)
		if n, err = b.readAt(w.text[:2*n], base); err != nil {
			return from, err
		}
	}
	text := w.text[start:]
	w.base = base + int64(start)
	n = endText(text, end-start, last)
	used, err := w.records(text, n, !tooLong)
	if err == nil && tooLong && used < n {
		_, err = w.exactly(text[:n], used, 1, true)
	}
	if p, ok := errors.AsType[*positionError](err); ok {
		return base + int64(start+p.at), err
	}
	b.progress(w, int64(size))
	return from, err
}

// recordStart is the first place from which a record begins, or -1.
func recordStart(text []byte, from int, quoted bool) int {
	if !quoted && text[from-1] == '\n' {
		return from
	}
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '"':
			quoted = !quoted
		case '\n':
			if !quoted {
				return i + 1
			}
		}
	}
	return -1
}
