package dialect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"csv-pipeline/internal/groupby"
)

// Record is a row of a file, for those that describe it. Its slices are valid until the next.
type Record struct {
	Line       int64    // from 1; 0 behind a gap, where nobody counted
	Cells      [][]byte // in UTF-8, without quotes and escapes
	Raw        [][]byte // in UTF-8, with the escapes
	Text       []byte   // as it stands, without the line end
	Problem    string   // what is wrong with the record; "" if nothing is
	Malformed  bool     // its cells cannot be told apart: there are none
	Repeated   bool     // the header once more
	AfterBlank bool     // a blank line stands before it
}

// Part is a range of the text of a file, in bytes.
type Part struct{ From, To int64 }

// Fields are the fields of the columns of the question, from 0.
func (l *Layout) Fields() []int { return l.fields }

// Seekable says whether Records can read parts of the file without what is before them.
func (r *Reading) Seekable() bool { return r.container.format == "" && !r.Layout.charset.first() }

// Beginning is the text of a file from its first bytes, at most so many, in UTF-8 where it is
// an encoding that has to be decoded as a whole.
func (r *Reading) Beginning(ctx context.Context, most int64) ([]byte, error) {
	var read atomic.Int64
	t, err := r.container.open(ctx, &read)
	if err != nil {
		return nil, err
	}
	defer t.close()
	var text io.Reader = t
	if _, err := io.CopyN(io.Discard, t, r.Layout.bom); err != nil && err != io.EOF {
		return nil, err
	}
	if r.Layout.charset.first() {
		text = r.Layout.charset.reader(r.file.Name, t)
	}
	return io.ReadAll(io.LimitReader(text, most))
}

// Head is the beginning of a file, unpacked and otherwise as it is: at most so many bytes, up to
// the end of a line. whole says that it is all of the file.
func Head(ctx context.Context, file File, most int) (_ File, whole bool, err error) {
	c, err := openContainer(file, defaultMaxExpansion)
	if err != nil {
		return file, false, err
	}
	if c.format == "" && file.Size <= int64(most) {
		return file, true, nil
	}
	var read atomic.Int64
	t, err := c.open(ctx, &read)
	if err != nil {
		return file, false, err
	}
	defer t.close()
	text := make([]byte, most)
	n, whole, err := fill(t, text, 0)
	if err != nil {
		return file, false, err
	}
	if text = text[:n]; !whole {
		text = text[:endOfLine(text)]
	}
	return File{Name: file.Name, ReaderAt: bytes.NewReader(text), Size: int64(len(text))}, whole, nil
}

// endOfLine is where the last line of a text ends that is whole; the text may be UTF-16.
func endOfLine(text []byte) int {
	for i := len(text) - 1; i >= 0; i-- {
		switch {
		case text[i] != '\n':
		case i+1 < len(text) && text[i+1] == 0 && i%2 == 0:
			return i + 2
		default:
			return i + 1
		}
	}
	return len(text)
}

// errEnough ends reading.
var errEnough = errors.New("enough was read")

// Records gives each record of the parts to visit, comments and blank lines aside, until visit
// returns false. Without parts it reads the whole file; a file that is not Seekable is read from
// its beginning up to the end of the first part. bytesRead counts the bytes as they are stored.
// An error is one of reading, or says that the file is written in another way than it begins:
// see Again.
func (r *Reading) Records(ctx context.Context, parts []Part, bytesRead *atomic.Int64, visit func(*Record) bool) error {
	w := newRewriter(r.file.Name, r.rules, r.Layout, nil, nil)
	w.skip = false
	if len(parts) > 0 && r.Seekable() {
		for i, part := range parts {
			if i > 0 {
				w.line = 0
			}
			text := io.NewSectionReader(r.file.ReaderAt, part.From, part.To-part.From)
			counted := &stored{ctx: ctx, in: text, bytes: bytesRead}
			if i == 0 {
				if _, err := io.CopyN(io.Discard, counted, r.Layout.bom+r.Layout.start-part.From); err != nil {
					return endOfText(err)
				}
			}
			if err := w.visitAll(ctx, counted, i > 0, func() bool { return part.To >= r.file.Size }, visit); err != nil {
				return endOfText(err)
			}
		}
		return nil
	}
	t, err := r.container.open(ctx, bytesRead)
	if err != nil {
		return err
	}
	defer t.close()
	var text io.Reader = t
	if _, err = io.CopyN(io.Discard, t, r.Layout.bom); err == nil {
		if r.Layout.charset.first() {
			text = r.Layout.charset.reader(r.file.Name, t)
		}
		_, err = io.CopyN(io.Discard, text, r.Layout.start)
	}
	if err != nil {
		return endOfText(err)
	}
	if len(parts) == 0 {
		return endOfText(w.visitAll(ctx, text, false, func() bool { return true }, visit))
	}
	limited := &io.LimitedReader{R: text, N: parts[0].To}
	return endOfText(w.visitAll(ctx, limited, false, func() bool { return limited.N > 0 }, visit))
}

