package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/cpu"

	"csv-pipeline/internal/cacheline"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
)

// output is a cell of what is written: the cell of a field, in a role.
type output struct {
	field int
	role  groupby.Role
	name  string
	marks

	program  *expression.Program // in place of a field
	distinct bool                // equal numbers are the same text

	// The last time, which often is the next one's, too.
	last, told []byte
}

// rewriter turns records into those that the engine takes: CSV of RFC 4180 in UTF-8
// with LF, without a header, numbers and times in the one form that it reads.
type rewriter struct {
	_ cpu.CacheLinePad // see package cacheline
	*rules
	layout  *Layout
	s       *syntax
	name    string // of the file
	outputs []output
	armed   bool // points are observed: see points

	line     int64 // of the record that is read
	out      []byte
	rec      record
	scratch  []byte
	invalid  bool // the text has bytes that cannot be decoded
	nul      bool
	rows     int64
	tally    tally
	footer   footer
	lenience lenience
	fast     *fast // nil where it is not for this syntax
	last     bool  // the text is the end of the file
	ended    bool  // the table is at its end, whatever follows

	computing *computing // nil where no column is computed

	_ cpu.CacheLinePad
}

// tally is what was done to rows.
type tally struct {
	bad      int64
	first    *groupby.InputError
	rejects  []byte // rows of <name>_rejected.csv
	repeated int64  // headers left out
	padded   int64  // rows with cells missing
	cut      int64  // rows with cells too many
	reread   int64  // rows with a quote that fits no rule
	tables   int64  // tables left out
}

// contradiction says that the rest of a file is not as its beginning was.
type contradiction struct{ layout *Layout }

func (c *contradiction) Error() string { return "the file is written in another way than it begins" }

func newRewriter(name string, r *rules, l *Layout, outputs []output, c *computation) *rewriter {
	w := &rewriter{rules: r, layout: l, s: l.syntax(r), name: name, line: l.line}
	w.outputs = cacheline.Slice[output](len(outputs))
	copy(w.outputs, outputs)
	for i := range w.outputs {
		if w.outputs[i].role != groupby.Time {
			continue
		}
		w.outputs[i].last, w.outputs[i].told = cacheline.Slice[byte](64)[:0], cacheline.Slice[byte](64)[:0]
	}
	w.armed = l.unclearPoints(r)
	w.footer.most = r.SkipFooter
	w.fast = newFast(r, l)
	if c != nil {
		w.compute(c)
	}
	return w
}

// rewrite appends to out what the records of data become, and returns how many bytes
// they take. Where final is set the last record of data is whole.
func (w *rewriter) rewrite(data []byte, final bool) (used int, err error) {
	if err := w.look(data); err != nil {
		return 0, err
	}
	slow := 0 // bytes to go the exact way before the fast one is tried again
	for used < len(data) && !w.ended {
		if w.fast != nil && !w.invalid && !w.nul && used >= slow {
			used += w.regular(data[used:])
			if slow = used + notRegular; used == len(data) {
				break
			}
		}
		rest := data[used:]
		if rest[0] == 0x1a && w.last && len(bytes.Trim(rest, "\x1a\r\n \t")) == 0 {
			return len(data), nil
		}
		k := w.s.parse(rest, final, &w.rec)
		if k == incomplete || w.Lenient && !final && w.footer.most == 0 && (used > 0 || len(data) <= maxRecord) && w.isUndecided(rest, k) {
			break
		}
		if k != blank {
			if err := w.record(rest, k, final); err != nil {
				return used, err
			}
		} else {
			w.lenience.blank = true
		}
		if w.rec.quoted || k != row {
			w.line += lines(rest[:w.rec.size])
		} else {
			w.line++
		}
		used += w.rec.size
	}
	if w.ended {
		return len(data), nil
	}
	return used, nil
}

// look at a text as a whole for what is seldom there.
func (w *rewriter) look(data []byte) error {
	w.nul = bytes.IndexByte(data, 0) >= 0
	c := w.layout.charset
	w.invalid = c.undecodable(data) >= 0
	if w.layout.found.charset && c == windows1252 {
		if at := multiByte(data); at >= 0 {
			return contradictory(w.name, data, w.line+lines(data[:at]), w.layout.before.Line)
		}
	}
	return nil
}

// record takes the record that data begins with, or puts it where those wait that may
// be the footer.
func (w *rewriter) record(data []byte, k kind, final bool) error {
	if w.footer.most > 0 {
		data, k, final = w.footer.swap(w, data, k)
		if data == nil {
			return nil
		}
		defer w.footer.back(w)
	}
	if w.layout.blankAfter && w.rec.noBlank && w.layout.found.blank {
		next := *w.layout
		next.blankAfter, next.found.blank = false, false
		return &contradiction{&next}
	}
	bad, err := w.take(data, k, final)
	if bad == nil || err != nil {
		return err
	}
	return w.refuse(data, bad)
}

