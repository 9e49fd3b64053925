package dialect

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"csv-pipeline/internal/groupby"
)

// Most bytes of the parts of an excerpt.
const (
	aroundField = 150
	ofField     = 200
)

// badCell is the error of a cell.
func (w *rewriter) badCell(data []byte, o *output, cell []byte, problem string) *groupby.InputError {
	bad := w.badAt(data, o.field, string(cell), problem)
	bad.Column = o.name
	return bad
}

// badAt is the error of a row, or of a field of it.
func (w *rewriter) badAt(data []byte, i int, cell, problem string) *groupby.InputError {
	bad := &groupby.InputError{Name: w.name, Line: w.line, Field: cell, Problem: problem}
	raw := data[:min(w.rec.end, len(data))]
	if i < 0 || i >= len(w.rec.fields) {
		bad.Row.Before = front(w.shown(raw[:min(len(raw), 4*aroundField)]), 2*aroundField+ofField)
		return bad
	}
	f := w.rec.fields[i]
	names := fieldNames(w.layout.Header, len(w.rec.fields))
	bad.Column = names[i]
	bad.Row = groupby.Excerpt{
		Before: back(w.shown(raw[max(0, f.start-2*aroundField):f.start]), aroundField),
		Field:  front(w.shown(raw[f.start:min(f.end, f.start+2*ofField)]), ofField),
		After:  front(w.shown(raw[f.end:min(len(raw), f.end+2*aroundField)]), aroundField),
	}
	return bad
}

// badWidth is the error of a row that has not the header's cells, or nil where the
// missing ones are NULL.
func (w *rewriter) badWidth(data []byte) *groupby.InputError {
	n, l := len(w.rec.fields), w.layout
	as := "as in the header"
	if len(l.Header) == 0 {
		as = "as in the first record"
	}
	fields := "fields"
	if n == 1 {
		fields = "field"
	}
	skip := "; onBadRow: skip leaves such rows out"
	if w.skip {
		skip = ""
	}
	if n >= l.required {
		return w.badAt(data, -1, "", fmt.Sprintf("%d %s, expected at most %d %s; lenient: true drops what is beyond%s", n, fields, l.width, as, skip))
	}
	if w.pad {
		return nil
	}
	if prefix := w.commentLike(data); prefix != "" {
		return w.badAt(data, -1, "", fmt.Sprintf("%d %s, expected %d %s; commentPrefix: %q leaves such lines out%s", n, fields, l.required, as, prefix, skip))
	}
	return w.badAt(data, -1, "", fmt.Sprintf("%d %s, expected %d %s; raggedRows: pad or lenient: true reads what is missing as NULL%s", n, fields, l.required, as, skip))
}

// tooLong is the error of a record that does not end.
func tooLong(name string, line int64, data []byte) *groupby.InputError {
	bad := &groupby.InputError{Name: name, Line: line, Problem: recordTooLong}
	if bytes.IndexByte(data, 0) >= 0 {
		bad.Problem = nulByte
	}
	return bad
}

const ellipsis = "…"

// front is the beginning of a text, at most that many bytes.
func front(text []byte, most int) string {
	if len(text) <= most {
		return string(text)
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return string(text[:most]) + ellipsis
}

// back is the end of a text.
func back(text []byte, most int) string {
	if len(text) <= most {
		return string(text)
	}
	text = text[len(text)-most:]
	for len(text) > 0 && !utf8.RuneStart(text[0]) {
		text = text[1:]
	}
	return ellipsis + string(text)
}

// trap is the error of a column of which nothing says whether a point divides or
// groups, or nil.
func trap(name string, o *output) error {
	if o.points.unclear() {
		return unclearPoints(name, o.name, o.points.cell, o.points.thousands)
	}
	return nil
}

func unclearPoints(name, column, cell string, line int64) error {
	return &groupby.InputError{Name: name, Line: line, Column: column, Field: cell,
		Problem: `and every other point of the column may divide or group: decimalChar: "." reads it with decimals, decimalChar: "," and groupChar: "." as thousands`}
}

// tooManyBad is the error of a file with more bad rows than may be skipped.
func tooManyBad(first *groupby.InputError, bad, total int64, share float64) error {
	e := *first
	e.Problem = fmt.Sprintf("%s; %d of %d rows are bad, expected at most %.4g %% (maxBadShare); this is the first", first.Problem, bad, total, 100*share)
	return &e
}
