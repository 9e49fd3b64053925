package groupby

import (
	"errors"

	"csv-pipeline/internal/separators"
)

const (
	chunkSize = separators.Chunk // the most bytes that are indexed together
	maxRecord = 1<<refLength - 1
)

// worker turns text into groups. It is used by one goroutine at a time.
type worker struct {
	plan   *Plan
	layout *layout
	name   string // of the input
	comma  byte   // the delimiter
	times  int    // how often it stands between two fields
	format *CellFormat
	number int // among the run's workers
	sizes  sizes
	finder separators.Finder
	text   []byte // what is read into
	base   int64  // where the text that is given to records begins in the input

	table    table
	dense    *dense // nil if there is none
	scatter  scatter
	makeRoom func(*worker) error // takes the groups of a full table away
	batch    batch
	codes    *codes                             // nil where keys are not of the kind
	vectors  *vectors                           // nil where nothing is computed
	doubt    func(column int, text []byte) bool // Options.Doubt
	doubted  bool                               // by row
	record   record
	rows     int64 // aggregated since the last report
	rest     int   // batches to go before findTiny is tried again
	longKeys bool  // the batch before had keys that are not short

	// With SkipBadRow, skip takes a bad row; line is that of the byte lineAt of
	// the text that is being read.
	skip   func(raw []byte, err *InputError) error
	line   int64
	lineAt int

	ends [1 + chunkSize + separators.Slack]uint32 // where the fields of a chunk end; the first is where the one before the chunk did
}

// begin prepares the worker, which may be a used one, for a run.
func (w *worker) begin(r *run) {
	w.doubt, w.doubted = r.opt.Doubt, false
	w.codes.begin()
	if w.vectors != nil {
		w.vectors.begin()
	}
	w.name, w.layout, w.sizes, w.makeRoom = r.in.Name, r.layout, r.sizes, r.makeRoom
	w.comma, w.times, w.format, w.batch.reader.format = r.plan.comma, 1, nil, nil
	if known := r.in.Layout; known != nil {
		w.comma, w.times, w.format, w.batch.reader.format = known.Comma, max(1, known.Times), known.Cells, known.Numbers
	}
	w.finder.Use(r.sizes.kernel)
	for i, c := range w.batch.compared {
		w.batch.compared[i] = compared{column: c.column}
	}
	w.number = len(r.workers)
}

// forget drops the groups, and the functions by which an idle worker would keep its last run in
// memory.
func (w *worker) forget() {
	w.table.reset()
	w.dense = nil
	w.rows, w.skip, w.makeRoom, w.layout, w.doubt = 0, nil, nil, nil, nil
}

// positionError is an InputError whose line is not known yet, but its position.
type positionError struct {
	*InputError
	at int // of the record, in bytes from the beginning of the text
}

// A text is a buffer with input at its beginning, then a last line break if
// that is missing, then padding. makeText has room for size bytes of input.
func makeText(size int) []byte { return make([]byte, size+textOverhead) }

const textOverhead = 1 + len(padding)

// endText makes what follows n bytes of input fit for reading; at the end of
// the input it also ends the last line.
func endText(text []byte, n int, final bool) int {
	if final && n > 0 && text[n-1] != '\n' {
		text[n] = '\n'
		n++
	}
	for i := range padding {
		text[n+i] = ' '
	}
	return n
}

// header reads the first record of text[:n] and returns how many bytes it
// takes with the blank lines before it; 0 means that it is not there yet. In a
// file without header they are the blank lines alone.
func (w *worker) header(text []byte, n int, final bool) (used int, err error) {
	const mark = "\uFEFF"
	line := int64(1)
	if n >= len(mark) && string(text[:len(mark)]) == mark {
		used = len(mark)
	}
	if n >= 2 && (string(text[:2]) == "\xFF\xFE" || string(text[:2]) == "\xFE\xFF") {
		return 0, &InputError{Name: w.name, Line: 1, Problem: "UTF-16: expected UTF-8 or another ASCII-compatible encoding"}
	}
	for used < n {
		problem, incomplete := w.record.parse(text[used:n], w.comma, 1)
		switch {
		case incomplete && !final:
			return 0, nil
		case problem != "":
			bad := &InputError{Name: w.name, Line: line, Problem: problem}
			bad.show(text[used:], w.record.size, w.comma)
			return 0, bad
		case w.record.blank:
			line++
			used += w.record.size
			continue
		}
		if bad := w.findNUL(); bad != nil {
			bad.Line = line
			bad.show(text[used:], w.record.size, w.comma)
			return 0, bad
		}
		names := make([]string, len(w.record.ends))
		for i := range names {
			names[i] = unescape(w.record.field(i))
		}
		w.layout, err = w.plan.newLayout(w.name, line, names)
		var bad *InputError
		if errors.As(err, &bad) {
			bad.show(text[used:], w.record.size, w.comma)
		} else if !w.plan.noHeader {
			used += w.record.size
		}
		return used, err
	}
	if !final {
		used = 0
	}
	return used, nil
}

