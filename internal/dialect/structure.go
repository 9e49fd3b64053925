package dialect

import (
	"bytes"
	"slices"
	"strings"
)

// Where no column goes by its name, the layout is the one that most lines fit, and the
// header the first line that names the columns below it.

// sampled is a record of the head.
type sampled struct {
	at, size, width int
	line            int64
	filled          []bool // which cells are not empty
	malformed       bool
	numbers         bool // some cell is a number
}

func (r *sampled) count() (n int) {
	for _, filled := range r.filled {
		if filled {
			n++
		}
	}
	return n
}

// structure finds the layout under a delimiter: fit is how many lines have the number of
// fields, more than one, that most have.
func (d *detector) structure(l *Layout) (fit int, ok bool) {
	all := d.sample(l)
	if len(all) == 0 {
		return 0, false
	}
	above := 0
	if !d.Header.None {
		above = d.remarks(all)
	}
	mode, fit := modalWidth(all[above:])
	if d.Header.None {
		first := all[0]
		l.start, l.line = int64(first.at), first.line
		l.width = first.width
		if first.malformed {
			l.width = mode
		}
		l.required = l.width
		l.fields = make([]int, len(d.columns))
		for i, c := range d.columns {
			l.fields[i] = c.Number - 1
		}
		return fit, true
	}
	s := l.syntax(d.rules)
	at := above + headerIn(all[above:], mode, d.Lenient)
	names, k := d.names(l, s, all[at].at)
	if k != row {
		if names = d.mendedNames(l, s, all[at].at, mode); len(names) == 0 {
			return 0, false
		}
	}
	end, times := all[at], 0
	if at > 0 {
		l.passed = [2]int64{all[0].line, end.line - 1}
	}
	l.headerStart = int64(end.at)
	if d.Lenient {
		names = fitNames(names, mode)
		for at+1 < len(all) {
			again, k := d.names(l, s, all[at+1].at)
			if k != row || !slices.Equal(again, names) {
				break
			}
			at, times = at+1, times+1
			end = all[at]
		}
		names = repeated(names, times)
	}
	l.headerText = string(d.head[end.at:d.endOf(end)])
	l.take(names, resolve(d.columns, names), end.at+end.size, end.line, end.line+lines(d.head[end.at:end.at+end.size]))
	return fit, true
}

// endOf is where a record ends without its line end.
func (d *detector) endOf(r sampled) int {
	return r.at + len(strings.TrimRight(string(d.head[r.at:r.at+r.size]), "\r\n"))
}

// repeated joins each name with itself, as many times as the header stands there more.
func repeated(names []string, times int) []string {
	joined := make([]string, len(names))
	for i, name := range names {
		joined[i] = strings.TrimSpace(strings.Repeat(name+" ", times+1))
	}
	return joined
}

// sample reads the records of the head.
func (d *detector) sample(l *Layout) (all []sampled) {
	s := l.syntax(d.rules)
	at, line := d.skipped()
	for at < len(d.head) {
		k := s.parse(d.head[at:], d.final, &d.rec)
		if k == incomplete {
			if len(all) > 0 {
				break
			}
			k = s.parse(d.head[at:], true, &d.rec)
		}
		r := sampled{at: at, size: d.rec.size, line: line, malformed: k == malformed}
		if k == row {
			r.width = len(d.rec.fields)
			for _, f := range d.rec.fields {
				cell := trimSpace(d.head[at+f.start : at+f.end])
				r.filled = append(r.filled, len(cell) > 0)
				if !r.numbers {
					_, r.numbers = d.numbers.appendNumber(nil, cell)
				}
			}
		}
		if loose := (record{}); r.malformed && d.Lenient {
			line := d.head[at : at+d.rec.end]
			if s.parseLoosely(line, func(int) bool { return false }, &loose) && len(all) > 0 {
				r.width = len(loose.fields)
				r.filled = make([]bool, r.width)
			}
		}
		if k != blank {
			all = append(all, r)
		}
		line += lines(d.head[at : at+d.rec.size])
		at += d.rec.size
	}
	return all
}

// remarkMarks are what lines of remarks above a table begin with.
const remarkMarks = "#%!"

// remarks is how many of the first records are remarks: all begin with the same mark, and others
// follow that do not. The last of them may be the header, as of VCF and numpy.savetxt: where it has
// not as many marks as the one before it, or where no other line has the names.
func (d *detector) remarks(all []sampled) int {
	marks := func(r *sampled) (n int) {
		for r.at+n < len(d.head) && d.head[r.at+n] == d.head[all[0].at] {
			n++
		}
		return n
	}
	if !strings.Contains(remarkMarks, string(d.head[all[0].at])) {
		return 0
	}
	n := 1
	for n < len(all) && marks(&all[n]) > 0 {
		n++
	}
	if n < 2 || n == len(all) {
		return 0
	}
	if last, next := &all[n-1], &all[n]; last.width == next.width && (marks(last) != marks(&all[n-2]) || next.numbers && !last.numbers) {
		n--
	}
	return n
}

