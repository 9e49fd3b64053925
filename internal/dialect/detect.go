package dialect

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"csv-pipeline/internal/groupby"
)

// assumptions are what was found in the beginning of a file and may be wrong of the rest.
type assumptions struct{ charset, escape, blank bool }

func (l *Layout) syntax(r *rules) *syntax {
	s := newSyntax(l.delimiter, l.quote, l.escape, r.comment)
	s.blankAfter = l.blankAfter
	return s
}

// name is a header's cell as it is compared and shown.
func (l *Layout) name(cell []byte) string {
	cell, _ = l.charset.decode(cell, nil)
	return string(trimSpace(cell))
}

// candidates are the delimiters that are tried, in the order of preference.
var candidates = [][]byte{{','}, {';'}, {'\t'}, {'|'}}

// detector finds the layout of a file in its first lines.
type detector struct {
	*rules
	name    string
	columns []groupby.Column
	head    []byte // after the byte order mark; decoded where that has to be first
	final   bool   // it is all of the file
	base    Layout
	sepLine int   // bytes of a first line such as sep=;
	tooWide int64 // the first line with more fields than a file may have, 0 for none
	rec     record
	scratch []byte
}

// detect finds the layout of the file that begins with head.
func (r *rules) detect(name string, columns []groupby.Column, head []byte, final bool, base Layout) (*Layout, error) {
	d := &detector{rules: r, name: name, columns: columns, head: head, final: final, base: base}
	tried := candidates
	if d.sep(); d.base.delimiter != nil {
		tried = [][]byte{d.base.delimiter}
	}
	if len(r.delimiter) > 0 {
		tried = [][]byte{r.delimiter}
	}
	l, err := d.best(tried)
	if err != nil {
		return nil, err
	}
	d.findQuotes(l)
	if r.delimiter == nil {
		d.findBlank(l)
	}
	l.Delimiter, l.Quote, l.Escape, l.Encoding = string(l.delimiter), character(l.quote), character(l.escape), l.charset.name
	return l, nil
}

func character(c byte) string {
	if c == 0 {
		return ""
	}
	return string(rune(c))
}

// sep takes a first line such as sep=; which Excel writes and reads.
func (d *detector) sep() {
	end := bytes.IndexAny(d.head, "\r\n")
	if end < 0 {
		return
	}
	line := strings.Trim(string(d.head[:end]), `" `)
	if len(line) < 5 || !strings.EqualFold(line[:4], "sep=") {
		if strings.EqualFold(line, "sep=") && bytes.HasSuffix(d.head[:end], []byte("=\t")) {
			line += "\t"
		} else {
			return
		}
	}
	size, _ := lineEnd(d.head, end, true)
	d.sepLine = end + size
	d.base.delimiter = []byte(line[4:])
}

// skipped is where the lines end that are no table, and the number of the next.
func (d *detector) skipped() (at int, line int64) {
	at, line = d.sepLine, 1
	if d.sepLine > 0 {
		line++
	}
	for line <= int64(d.SkipRows) && at < len(d.head) {
		at = nextLine(d.head, at)
		line++
	}
	return at, line
}

func nextLine(text []byte, at int) int {
	n := bytes.IndexAny(text[at:], "\r\n")
	if n < 0 {
		return len(text)
	}
	size, _ := lineEnd(text, at+n, true)
	return at + n + size
}

// best is the layout under which the header is the earliest line with all columns,
// or, where columns go by number, that which most lines fit.
func (d *detector) best(tried [][]byte) (*Layout, error) {
	quotes := []byte{d.quote}
	if d.quoteAuto {
		quotes = []byte{'"', '\''}
	}
	var best *Layout
	bestFit := 0
	for _, quote := range quotes {
		for _, delimiter := range tried {
			l := d.base
			l.delimiter, l.quote, l.escape = delimiter, quote, d.escape
			var fit int
			var ok bool
			switch {
			case len(d.Header.Lines) > 0:
				ok = d.headerAt(&l)
				fit = d.fits(&l)
			case named(d.columns) && !d.Header.None:
				ok = d.search(&l, best)
				fit = d.fits(&l)
			default:
				fit, ok = d.structure(&l)
			}
			if ok && (best == nil || d.better(&l, fit, best, bestFit)) {
				best, bestFit = &l, fit
			}
		}
		if best != nil && (quote == '"' || len(d.columns) > 0) {
			break
		}
	}
	if best == nil {
		return nil, d.notFound(tried)
	}
	if d.Lenient && len(tried) > 1 && !d.Header.None && !named(d.columns) {
		if all := d.sample(best); all[0].width == 1 && 2*bestFit < len(all) || best.width == 1 {
			if l, ok := d.words(); ok {
				best = l
			}
		}
	}
	return best, d.check(best)
}

