package query

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// Files that are plain and have the same columns in the same places are for the engine one text:
// it reads them as they are, one after the other. Where one is not, or a row is in doubt,
// all of them are rewritten (see several).

// together answers the question of plain files. Its error wraps groupby.ErrDoubt, or is that of
// a row, where they have to be rewritten.
func (s *several) together(ctx context.Context) (report Report, err error) {
	result, _, err := s.begin()
	if err != nil {
		return report, err
	}
	t := &plainTexts{several: s, ctx: ctx}
	defer t.close()
	if err := t.open(); err != nil {
		return report, err
	}
	name := fmt.Sprintf("%d files", len(s.files))
	w := s.write(ctx, result, name, s.dialect.Env(), func() []int { return nil }, s.opt.TempDir)
	defer w.discard()
	opt := s.opt
	opt.Rejects, opt.OnReject, opt.Doubt, opt.Progress = nil, nil, t.first.Doubt, stored(opt.Progress, &t.read)
	in := groupby.Input{Name: name, Reader: t, Layout: t.layout}
	if report.Stats, err = s.plain.Run(ctx, in, w, opt); err != nil {
		return report, err
	}
	if slices.ContainsFunc(report.Scales, t.first.Trapped) {
		return report, groupby.ErrDoubt
	}
	report.Bytes = t.read.Load()
	report.Notes = append(t.notes, s.extremeNotes(report.Stats, func(i int) string { return s.columns[i].String() })...)
	err = w.end(&report, t.first.UnclearPoints())
	return report, err
}

// plainTexts reads plain files one after the other, each from its first record.
type plainTexts struct {
	*several
	ctx    context.Context
	next   int
	first  *dialect.Reading // of the first file
	layout *groupby.Layout  // of all files
	text   io.Reader        // of the file that is read, nil before and after
	end    byte             // what was read last
	quotes int              // of the file up to there
	done   []func()
	read   atomic.Int64
	notes  []string
}

func (t *plainTexts) Read(p []byte) (int, error) {
	for {
		if t.text == nil {
			if t.next == len(t.files) {
				return 0, io.EOF
			}
			if err := t.open(); err != nil {
				return 0, err
			}
		}
		n, err := t.text.Read(p)
		switch {
		case n > 0:
			t.end = p[n-1]
			t.quotes += bytes.Count(p[:n], []byte{'"'})
			return n, nil
		case err == io.EOF && t.quotes%2 == 1: // one that is not closed would go on in the next file
			return 0, groupby.ErrDoubt
		case err == io.EOF:
			t.close()
			if t.end != '\n' {
				t.end, p[0] = '\n', '\n'
				return 1, nil
			}
		case err != nil:
			return 0, err
		}
	}
}

// open opens the next file.
func (t *plainTexts) open() error {
	file, done, err := t.files[t.next]()
	if err != nil {
		return err
	}
	t.done = append(t.done, done)
	t.next++
	reading, err := t.dialect.Open(t.ctx, file, t.columns, t.datedColumns()...)
	if err != nil {
		return err
	}
	if !reading.Plain() {
		return groupby.ErrDoubt
	}
	in, done, err := reading.Text(t.ctx, &t.read)
	if err != nil {
		return err
	}
	t.done = append(t.done, done)
	if t.first == nil {
		t.first, t.layout = reading, in.Layout
	}
	same := in.Layout.Comma == t.layout.Comma && in.Layout.Times == t.layout.Times && in.Layout.Width == t.layout.Width && slices.Equal(in.Layout.Fields, t.layout.Fields)
	if !same || !slices.Equal(reading.Layout.Header, t.first.Layout.Header) {
		return groupby.ErrDoubt
	}
	t.text, t.end, t.quotes = in.Reader, '\n', 0
	t.notes = append(t.notes, t.fileNotes(file.Name, reading)...)
	return nil
}

// fileNotes are those of one of several files.
func (s *several) fileNotes(name string, r *dialect.Reading, more ...string) (notes []string) {
	more = append(more, s.readingNotes(r)...)
	if note := r.Layout.GuessNote(); note != "" { // the report of several files has no layout
		more = append(more, note)
	}
	for _, note := range more {
		notes = append(notes, name+": "+note)
	}
	return notes
}

// close closes the file that is read.
func (t *plainTexts) close() {
	for _, done := range slices.Backward(t.done) {
		done()
	}
	t.text, t.done = nil, nil
}