// take writes a record, or says what is wrong with it.
func (w *rewriter) take(data []byte, k kind, final bool) (*groupby.InputError, error) {
	raw := data[:w.rec.end]
	if w.invalid {
		if at := w.layout.charset.undecodable(raw); at >= 0 {
			return w.undecodable(raw, at)
		}
	}
	if w.nul {
		if at := bytes.IndexByte(raw, 0); at >= 0 {
			return w.badAt(data, w.fieldAt(at), "", nulByte), nil
		}
	}
	if k == row && len(w.rec.fields) > 1 && w.isHeader(data) && !(w.Lenient && w.begun() && !bytes.HasSuffix(raw, []byte(w.layout.headerText))) {
		w.tally.repeated++
		return nil, nil
	}
	fits := k == row && w.layout.fitsRow(data, &w.rec)
	if w.Lenient {
		if w.anotherTable(data, k, fits, final) {
			w.tally.tables++
			w.ended = true
			return nil, nil
		}
		if !fits {
			w.mend(data, k)
			k = row
		}
		if w.holdBack(data) {
			return nil, nil
		}
	}
	if k == malformed {
		bad := w.badAt(data, -1, "", w.rec.problem+w.quoteHint())
		bad.Line += lines(data[:w.rec.at])
		return bad, w.otherEscape(data, bad)
	}
	if !fits && !w.Lenient {
		if bad := w.badWidth(data); bad != nil {
			return bad, w.otherEscape(data, bad)
		}
	}
	if w.computing != nil {
		w.load(data)
		wanted, err := w.begin()
		if err != nil {
			return w.badValue(data, condition, err), nil
		}
		if !wanted {
			w.rows++
			return nil, nil
		}
	}
	start := len(w.out)
	for i := range w.outputs {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if bad := w.cell(data, &w.outputs[i]); bad != nil {
			w.out = w.out[:start]
			return bad, nil
		}
	}
	if len(w.out) == start {
		w.out = append(w.out, `""`...) // a blank line would be none
	}
	w.out = append(w.out, '\n')
	w.rows++
	return nil, nil
}

// cell appends a cell in its role, or says what is wrong with it.
func (w *rewriter) cell(data []byte, o *output) *groupby.InputError {
	if o.program != nil {
		if err := w.computed(o); err != nil {
			return w.badValue(data, o.name, err)
		}
		return nil
	}
	cell := w.text(data, o.field)
	if cell == nil {
		return nil
	}
	switch o.role {
	case groupby.Text:
		w.out = groupby.AppendField(w.out, cell)
	case groupby.Presence:
		w.out = append(w.out, '1')
	case groupby.Number:
		var ok bool
		if w.out, ok = w.numbers.appendNumber(w.out, cell); !ok {
			return w.badCell(data, o, cell, "is not a number"+w.numberHint(cell, w.first()))
		}
		w.observe(o, cell)
	case groupby.Extreme:
		number, ok := w.extreme(cell)
		if !ok {
			return w.badCell(data, o, cell, "is not a number"+w.numberHint(cell, w.first()))
		}
		if number {
			w.observe(o, cell)
		}
	case groupby.Time:
		if bytes.Equal(cell, o.last) {
			w.out = append(w.out, o.told...)
			return nil
		}
		start := len(w.out)
		var ok bool
		if w.out, ok = w.dates.appendTime(w.out, cell); !ok {
			return w.badCell(data, o, cell, "is not a date or time"+w.dateHint(cell, w.first()))
		}
		o.last, o.told = append(o.last[:0], cell...), append(o.told[:0], w.out[start:]...)
	}
	return nil
}

// first says whether the record is the first row of the file.
func (w *rewriter) first() bool { return w.line == w.layout.line }

// text is the text of a field of the record, nil where it is NULL.
func (w *rewriter) text(data []byte, i int) []byte {
	if i >= len(w.rec.fields) {
		return nil
	}
	f := w.rec.fields[i]
	cell := data[f.start:f.end]
	w.scratch = w.scratch[:0]
	cell, w.scratch = w.layout.charset.decode(cell, w.scratch)
	if w.Trim {
		cell = trimSpace(cell)
	}
	if len(cell) == 0 || len(cell) <= w.longest && w.missing[string(cell)] {
		return nil
	}
	if f.doubled || f.escaped {
		cell = w.s.appendCell(nil, cell, field{end: len(cell), doubled: f.doubled, escaped: f.escaped})
		if len(cell) == 0 {
			return nil
		}
	}
	return cell
}

// observe takes a cell of a column that is a number into account.
func (w *rewriter) observe(o *output, cell []byte) {
	if w.armed {
		o.points.observe(cell, w.line)
	}
	if !w.numbers.bare {
		o.currencies.observe(cell)
	}
}