func endOfText(err error) error {
	if err == errEnough || err == io.EOF {
		return nil
	}
	return err
}

// visitAll reads a text; within says that it may begin in the middle of a record, and atEnd,
// asked at its end, whether that is the end of the file.
func (w *rewriter) visitAll(ctx context.Context, text io.Reader, within bool, atEnd func() bool, visit func(*Record) bool) error {
	buf, n, final := make([]byte, blockSize), 0, false
	var cells, raws [][]byte
	var decoded []byte
	afterBlank := false
	for !final {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read %s: %w", w.name, err)
		}
		var err error
		if n, final, err = fill(text, buf, n); err != nil {
			return err
		}
		data, whole := buf[:n], final && atEnd()
		if err := w.look(data); err != nil {
			return err
		}
		used := 0
		if within {
			used, within = w.firstRecord(data), false
		}
		for used < n {
			rest := data[used:]
			if rest[0] == 0x1a && whole && len(bytes.Trim(rest, "\x1a\r\n \t")) == 0 {
				return errEnough
			}
			k := w.s.parse(rest, whole, &w.rec)
			if k == incomplete {
				if used == 0 && n > maxRecord {
					return tooLong(w.name, w.line, data)
				}
				break
			}
			if k != blank {
				var r Record
				if r, err = w.recordOf(rest, k); err != nil {
					return err
				}
				r.AfterBlank, afterBlank = afterBlank, false
				if k == row {
					cells, raws, decoded = w.cells(rest, cells[:0], raws[:0], decoded[:0])
					r.Cells, r.Raw = cells, raws
				}
				if !visit(&r) {
					return errEnough
				}
			} else {
				afterBlank = true
			}
			if w.line > 0 {
				w.line += lines(rest[:w.rec.size])
			}
			used += w.rec.size
		}
		if used == 0 && n == len(buf) {
			buf = grown(buf, min(2*len(buf), mostHeld))
		}
		n = copy(buf, data[used:])
	}
	return nil
}

// firstRecord is where the first record begins of a text that begins anywhere: behind the first
// of its line ends after which several records fit.
func (w *rewriter) firstRecord(data []byte) int {
	const most, enough = 64, 8
	first := nextLine(data, 0)
	at := first
	for range most {
		fit, from := 0, at
		for fit < enough && from < len(data) {
			k := w.s.parse(data[from:], false, &w.rec)
			if k == incomplete || k == row && !w.layout.fitsRow(data[from:], &w.rec) || k == malformed {
				break
			}
			from += w.rec.size
			fit++
		}
		if fit == enough {
			return at
		}
		if at = nextLine(data, at); at >= len(data) {
			break
		}
	}
	return first
}

// recordOf says what is wrong with a record.
func (w *rewriter) recordOf(data []byte, k kind) (r Record, err error) {
	raw := data[:w.rec.end]
	r = Record{Line: w.line, Text: raw, Malformed: k == malformed}
	if w.invalid {
		if at := w.layout.charset.undecodable(raw); at >= 0 {
			bad, err := w.undecodable(raw, at)
			if err != nil {
				return r, err
			}
			r.Problem = bad.Problem
			return r, nil
		}
	}
	if w.nul && bytes.IndexByte(raw, 0) >= 0 {
		r.Problem = nulByte
		return r, nil
	}
	if w.layout.blankAfter && w.rec.noBlank && w.layout.found.blank {
		next := *w.layout
		next.blankAfter, next.found.blank = false, false
		return r, &contradiction{&next}
	}
	if k == row && len(w.rec.fields) > 1 && w.isHeader(data) {
		r.Repeated = true
		return r, nil
	}
	var bad *groupby.InputError
	switch {
	case k == malformed:
		bad = w.badAt(data, -1, "", w.rec.problem)
	case !w.layout.fitsRow(data, &w.rec):
		bad = w.badWidth(data)
	}
	if bad == nil {
		return r, nil
	}
	r.Problem, _, _ = strings.Cut(bad.Problem, "; ") // without the settings that would read it
	if err := w.otherEscape(data, bad); err != nil {
		if _, ok := asContradiction(err); ok {
			return r, err
		}
	}
	return r, nil
}

// cells are those of a row, decoded and without quotes; raws have their escapes.
func (w *rewriter) cells(data []byte, cells, raws [][]byte, scratch []byte) (_, _ [][]byte, used []byte) {
	for _, f := range w.rec.fields {
		var raw []byte
		raw, scratch = w.layout.charset.decode(data[f.start:f.end], scratch)
		cell := raw
		if f.doubled || f.escaped {
			before := len(scratch)
			scratch = w.s.appendCell(scratch, raw, field{end: len(raw), doubled: f.doubled, escaped: f.escaped})
			cell = scratch[before:]
		}
		cells, raws = append(cells, cell), append(raws, raw)
	}
	return cells, raws, scratch
}