// modalWidth is the number of fields, more than one, that most records have, and how
// many have it; 1 and 0 where none has more than one. Records with a single cell that is not empty
// count only where there are no others: they are titles in the width of a sheet.
func modalWidth(all []sampled) (mode, fit int) {
	counts, filled := map[int]int{}, map[int]int{}
	for _, r := range all {
		if counts[r.width]++; r.count() > 1 {
			filled[r.width]++
		}
	}
	mode = 1
	of := filled
	if len(of) == 0 {
		of = counts
	}
	for width, n := range of {
		if width > 1 && (mode == 1 || n > of[mode] || n == of[mode] && width > mode) {
			mode = width
		}
	}
	if mode == 1 {
		return 1, 0
	}
	if wider := widerTable(all, mode); wider > 0 {
		mode = wider
	}
	return mode, counts[mode]
}

// widerTable is the width of a table below others of a width, as the bookings below what is said of an
// account: a header without numbers and two rows at least, one below the other, which have more cells
// together than all the others; 0 where there is none.
func widerTable(all []sampled, width int) (wider int) {
	const least = 3
	most := 0
	for _, r := range all {
		if r.width == width {
			most += r.count()
		}
	}
	for at := 0; at < len(all); {
		end, cells := at, 0
		for ; end < len(all) && all[end].width == all[at].width; end++ {
			cells += all[end].count()
		}
		header := &all[at]
		if header.width > width && end-at >= least && header.count() >= least && !header.numbers && cells > most {
			wider, most = header.width, cells
		}
		at = end
	}
	return wider
}

// headerIn is which record is the header: the first that has the width of the table and
// is empty only where the rows below are, but for an unnamed first column; otherwise the
// first of that width of whose cells no more than half are empty; otherwise the first. One
// that lacks a single name is the header, too, where the other is like the rows below it.
func headerIn(all []sampled, mode int, lenient bool) int {
	const most = 64 // a header is not further down
	first := -1
	for i := range min(len(all), most) {
		r := &all[i]
		if r.malformed {
			if lenient && i == 0 {
				return 0
			}
			continue
		}
		n := r.count()
		trailing := r.width < mode && r.width > 1 && n == r.width && restIsEmpty(all[i+1:], mode, r.width)
		beyond := r.width > mode && (!slices.Contains(r.filled[mode:], true) || r.width == mode+1 && n <= mode)
		if r.width != mode && !trailing && !beyond {
			if lenient && i == 0 && r.width < mode && r.width > 2 && n == r.width && 3*r.width >= 2*mode && !r.numbers {
				return 0
			}
			continue
		}
		if n == 0 || i+1 < len(all) && all[i+1].width > 1 && all[i+1].count() == 0 && 2*n <= r.width {
			continue // a title over an empty row
		}
		if namesAll(r, all[i+1:]) && (n > 1 || mode < 3) || lenient && r.width == mode+1 && n == mode {
			if first >= 0 && lacksOne(&all[first]) && !standsOut(r, all[i+1:]) {
				return first
			}
			return i
		}
		if first < 0 && 2*n >= r.width && (n > 1 || mode < 3) {
			first = i
		}
	}
	return max(first, 0)
}

// restIsEmpty says whether the cells of rows of a width are empty from one on.
func restIsEmpty(rows []sampled, width, from int) bool {
	n := 0
	for _, r := range rows {
		if r.width == width {
			if n++; slices.Contains(r.filled[from:], true) {
				return false
			}
		}
	}
	return n > 0
}

// lacksOne says whether a record of texts has all cells but one.
func lacksOne(r *sampled) bool { return r.width > 2 && r.count() == r.width-1 && !r.numbers }

// standsOut says whether a record has no number while most rows below it have one.
func standsOut(r *sampled, rows []sampled) bool {
	n := 0
	for _, row := range rows {
		if row.numbers {
			n++
		}
	}
	return !r.numbers && 2*n > len(rows)
}

// namesAll says whether the cells that are empty in a header are so in most rows below,
// too, but for the first column.
func namesAll(header *sampled, rows []sampled) bool {
	for i, filled := range header.filled {
		if filled || i == 0 && header.width > 2 {
			continue
		}
		n, of := 0, 0
		for _, r := range rows[:min(len(rows), 64)] {
			if r.width > i {
				of++
				if r.filled[i] {
					n++
				}
			}
		}
		if of > 0 && 2*n > of {
			return false
		}
	}
	return header.count() > 0
}

// mendedNames reads a header with a quote that fits no rule.
func (d *detector) mendedNames(l *Layout, s *syntax, at, mode int) (names []string) {
	line := d.head[at:]
	if end := bytes.IndexAny(line, "\r\n"); end >= 0 {
		line = line[:end]
	}
	var r, best record
	for _, pick := range readings(line, s.quote) {
		if s.parseLoosely(line, pick, &r) {
			best = r
			best.fields = slices.Clone(r.fields)
			if len(r.fields) == mode {
				break
			}
		}
	}
	for _, f := range best.fields {
		names = append(names, l.name(s.appendCell(nil, line, f)))
	}
	return names
}

// fitNames makes as many names as the table has columns: an empty one too many goes, one
// too few is empty.
func fitNames(names []string, mode int) []string {
	if len(names) == mode+1 {
		if at := slices.Index(names, ""); at >= 0 {
			return slices.Delete(slices.Clone(names), at, at+1)
		}
	}
	for len(names) > 1 && len(names) < mode {
		names = append(names, "")
	}
	return names
}