// isHeader says whether a record is the header once more, as files have it that were
// joined.
func (w *rewriter) isHeader(data []byte) bool {
	header, fields := w.layout.Header, w.rec.fields
	if len(header) == 0 || len(fields) < w.layout.required || len(header) < 2 {
		return false
	}
	for i, f := range fields {
		var cell []byte
		if cell = data[f.start:f.end]; f.doubled || f.escaped {
			cell = w.s.appendCell(nil, data, f)
		}
		if i == 0 {
			cell = w.withoutMark(cell)
		}
		if i >= len(header) {
			if len(trimSpace(cell)) > 0 {
				return false
			}
			continue
		}
		// Most rows differ in the first byte of some name.
		if len(cell) > 0 && len(header[i]) > 0 && cell[0] < utf8.RuneSelf && !isBlank(cell[0]) && cell[0] != header[i][0] {
			return false
		}
		if w.layout.name(cell) != header[i] {
			return false
		}
	}
	return true
}

// withoutMark takes a byte order mark, and the quotes behind it, off a cell.
func (w *rewriter) withoutMark(cell []byte) []byte {
	rest, ok := bytes.CutPrefix(cell, byteOrderMark)
	if !ok {
		return cell
	}
	if n := len(rest); n > 1 && rest[0] == w.s.quote && rest[n-1] == w.s.quote {
		rest = rest[1 : n-1]
	}
	return rest
}

// fieldAt is the number of the field that has a byte, or -1.
func (w *rewriter) fieldAt(at int) int {
	for i, f := range w.rec.fields {
		if at < f.end {
			return i
		}
	}
	return -1
}

// refuse ends the file with a bad row, or skips it.
func (w *rewriter) refuse(data []byte, bad *groupby.InputError) error {
	if !w.skip {
		w.hintAtNoRow(data, bad)
		return bad
	}
	t := &w.tally
	t.bad++
	if t.first == nil {
		t.first = bad
	}
	t.rejects = strconv.AppendInt(t.rejects, bad.Line, 10)
	t.rejects = append(t.rejects, ',')
	t.rejects = groupby.AppendField(t.rejects, []byte(bad.Reason()))
	t.rejects = append(t.rejects, ',')
	raw, more := data[:w.rec.end], ""
	if len(raw) > ofRejected {
		raw, more = raw[:ofRejected], ellipsis
	}
	t.rejects = append(groupby.AppendField(t.rejects, append(w.shown(raw), more...)), '\n')
	return nil
}

// ofRejected is how many bytes of a rejected row are kept.
const ofRejected = 64 << 10

// shown is a text in UTF-8, with what cannot be decoded as \xNN.
func (w *rewriter) shown(text []byte) []byte {
	c := w.layout.charset
	if c.undecodable(text) < 0 {
		decoded, _ := c.decode(text, nil)
		return decoded
	}
	var b []byte
	for i := 0; i < len(text); {
		if c.table != nil {
			if c.table[text[i]] == nil {
				b = fmt.Appendf(b, `\x%02X`, text[i])
			} else {
				b = append(b, c.table[text[i]]...)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n <= 1 {
			b = fmt.Appendf(b, `\x%02X`, text[i])
		} else {
			b = append(b, text[i:i+n]...)
		}
		i += max(n, 1)
	}
	return b
}

// undecodable is the error of a row with a byte that its encoding does not have, or
// says that the encoding is another one.
func (w *rewriter) undecodable(raw []byte, at int) (*groupby.InputError, error) {
	c := w.layout.charset
	i := w.fieldAt(at)
	bad := w.badAt(raw, i, "", fmt.Sprintf("the byte 0x%02X is not %s: expected text in that encoding, or encoding to name another", raw[at], strings.ToUpper(c.name)))
	if c.first() {
		bad.Problem = fmt.Sprintf("it has bytes that are not %s: expected text in that encoding, or encoding to name another", strings.ToUpper(c.name))
	}
	if w.layout.found.charset && c == utf8Charset {
		next := *w.layout
		next.charset, next.Encoding, next.before = windows1252, windows1252.name, bad
		return nil, &contradiction{&next}
	}
	return bad, nil
}

// otherEscape says that the escape character is the backslash, where that may be and
// a row is wrong otherwise.
func (w *rewriter) otherEscape(data []byte, bad *groupby.InputError) error {
	l := w.layout
	if l.found.escape && l.before != nil && l.before.Line > 0 {
		return l.before // not with it either
	}
	if !w.escAuto || l.escape != 0 || l.quote == 0 || !bytes.Contains(data[:min(len(data), w.rec.size)], []byte{'\\', l.quote}) {
		return nil
	}
	next := *l
	next.escape, next.Escape, next.found.escape, next.before = '\\', `\`, true, bad
	return &contradiction{&next}
}

func asContradiction(err error) (*contradiction, bool) {
	var c *contradiction
	return c, errors.As(err, &c)
}
