package dialect

// footer holds back records that may be the last ones of the file.
type footer struct {
	most    int // so many are no table
	waiting []held
	last    held // what is known of the record held back last, while another is taken
}

// held is a record that waits.
type held struct {
	data []byte
	rec  record
	kind kind
	line int64

	invalid, nul bool // of the text that it stood in
	reread       bool // its quotes as text
}

// swap puts a record at the end of those that wait, and the first of them in its
// place; data is nil where none has waited long enough.
func (f *footer) swap(w *rewriter, data []byte, k kind) (first []byte, _ kind, final bool) {
	reread := w.Lenient && k == row && w.asLine(data)
	size := w.rec.size
	if k == malformed {
		size = max(size, w.rec.at) // what is wrong may be lines below
	}
	h := held{data: append([]byte(nil), data[:size]...), reread: reread, rec: w.rec, kind: k, line: w.line, invalid: w.invalid, nul: w.nul}
	h.rec.fields = append([]field(nil), w.rec.fields...)
	f.waiting = append(f.waiting, h)
	if len(f.waiting) <= f.most {
		return nil, k, false
	}
	next := f.waiting[0]
	f.waiting = f.waiting[1:]
	f.last = held{rec: w.rec, line: w.line, invalid: w.invalid, nul: w.nul}
	next.restore(w)
	if next.reread {
		w.tally.reread++
	}
	return next.data, next.kind, true
}

// back puts the record that was read last in its place again.
func (f *footer) back(w *rewriter) { f.last.restore(w) }

func (h *held) restore(w *rewriter) {
	w.rec, w.line, w.invalid, w.nul = h.rec, h.line, h.invalid, h.nul
}

// asLine mends a row that takes in the lines below where its quotes are no text, so that they are rows
// of their own, and says whether it is one. It is counted when it is taken.
func (w *rewriter) asLine(data []byte) bool {
	if w.layout.fitsRow(data, &w.rec) {
		return false
	}
	tally, size := w.tally, w.rec.size
	w.mend(data, row)
	w.tally = tally
	return w.rec.size < size
}
