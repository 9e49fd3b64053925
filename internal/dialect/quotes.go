package dialect

import (
	"bytes"
	"slices"
)

// findQuotes finds single quotes and backslashes where the head needs them.
func (d *detector) findQuotes(l *Layout) {
	if d.quoteAuto && l.quote == '"' && bytes.IndexByte(d.head, '\'') >= 0 && (d.singleQuotes(l) || d.Lenient && d.looseQuotes(l)) {
		if l.quote = '\''; d.Lenient && len(d.columns) == 0 && len(d.Header.Lines) == 0 {
			d.structure(l)
		}
		d.again(l)
	}
	if !d.escAuto || l.quote == 0 || !bytes.Contains(d.head, []byte{'\\', l.quote}) {
		return
	}
	with := *l
	with.escape = '\\'
	from := int(l.start)
	if !named(d.columns) && len(d.Header.Lines) == 0 { // its first line may need the backslash, too
		with.passed = [2]int64{}
		if _, ok := d.structure(&with); !ok {
			return
		}
		from, _ = d.skipped()
	}
	if unfit := d.fitsNot(l, from); unfit > 0 && d.fitsNot(&with, from) < unfit {
		*l = with
		l.found.escape = true
	}
}

// again reads the header of a layout whose quotes have changed.
func (d *detector) again(l *Layout) {
	if len(l.Header) == 0 {
		return
	}
	if len(d.Header.Lines) > 0 {
		with := *l
		if !d.headerAt(&with) || len(with.Header) != len(l.Header) {
			return
		}
		if found := resolve(d.columns, with.Header); found.found() {
			*l = with
		}
		return
	}
	names, k := d.names(l, l.syntax(d.rules), int(l.headerStart))
	if k != row || len(names) != len(l.Header) {
		return
	}
	if found := resolve(d.columns, names); found.found() {
		l.Header = names
	}
}

// fitsNot counts the rows of the head from a place on that a layout does not fit.
func (d *detector) fitsNot(l *Layout, from int) (n int) {
	s := l.syntax(d.rules)
	for at := from; at < len(d.head); at += d.rec.size {
		switch s.parse(d.head[at:], d.final, &d.rec) {
		case row:
			if !l.fitsRow(d.head[at:], &d.rec) {
				n++
			}
		case malformed:
			n++
		case incomplete:
			return n
		}
	}
	return n
}

// singleQuotes says whether all cells of a column are in single quotes, and none of
// the file in double ones.
func (d *detector) singleQuotes(l *Layout) bool {
	with := *l
	with.quote = '\''
	s := with.syntax(d.rules)
	enclosed := make([]bool, l.width)
	for i := range enclosed {
		enclosed[i] = true
	}
	rows := 0
	for at := int(l.start); at < len(d.head); at += d.rec.size {
		data := d.head[at:]
		k := s.parse(data, d.final, &d.rec)
		if k == incomplete {
			break
		}
		if k == malformed {
			return false
		}
		if k != row {
			continue
		}
		rows++
		for i, f := range d.rec.fields {
			cell := trimSpace(data[f.start:f.end])
			if !f.quoted && len(cell) > 1 && cell[0] == '"' && cell[len(cell)-1] == '"' {
				return false
			}
			if i < l.width {
				enclosed[i] = enclosed[i] && f.quoted
			}
		}
		for i := len(d.rec.fields); i < l.width; i++ {
			enclosed[i] = false
		}
	}
	return rows > 0 && slices.Contains(enclosed, true)
}

// findBlank says whether a blank follows every delimiter of the head.
func (d *detector) findBlank(l *Layout) {
	if l.delimiter[0] == ' ' || l.delimiter[0] == '\t' || !bytes.Contains(d.head, append(slices.Clone(l.delimiter), ' ')) {
		return
	}
	s := l.syntax(d.rules)
	n := 0
	for at := int(l.start); at < len(d.head); at += d.rec.size {
		data := d.head[at:]
		k := s.parse(data, d.final, &d.rec)
		if k == incomplete {
			break
		}
		if k == malformed {
			return
		}
		if k != row {
			continue
		}
		for _, f := range d.rec.fields[1:] {
			if f.from >= len(data) || data[f.from] != ' ' {
				return
			}
			n++
		}
	}
	if n > 0 {
		l.blankAfter, l.found.blank = true, true
	}
}

// looseQuotes is singleQuotes for cells with quotes in them that are neither doubled nor
// escaped: such a quote closes only before a delimiter or a line end.
func (d *detector) looseQuotes(l *Layout) bool {
	with := *l
	with.quote = '\''
	s := with.syntax(d.rules)
	enclosed := make([]int, l.width)
	rows := 0
	for at := int(l.start); at < len(d.head); at = nextLine(d.head, at) {
		line := d.head[at:nextLine(d.head, at)]
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 || !s.parseLoosely(line, func(int) bool { return false }, &d.rec) {
			continue
		}
		if bytes.HasPrefix(line, []byte{'"'}) || bytes.Contains(line, append(slices.Clone(l.delimiter), '"')) {
			return false
		}
		if !l.fitsRow(line, &d.rec) {
			continue
		}
		rows++
		for i, f := range d.rec.fields[:min(len(d.rec.fields), l.width)] {
			if f.quoted {
				enclosed[i]++
			}
		}
	}
	return rows > 0 && slices.Max(enclosed) == rows
}
