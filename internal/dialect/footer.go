package dialect

import (
	"bytes"
	"fmt"
	"strings"

	"csv-pipeline/internal/groupby"
)

// footer holds back records that may be the last ones of the file.
type footer struct {
	most    int // so many are no table
	waiting []held
	rec     record // that of the record held back last, while another is taken
	line    int64
}

// held is a record that waits.
type held struct {
	data []byte
	rec  record
	kind kind
	line int64
}

// swap puts a record at the end of those that wait, and the first of them in its
// place; data is nil where none has waited long enough.
func (f *footer) swap(w *rewriter, data []byte, k kind) (first []byte, _ kind, final bool) {
	h := held{data: append([]byte(nil), data[:w.rec.size]...), rec: w.rec, kind: k, line: w.line}
	h.rec.fields = append([]field(nil), w.rec.fields...)
	f.waiting = append(f.waiting, h)
	if len(f.waiting) <= f.most {
		return nil, k, false
	}
	next := f.waiting[0]
	f.waiting = f.waiting[1:]
	f.rec, f.line = w.rec, w.line
	w.rec, w.line = next.rec, next.line
	return next.data, next.kind, true
}

// back puts the record that was read last in its place again.
func (f *footer) back(w *rewriter) { w.rec, w.line = f.rec, f.line }

// hintAtNoRow names in the error of the record that data begins with the setting that leaves it
// out, where it may be no row of the table.
func (w *rewriter) hintAtNoRow(data []byte, bad *groupby.InputError) {
	l, first, digits := w.layout, "", false
	for _, f := range w.rec.fields {
		cell := trimSpace(data[f.start:f.end])
		digits = digits || bytes.ContainsAny(cell, "0123456789")
		if first == "" {
			first = string(cell)
		}
	}
	filled := w.rec.filled(data)
	if w.line == l.line && l.HeaderLine > 0 && !digits && filled > 1 && w.SkipRowsAfterHeader == 0 && !IsCommonWord(bad.Field) {
		bad.Problem += "; if it has units and is no row, skipRowsAfterHeader: 1 passes over it"
		return
	}
	short := func(filled int) bool { return filled < l.width && (2*filled <= l.width || l.width <= 3) }
	if !w.last || w.line == l.line || w.footer.most > 0 || !short(filled) {
		return
	}
	// A total or a remark is one of the last records, and has less cells than a row.
	const most = 5
	n := 1
	var rec record
	for rest := data[w.rec.size:]; len(rest) > 0; rest = rest[rec.size:] {
		k := w.s.parse(rest, true, &rec)
		switch {
		case k == blank:
			continue
		case k == malformed || n == most || !short(rec.filled(rest)):
			return
		}
		n++
	}
	problem, others, _ := strings.Cut(bad.Problem, "; ")
	if bad.Problem = fmt.Sprintf("%s; if the table ends before it, skipFooter: %d leaves it out", problem, n); others != "" && bad.Field != first {
		bad.Problem += "; " + others
	}
}

// filled is how many fields of a record have something in them.
func (r *record) filled(data []byte) (n int) {
	for _, f := range r.fields {
		if len(trimSpace(data[f.start:f.end])) > 0 {
			n++
		}
	}
	return n
}
