package dialect

import "bytes"

// lenience is what a rewriter remembers of rows that break the rules.
type lenience struct {
	blank bool // the line before was blank
	begun bool // blocks before this one have rows
	empty int  // rows of nothing but delimiters that may be at the end
}

// holdBack says whether a row has nothing but delimiters, and counts it: such rows at the
// end of the file are none. Those that another row follows are written.
func (w *rewriter) holdBack(data []byte) bool {
	for _, f := range w.rec.fields {
		if len(trimSpace(data[f.start:f.end])) > 0 {
			for ; w.lenience.empty > 0; w.lenience.empty-- {
				w.emptyRow()
			}
			return false
		}
	}
	w.lenience.empty++
	return true
}

func (w *rewriter) emptyRow() {
	w.rows++
	start := len(w.out)
	if c := w.computing; c != nil {
		for _, i := range c.uses {
			c.row.SetNull(i)
		}
		if wanted, err := w.begin(); err != nil || !wanted {
			return
		}
	}
	for i := range w.outputs {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if o := &w.outputs[i]; o.program != nil {
			_ = w.computed(o) // of NULL, which is no bad cell
		}
	}
	if len(w.out) == start {
		w.out = append(w.out, `""`...)
	}
	w.out = append(w.out, '\n')
}

// mend reads a row that breaks the rules: of the readings that take one of its opening
// quotes, or several, as text, the first with the header's number of cells; without
// one, or where it has no quotes, as it stands.
func (w *rewriter) mend(data []byte, k kind) {
	line := data
	if end := bytes.IndexAny(data, "\r\n"); end >= 0 {
		line = data[:end]
	}
	if k == row && len(line) >= w.rec.end {
		w.countWidth() // no quote is wrong, or all of it would be one line
		return
	}
	original := w.rec
	original.fields = append([]field(nil), w.rec.fields...)
	size := nextLine(data, 0)
	var best *record
	for _, pick := range readings(line, w.s.quote) {
		var r record
		if w.s.parseLoosely(line, pick, &r) && w.layout.fitsRow(line, &r) && len(r.fields) >= w.layout.required {
			best = &r
			break
		}
	}
	if best == nil {
		if k == row {
			w.rec = original
			w.countWidth()
			return
		}
		best = new(record)
		w.s.parseLoosely(line, func(int) bool { return true }, best)
	}
	best.end, best.size = len(line), size
	w.rec = *best
	w.tally.reread++
	w.countWidth()
}

func (w *rewriter) countWidth() {
	switch n := len(w.rec.fields); {
	case n < w.layout.required:
		w.tally.padded++
	case n > w.layout.width:
		w.tally.cut++
	}
}

// readings are the choices of quotes to take as text: each one alone, then all. A long line
// is not read so many times.
func readings(line []byte, quote byte) []func(i int) bool {
	const most, long = 64, 64 << 10
	all := []func(int) bool{func(int) bool { return false }}
	quotes := 0
	if len(line) <= long {
		quotes = bytes.Count(line, []byte{quote})
	}
	for i := range min(quotes, most) {
		all = append(all, func(j int) bool { return i == j })
	}
	return append(all, func(int) bool { return true })
}

// parseLoosely reads a line where the opening quotes that asText picks, counted from 0,
// are text, and where a quote closes only before a delimiter or the line's end. It says
// false where a quote is not closed.
func (s *syntax) parseLoosely(line []byte, asText func(i int) bool, r *record) bool {
	r.fields = r.fields[:0]
	opening, i := 0, 0
	for {
		f := field{from: i, start: i}
		at := i
		for at < len(line) && line[at] == ' ' {
			at++
		}
		quoted := at < len(line) && s.quote != 0 && line[at] == s.quote
		if quoted {
			quoted = !asText(opening)
			opening++
		}
		if quoted {
			f.start, f.quoted = at+1, true
			if i = s.closing(line, at+1, &f); i < 0 {
				return false
			}
			r.quoted = true
		} else {
			n := bytes.Index(line[i:], s.delimiter)
			if n < 0 {
				n = len(line) - i
			}
			i += n
			f.end = i
		}
		if len(r.fields) <= maxColumns { // what is beyond is cut
			r.fields = append(r.fields, f)
		}
		if i >= len(line) {
			return true
		}
		i += len(s.delimiter)
		if s.blankAfter && i < len(line) && line[i] == ' ' {
			i++
		}
	}
}

// closing finds the quote that closes a field: the first that stands before a delimiter
// or the end, and is not the second of a pair. It returns what comes behind it, or -1.
func (s *syntax) closing(line []byte, i int, f *field) int {
	for ; i < len(line); i++ {
		switch {
		case s.escape != 0 && line[i] == s.escape:
			f.escaped = true
			i++
		case line[i] != s.quote:
		case i+1 < len(line) && line[i+1] == s.quote:
			f.doubled = true
			i++
		default:
			after := i + 1
			for after < len(line) && line[after] == ' ' {
				after++
			}
			if after == len(line) || bytes.HasPrefix(line[after:], s.delimiter) {
				f.end = i
				return after
			}
		}
	}
	return -1
}

// begun says whether the table has rows so far.
func (w *rewriter) begun() bool { return w.rows > 0 || w.lenience.begun }

// anotherTable says whether a record begins a second table: a header that has most of
// the first one's names, or, behind a blank line, a row of another width than the table
// that the next row has too.
func (w *rewriter) anotherTable(data []byte, k kind, fits, final bool) bool {
	blank := w.lenience.blank
	w.lenience.blank = false
	if !w.begun() || k != row || len(w.rec.fields) < 2 {
		return false
	}
	if len(w.layout.Header) > 1 && (!fits && w.likeHeader(data) || w.isHeader(data)) {
		return true
	}
	return blank && !fits && w.nextHas(len(w.rec.fields), data[w.rec.size:], final) == row
}

// isUndecided says whether a record may begin a second table, and what tells has not been read.
func (w *rewriter) isUndecided(data []byte, k kind) bool {
	return w.lenience.blank && w.begun() && k == row && len(w.rec.fields) > 1 && !w.layout.fitsRow(data, &w.rec) &&
		w.nextHas(len(w.rec.fields), data[w.rec.size:], false) == incomplete
}

// nextHas is row where the next record is one of so many fields, incomplete where it has not been
// read as a whole, and malformed otherwise.
func (w *rewriter) nextHas(fields int, rest []byte, final bool) kind {
	var next record
	for len(rest) > 0 {
		switch k := w.s.parse(rest, final, &next); {
		case k == incomplete:
			return incomplete
		case k == row && len(next.fields) == fields:
			return row
		case k != blank:
			return malformed
		}
		rest = rest[next.size:]
	}
	if final {
		return malformed
	}
	return incomplete
}

// likeHeader says whether most cells of a record are names of the header.
func (w *rewriter) likeHeader(data []byte) bool {
	same, filled := 0, 0
	for _, f := range w.rec.fields {
		name := w.layout.name(data[f.start:f.end])
		if name == "" {
			continue
		}
		filled++
		for _, have := range w.layout.Header {
			if have == name {
				same++
				break
			}
		}
	}
	return same >= 2 && 2*same > filled
}
