package dialect

import (
	"slices"
	"strings"
)

// names reads the record at a place as a header.
func (d *detector) names(l *Layout, s *syntax, at int) (names []string, k kind) {
	if k = s.parse(d.head[at:], true, &d.rec); k != row {
		if k == malformed && d.rec.problem == tooManyFields && d.tooWide == 0 {
			d.tooWide = 1 + lines(d.head[:at])
		}
		return nil, k
	}
	names = make([]string, len(d.rec.fields))
	for i, f := range d.rec.fields {
		var cell []byte
		cell, d.scratch = s.cell(d.head[at:], f, d.scratch[:0])
		names[i] = l.name(cell)
	}
	return names, row
}

// widthAt is how many cells the first record from a place on has that is not blank; 0 where it is
// malformed or there is none.
func (d *detector) widthAt(s *syntax, at int) int {
	for ; at < len(d.head); at += d.rec.size {
		switch s.parse(d.head[at:], true, &d.rec) {
		case row:
			return len(d.rec.fields)
		case blank:
		default:
			return 0
		}
	}
	return 0
}

// search finds the first line that has all columns of the question, not behind the
// header of a layout that is known already. A line with one cell alone may be a title above
// wider rows: then another line may be the header.
func (d *detector) search(l *Layout, known *Layout) bool {
	s := l.syntax(d.rules)
	at, line := d.skipped()
	var title *Layout
	var above []string // the cells of the line before
	var first int64    // line that is neither blank nor a comment
	for at < len(d.head) && (known == nil || known.width == 1 || line <= known.HeaderLine) {
		names, k := d.names(l, s, at)
		if k == row && (title == nil || len(names) > 1) {
			end, size := d.rec.end, d.rec.size
			if found := resolve(d.columns, names); found.found() && !d.inTable(l, s, above, names, at+size) {
				l.headerText, l.headerStart = string(d.head[at:at+end]), int64(at)
				if first > 0 {
					l.passed = [2]int64{first, line - 1}
				}
				l.take(names, found, at+size, line, line+lines(d.head[at:at+size]))
				if len(names) > 1 || d.widthAt(s, int(l.start)) < 2 {
					return true
				}
				one := *l
				title = &one
			}
		}
		if first == 0 && k != blank && strings.IndexByte(remarkMarks, d.head[at]) < 0 {
			first = line
		}
		above = names
		at = nextLine(d.head, at)
		line++
	}
	if title != nil {
		*l = *title
	}
	return title != nil
}

// inTable says whether a line is a row of a table whose header is above it: the line before has all
// cells that it has, and it has a number where the line before or the next one has one. A year may
// be a heading.
func (d *detector) inTable(l *Layout, s *syntax, above, cells []string, next int) bool {
	if len(above) != len(cells) || len(cells) < 2 || slices.Contains(above, "") {
		return false
	}
	below, _ := d.names(l, s, next)
	for i, cell := range cells {
		if numeric(cell) && (numeric(above[i]) || i < len(below) && numeric(below[i]) && !isYear(cell)) {
			return true
		}
	}
	return false
}

// numeric says whether a cell is of digits and of signs that numbers and dates have.
func numeric(cell string) bool {
	return strings.ContainsAny(cell, "0123456789") && strings.Trim(cell, "0123456789 .,:/+-%$€£") == ""
}

func isYear(cell string) bool { return len(cell) == 4 && (cell[:2] == "19" || cell[:2] == "20") }

// take enters a header into a layout.
func (l *Layout) take(names []string, found resolution, end int, line, next int64) {
	l.Header, l.fields = names, found.fields
	l.HeaderLine, l.start, l.line = line, int64(end), next
	l.setWidth(names)
}

func (l *Layout) setWidth(names []string) {
	l.width, l.required = len(names), len(names)
	for l.required > 1 && names[l.required-1] == "" {
		l.required--
	}
}