// words is the layout of a table whose fields have blanks between, where nothing else is
// between them: its first line has the header's words.
func (d *detector) words() (*Layout, bool) {
	l := d.base
	l.delimiter, l.quote, l.escape = []byte{' '}, d.quote, d.escape
	all := d.sample(&l)
	if len(all) < 2 || all[0].width < 3 || all[0].numbers || all[0].count() != all[0].width || all[0].malformed {
		return nil, false
	}
	names, k := d.names(&l, l.syntax(d.rules), all[0].at)
	if k != row {
		return nil, false
	}
	l.headerText, l.headerStart = string(d.head[all[0].at:d.endOf(all[0])]), int64(all[0].at)
	l.take(names, resolve(d.columns, names), all[0].at+all[0].size, all[0].line, all[1].line)
	return &l, true
}

// isTitleOf says whether a header of one cell is a title above a table, whose header nearly all
// rows below it fit. fit is how many lines do, and ownFit how many fit the title.
func (l *Layout) isTitleOf(table *Layout, fit, ownFit int) bool {
	rows := ownFit - int(table.HeaderLine-l.HeaderLine)
	return l.width == 1 && table.width > 1 && table.HeaderLine > l.HeaderLine && fit > 0 && 10*fit >= 9*rows
}

func (d *detector) better(l *Layout, fit int, than *Layout, thanFit int) bool {
	if named(d.columns) && len(d.Header.Lines) == 0 && l.HeaderLine != than.HeaderLine {
		switch {
		case than.isTitleOf(l, fit, thanFit):
			return true
		case l.isTitleOf(than, thanFit, fit):
			return false
		}
		return l.HeaderLine < than.HeaderLine
	}
	if named(d.columns) && len(d.Header.Lines) > 0 {
		has, had := resolve(d.columns, l.Header), resolve(d.columns, than.Header)
		if has.found() != had.found() {
			return has.found()
		}
	}
	if !named(d.columns) && (l.width > 1) != (than.width > 1) {
		return l.width > 1 // any table is more than lines
	}
	if fit != thanFit {
		return fit > thanFit
	}
	return l.width > than.width
}

// headerAt takes the header from the lines that were said.
func (d *detector) headerAt(l *Layout) bool {
	s := l.syntax(d.rules)
	var names []string
	at, line, mode := 0, int64(1), 0
	if d.Lenient {
		mode, _ = modalWidth(d.sample(l))
	}
	for i, number := range d.Header.Lines {
		for ; line < int64(number) && at < len(d.head); line++ {
			at = nextLine(d.head, at)
		}
		if at >= len(d.head) {
			return false
		}
		part, k := d.names(l, s, at)
		next := at + d.rec.size
		if d.Lenient && (k == malformed || k == row && len(part) != mode && bytes.ContainsAny(d.head[at:at+d.rec.end], "\r\n")) {
			// a quote that fits no rule, or none that closes in the line
			next = nextLine(d.head, at)
			part, k = d.mendedNames(l, s, at, mode), row
		}
		if k != row {
			return false
		}
		for len(names) < len(part) {
			names = append(names, "")
		}
		for j, name := range part {
			names[j] = strings.TrimSpace(names[j] + " " + name)
		}
		l.HeaderLine = int64(number)
		line += lines(d.head[at:next])
		l.headerText, l.headerStart = strings.TrimRight(string(d.head[at:next]), "\r\n"), int64(at)
		if at = next; i == len(d.Header.Lines)-1 {
			if d.Lenient {
				for names = fitNames(names, mode); len(names) < mode; {
					names = append(names, "")
				}
			}
			l.take(names, resolve(d.columns, names), at, int64(number), line)
		}
	}
	return true
}

// fits counts the lines of the rows of the head that a layout's header fits.
func (d *detector) fits(l *Layout) (n int) {
	if l.start == 0 {
		return 0
	}
	s := l.syntax(d.rules)
	for at := int(l.start); at < len(d.head); at += d.rec.size {
		k := s.parse(d.head[at:], d.final, &d.rec)
		if k == incomplete {
			break
		}
		if k == row && l.fitsRow(d.head[at:], &d.rec) {
			n += int(lines(d.head[at : at+d.rec.size]))
		}
	}
	return n
}

// fitsRow says whether a row has the cells that are required, and none beyond the
// header's but empty ones.
func (l *Layout) fitsRow(data []byte, r *record) bool {
	n := len(r.fields)
	if n < l.required {
		return false
	}
	for ; n > l.width; n-- {
		if f := r.fields[n-1]; len(trimSpace(data[f.start:f.end])) > 0 {
			return false
		}
	}
	return true
}