// records aggregates the records of text[:n] and returns how many bytes they
// take; where final is set they have to be all of it.
func (w *worker) records(text []byte, n int, final bool) (used int, err error) {
	for used < n {
		size := min(w.sizes.chunk, n-used)
		done, err := w.chunk(text[used:], size, w.base+int64(used))
		if err == nil && done == 0 {
			done, err = w.exactly(text[:n], used, size, final)
		}
		if err != nil {
			return used, err
		}
		if done == 0 {
			break
		}
		used += done
	}
	return used, nil
}

// chunk aggregates the whole records of the first size bytes of text, up to
// the first batch that is in doubt. The text is at the place base of the input.
func (w *worker) chunk(text []byte, size int, base int64) (used int, err error) {
	found, rows, seen, good := w.finder.Find(text[:(size+63)&^63], w.comma, w.ends[1:])
	width := w.stride()
	w.ends[0] = ^uint32(0)
	if !good || rows == 0 || found < rows*width || !w.shaped(text, rows) || w.times > 1 && !w.together(rows) {
		return 0, nil
	}
	for first := 0; first < rows; first += batchRows {
		n := min(batchRows, rows-first)
		ends := w.ends[first*width : (first+n)*width+1]
		w.place(ends)
		w.batch.places = places{base: base, ends: ends, stride: width}
		if seen&(separators.CR|separators.Quote) != 0 {
			w.trim(text, n, seen)
		}
		w.clean(text, n)
		if w.table.full(w.sizes.full) {
			if err := w.makeRoom(w); err != nil {
				return 0, err
			}
		}
		if !w.aggregate(text, n) {
			break
		}
		w.rows += int64(n)
		used = int(ends[n*width]) + 1
	}
	return used, nil
}

// stride is how many delimiters and line breaks a row has.
func (w *worker) stride() int { return w.times*(w.layout.width-1) + 1 }

// together says whether the delimiters that are to stand together do.
func (w *worker) together(rows int) bool {
	stride := w.stride()
	var apart uint32
	for r := range rows {
		row := w.ends[r*stride+1 : (r+1)*stride]
		for i := 0; i < len(row); i += w.times {
			apart |= row[i+w.times-1] - row[i] ^ uint32(w.times-1)
		}
	}
	return apart == 0
}

// shaped says whether all rows have their fields: as there are as many
// newlines as rows, they do if every width-th separator is a newline.
func (w *worker) shaped(text []byte, rows int) bool {
	width := w.stride()
	var differ byte
	for i := width; i <= rows*width; i += width {
		differ |= byteAt(text, w.ends[i]) ^ '\n'
	}
	if width == 1 { // an empty cell or a blank line: let the exact path tell
		for i := range rows {
			start, end := w.ends[i]+1, w.ends[i+1]
			if start == end || end == start+1 && text[start] == '\r' {
				return false
			}
		}
	}
	return differ == 0
}

// place sets where the cells of a batch are.
func (w *worker) place(ends []uint32) {
	for i, field := range w.layout.index {
		c := &w.batch.columns[i]
		c.ends, c.stride = ends[field*w.times:], w.stride()
	}
}

// clean leaves of the cells what counts of them.
func (w *worker) clean(text []byte, n int) {
	if w.format == nil {
		return
	}
	for i := range w.batch.columns {
		w.batch.columns[i].clean(text, n, w.format)
	}
}

// trim takes the CR off the last column, and the quotes off all.
func (w *worker) trim(text []byte, n int, seen separators.Kinds) {
	for i, field := range w.layout.index {
		c := &w.batch.columns[i]
		if seen&separators.CR != 0 && field == w.layout.width-1 {
			c.trimCR(text, n)
		}
		if seen&separators.Quote != 0 {
			c.trimQuotes(text, n)
		}
	}
}
