package groupby

import (
	"errors"
	"fmt"
	"io"
)

// readStream aggregates the input from its beginning to its end, in this
// goroutine.
func (r *run) readStream() error {
	s := openStream(r.ctx, r.in, &r.bytes)
	defer func() { s.close() }()
	w := r.worker()
	size := r.sizes.block
	if r.in.ReaderAt != nil && r.in.Size < int64(size) {
		size = int(r.in.Size) + 1 // one more, to see the end with the first read
	}
	w.ensureText(size)
	w.line, w.lineAt = 1, 0
	if known := r.in.Layout; known != nil {
		if _, err := io.CopyN(io.Discard, s, known.Start); err != nil && err != io.EOF {
			return err
		}
		w.line = known.Line
	}
	rejects := newRejects(r, w)
	w.base = 0
	n, final, ahead := 0, false, r.in.ReaderAt != nil || r.opt.Workers == 1
	for !final {
		var err error
		if n, final, err = fill(s, w.text[:w.room()], n); err != nil {
			return err
		}
		n = endText(w.text, n, final)
		from := w.base
		used, err := w.read(n, final)
		if err == nil && used == 0 && !final {
			used, err = w.growText(n)
		}
		if err != nil {
			return err
		}
		w.base = from + int64(used)
		n = copy(w.text, w.text[used:n])
		if !ahead && !final { // a small file is not worth a goroutine
			s.readAhead(size)
			ahead = true
		}
		r.progress(w, 0)
	}
	if in := r.in; in.ReaderAt != nil && r.bytes.Load() < in.Size {
		return fmt.Errorf("read %s: %w: it ends after %d bytes of %d", in.Name, io.ErrUnexpectedEOF, r.bytes.Load(), in.Size)
	}
	return rejects.finish()
}

// fill reads until buf is full or the input at its end.
func fill(s *stream, buf []byte, n int) (int, bool, error) {
	for n < len(buf) {
		m, err := s.Read(buf[n:])
		n += m
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// read aggregates the records of w.text[:n] and returns how many bytes they
// take.
func (w *worker) read(n int, final bool) (used int, err error) {
	if w.layout == nil {
		if used, err = w.header(w.text, n, final); err != nil || w.layout == nil {
			return used, err
		}
		w.lineOf(w.text, used)
		w.lineAt = 0
	}
	text := w.text[used:]
	w.base += int64(used)
	done, err := w.records(text, n-used, final)
	if err != nil {
		return used, w.locate(text, err)
	}
	w.lineOf(text, done)
	w.lineAt = 0
	return used + done, nil
}

// locate finds the line of a positionError.
func (w *worker) locate(text []byte, err error) error {
	var p *positionError
	if !errors.As(err, &p) {
		return err
	}
	p.Line = w.lineOf(text, p.at)
	return p.InputError
}

// ensureText makes a text with room for size bytes.
func (w *worker) ensureText(size int) {
	if w.room() < size {
		w.text = makeText(size)
	}
}

// room is how many bytes of input the text can hold.
func (w *worker) room() int { return max(0, len(w.text)-textOverhead) }

// growText makes room for more of the record that fills the text. Where a
// record takes maxRecord it is bad, and what is returned is used of it.
func (w *worker) growText(n int) (used int, err error) {
	if n >= maxRecord {
		if w.layout == nil {
			return 0, &InputError{Name: w.name, Line: 1, Problem: recordTooLong}
		}
		used, err := w.exactly(w.text[:n], 0, 1, true)
		return used, w.locate(w.text, err)
	}
	grown := makeText(min(2*w.room(), maxRecord))
	copy(grown, w.text[:n])
	w.text = grown
	return 0, nil
}