// check refuses what a layout does not allow.
func (d *detector) check(l *Layout) error {
	bad := &groupby.InputError{Name: d.name, Line: max(1, l.HeaderLine)}
	for _, c := range d.columns {
		switch {
		case d.Header.None && c.Number == 0:
			bad.Line, bad.Problem = 0, fmt.Sprintf("a file without header has no column %q: expected a number such as #1", c.Name)
			return bad
		case c.Number > l.width:
			bad.Problem = fmt.Sprintf("no column #%d: the table has %d columns", c.Number, l.width)
			return bad
		}
	}
	if d.Header.None {
		return nil
	}
	found := resolve(d.columns, l.Header)
	if found.missing >= 0 {
		return d.noColumn(l, found.missing)
	}
	if found.twice >= 0 {
		numbers := make([]string, len(found.twins))
		for i, at := range found.twins {
			numbers[i] = fmt.Sprintf("#%d", at+1)
		}
		bad.Column = d.columns[found.twice].Name
		bad.Problem = fmt.Sprintf("%d columns have this name: expected one of them by its number, %s", len(numbers), strings.Join(numbers, " or "))
		return bad
	}
	return nil
}

// noColumn is the error of a header without a column of the question.
func (d *detector) noColumn(l *Layout, i int) error {
	c := d.columns[i]
	problem := NoColumn(c, l.Header)
	if between := d.unknownDelimiter(l, c.Name); between != "" {
		problem = fmt.Sprintf("no column %q: the header has one name, %s; delimiter: %q may be what is between the fields", c.Name, groupby.QuoteList(l.Header), between)
	} else if other := d.otherDelimiter(l); other != "" {
		problem = fmt.Sprintf("no column %q: the header has one name, %s; delimiter (DELIMITER) says what is between the fields, here it seems to be %s", c.Name, groupby.QuoteList(l.Header), other)
	}
	return &groupby.InputError{Name: d.name, Line: l.HeaderLine, Problem: problem, Header: slices.Clone(l.Header),
		Row: groupby.Excerpt{Before: front([]byte(l.headerText), 2*aroundField+ofField)}}
}

// unknownDelimiter is what stands beside the name of a column in a header of one name, where none
// of the usual delimiters does; "" if there is nothing like one.
func (d *detector) unknownDelimiter(l *Layout, name string) string {
	if len(d.delimiter) > 0 || len(l.Header) != 1 || name == "" {
		return ""
	}
	before, after, found := strings.Cut(l.Header[0], name)
	if !found {
		return ""
	}
	isMark := func(r rune) bool {
		return r > ' ' && r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(`_"'()[]`, r)
	}
	mark := after[:len(after)-len(strings.TrimLeftFunc(after, isMark))]
	if mark == "" {
		mark = before[len(strings.TrimRightFunc(before, isMark)):]
	}
	if mark == "" || !slices.Contains(strings.Split(l.Header[0], mark), name) {
		return ""
	}
	return mark
}

// otherDelimiter is a delimiter that a header of one name may have, where another was said;
// "" if there is none.
func (d *detector) otherDelimiter(l *Layout) string {
	if len(d.delimiter) == 0 || len(l.Header) != 1 {
		return ""
	}
	for _, delimiter := range []struct{ text, name string }{{";", ";"}, {"\t", "tab"}, {"|", "|"}, {",", "a comma"}} {
		if strings.Contains(l.Header[0], delimiter.text) {
			return delimiter.name
		}
	}
	return ""
}

// notFound is the error of a file in whose beginning no line has the columns.
func (d *detector) notFound(tried [][]byte) error {
	if is := notCSV(d.head); is != "" {
		return &groupby.InputError{Name: d.name, Problem: is}
	}
	if d.tooWide > 0 {
		return &groupby.InputError{Name: d.name, Line: d.tooWide, Problem: tooManyFields}
	}
	if len(d.Header.Lines) > 0 {
		return &groupby.InputError{Name: d.name, Problem: fmt.Sprintf("no header in line %d: the file is shorter, or the line is blank", d.Header.Lines[len(d.Header.Lines)-1])}
	}
	if len(trimSpace(d.head)) == 0 {
		return &groupby.InputError{Name: d.name, Problem: "the file has no line that is not blank: expected a header line"}
	}
	without := *d
	without.columns = nil
	var best *Layout
	bestFit := -1
	for _, delimiter := range tried {
		l := d.base
		l.delimiter, l.quote, l.escape = delimiter, '"', d.escape
		if fit, ok := without.structure(&l); ok && fit > bestFit {
			best, bestFit = &l, fit
		}
	}
	if best == nil {
		return &groupby.InputError{Name: d.name, Problem: "no header was found: expected a line with the names of the columns"}
	}
	return d.noColumn(best, max(0, resolve(d.columns, best.Header).missing))
}
