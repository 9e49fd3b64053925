package describe

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"csv-pipeline/internal/chardet"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

const headBytes = 128 << 10 // in which the structure is sought

// attempt is a way of reading a file.
type attempt struct {
	settings dialect.Settings
	reading  *dialect.Reading
	asked    bool // the columns of the question are there
	scan     *scan
	err      error // the file is not read
}

// finder finds the settings of the structure.
type finder struct {
	ctx     context.Context
	file    dialect.File
	said    dialect.Settings
	columns []groupby.Column
	head    []byte          // of the file, as it stands
	guesses []chardet.Guess // the encodings it may be in, where it is no UTF-8 and nothing tells
	likely  string          // the first of them, where the file is not read as windows-1252
}

// open opens a file under settings, with the columns of the question where they are there.
func (f *finder) open(settings dialect.Settings) (a attempt) {
	a.settings = settings
	d, err := settings.Compile()
	if err != nil {
		a.err = err
		return a
	}
	if a.reading, a.err = d.Open(f.ctx, f.file, f.columns); a.err == nil || len(f.columns) == 0 {
		a.asked = a.err == nil && len(f.columns) > 0
		return a
	}
	why := a.err
	if a.reading, a.err = d.Open(f.ctx, f.file, nil); a.err != nil {
		a.err = why
	}
	return a
}

// used are the columns of the question, as far as a file has them.
func (f *finder) used(a attempt) []groupby.Column {
	if a.asked {
		return f.columns
	}
	return nil
}

// scan reads parts of the file as it is opened, or otherwise where it turns out to be written
// in another way than it begins.
func (f *finder) scan(a attempt, parts []dialect.Part, complete bool) attempt {
	const most = 4
	for range most {
		a.scan = newScan(a.reading, a.settings, f.used(a))
		err := a.scan.read(f.ctx, a.reading, parts)
		if again, other := a.reading.Again(err); other {
			a.reading = again
			continue
		}
		if a.err = err; err == nil {
			a.scan.end(a.settings, complete, f.said.SkipFooter == 0)
		}
		return a
	}
	a.err = errors.New("the file is read in ever other ways")
	return a
}

// try reads the beginning of the file under settings.
func (f *finder) try(settings dialect.Settings) attempt {
	a := f.open(settings)
	if a.err != nil {
		return a
	}
	return f.scan(a, []dialect.Part{{From: 0, To: min(headBytes, f.file.Size)}}, f.file.Size <= headBytes && a.reading.Seekable())
}

// better says whether an attempt reads more than another.
func (a *attempt) better(than *attempt) bool {
	switch {
	case a.err != nil || than.err != nil:
		return a.err == nil
	case a.asked != than.asked:
		return a.asked
	}
	if a.scan.rows == 0 {
		return false
	}
	if mine, its := a.scan.misfits(), than.scan.misfits(); mine != its {
		return mine < its
	}
	return a.scan.typed() > than.scan.typed()
}

// find is the best attempt.
func (f *finder) find() attempt {
	f.rank()
	settings := f.said
	if f.likely != "" {
		settings.Encoding = f.likely
	}
	best := f.try(settings)
	if best.err != nil && len(f.guesses) > 0 {
		settings = f.said
		if f.likely == "" { // it has what may be letters of UTF-8
			f.likely = fallback
			settings.Encoding = fallback
		}
		if next := f.try(settings); next.err == nil {
			best = next
		}
	}
	for _, step := range []func(attempt) []dialect.Settings{f.encodings, f.logs, f.comments, f.delimiters, f.quotes, f.headers} {
		for _, settings := range step(best) {
			if next := f.try(settings); next.better(&best) {
				best = next
			}
		}
	}
	if next, ok := f.header(best); ok {
		best = next
	}
	return best
}

var commentPrefixes = []string{"#", "//", "%", "--", "-", "!", "*"}

// comments are the prefixes that lines of the beginning have, but not most of them.
func (f *finder) comments(best attempt) (all []dialect.Settings) {
	if f.said.CommentPrefix != "" {
		return nil
	}
	for _, prefix := range f.prefixes() {
		s := best.settings
		s.CommentPrefix = prefix
		if best.err == nil && best.scan.width > 1 && f.isRow(best, prefix) {
			continue
		}
		all = append(all, s)
	}
	return all
}

func (f *finder) prefixes() (found []string) {
	for _, prefix := range commentPrefixes {
		n, of := 0, 0
		for line := range bytes.Lines(f.head) {
			if of++; bytes.HasPrefix(line, []byte(prefix)) {
				n++
			}
		}
		if n > 0 && n < of && !slices.ContainsFunc(found, func(have string) bool { return strings.HasPrefix(prefix, have) && prefix != "-" && prefix != "--" }) {
			found = append(found, prefix)
		}
	}
	return found
}

// isRow says whether a line that begins with a prefix is a row or the header: not where such a
// line stands before the header.
func (f *finder) isRow(a attempt, prefix string) bool {
	if a.reading.Layout.HeaderLine > 1 && bytes.HasPrefix(f.head, []byte(prefix)) {
		return false
	}
	if len(a.reading.Layout.Header) > 0 && strings.HasPrefix(a.reading.Layout.Header[0], prefix) && a.scan.misfits() == 0 {
		return true
	}
	for i := range a.scan.first {
		if h := &a.scan.first[i]; a.scan.fits(h) && len(h.cells) > 0 && strings.HasPrefix(h.cells[0], prefix) {
			return true
		}
	}
	return false
}

// delimiters are those that are not found by themselves.
func (f *finder) delimiters(best attempt) (all []dialect.Settings) {
	if f.said.Delimiter != "" && f.said.Delimiter != dialect.Auto {
		return nil
	}
	add := func(s dialect.Settings, delimiter string) {
		s.Delimiter = delimiter
		all = append(all, s)
	}
	if best.err == nil && best.scan.width > 1 {
		l := best.reading.Layout
		if d := l.Delimiter + l.Delimiter; bytes.Contains(f.head, []byte(d)) && slices.Contains(l.Header, "") {
			doubled := true
			for i, name := range l.Header {
				doubled = doubled && (i%2 == 0) == (name != "")
			}
			if doubled {
				add(best.settings, d)
			}
		}
		if best.asked || best.scan.misfits() == 0 {
			return all
		}
	}
	bases := []dialect.Settings{best.settings}
	if f.said.CommentPrefix == "" && best.settings.CommentPrefix == "" {
		for _, prefix := range f.prefixes() {
			s := best.settings
			s.CommentPrefix = prefix
			bases = append(bases, s)
		}
	}
	for _, d := range []string{"\x1f", "\x01", "\x02", "||", "::", ";;", "~", "^", "¦", "§", " ", ":", "&", "!"} {
		if bytes.Contains(f.head, []byte(d)) {
			for _, s := range bases {
				add(s, d)
			}
		}
	}
	return slices.DeleteFunc(all, func(s dialect.Settings) bool {
		if s.Delimiter != " " && s.Delimiter != ":" && s.Delimiter != "!" && s.Delimiter != "&" {
			return false
		}
		a := f.try(s) // between words: only where all fits and there are numbers or dates
		return a.err != nil || a.scan.misfits() > 0 || a.scan.width < 3 || a.scan.typed() == 0 || a.scan.rows < 2
	})
}

func (f *finder) quotes(best attempt) (all []dialect.Settings) {
	if best.err == nil && best.scan.broken() == 0 {
		return nil
	}
	if f.said.QuoteChar == "" || f.said.QuoteChar == dialect.Auto {
		for _, quote := range []string{dialect.None, "'"} {
			if f.isQuoted(best) || quote != dialect.None && !bytes.Contains(f.head, []byte(quote)) {
				continue // its cells would keep their quotes
			}
			s := best.settings
			s.QuoteChar = quote
			all = append(all, s)
		}
	}
	if (f.said.EscapeChar == "" || f.said.EscapeChar == dialect.Auto) && bytes.IndexByte(f.head, '\\') >= 0 {
		s := best.settings
		s.EscapeChar = `\`
		all = append(all, s)
	}
	return all
}

// isQuoted says whether some cell begins and ends with a quote.
func (f *finder) isQuoted(a attempt) bool {
	if a.err != nil {
		return false
	}
	for line := range bytes.Lines(f.head) {
		for cell := range bytes.SplitSeq(bytes.TrimRight(line, "\r\n"), []byte(a.reading.Layout.Delimiter)) {
			if len(cell) > 1 && cell[0] == '"' && cell[len(cell)-1] == '"' {
				return true
			}
		}
	}
	return false
}

// headers are places of the header behind the one that was found.
func (f *finder) headers(best attempt) (all []dialect.Settings) {
	if best.err != nil || f.headerSaid() {
		return nil
	}
	add := func(lines ...int) {
		s := best.settings
		s.Header = dialect.Header{Lines: lines}
		all = append(all, s)
	}
	line := int(best.reading.Layout.HeaderLine)
	for _, again := range best.scan.repeated {
		if again > int64(line) && again <= int64(line)+20 {
			add(int(again))
		}
	}
	if !best.asked && len(f.columns) > 0 && line > 0 {
		two := len(all)
		add(line, line+1)
		if line > 1 {
			add(line-1, line)
		}
		all = append(all[:two], slices.DeleteFunc(all[two:], func(s dialect.Settings) bool { return !f.open(s).asked })...)
	}
	return all
}

func (f *finder) headerSaid() bool {
	return f.said.Header.None || len(f.said.Header.Lines) > 0 || f.said.SkipRows > 0
}

// header tells a file without a header, and one with two lines of it.
func (f *finder) header(best attempt) (attempt, bool) {
	if best.err != nil || f.headerSaid() || len(best.settings.Header.Lines) > 0 {
		return best, false
	}
	for _, c := range f.columns {
		if c.Number == 0 && best.asked {
			return best, false
		}
	}
	l := best.reading.Layout
	s := best.settings
	if best.scan.units == 1 && duplicates(l.Header) {
		s.Header = dialect.Header{Lines: []int{int(l.HeaderLine), int(l.HeaderLine) + 1}}
		next := f.try(s)
		return next, next.err == nil && !duplicates(next.reading.Layout.Header)
	}
	if !f.isData(l.Header, best.scan) {
		return best, false
	}
	s.Header = dialect.Header{None: true}
	if next := f.try(s); next.err == nil && next.scan.misfits() <= best.scan.misfits() {
		return next, true
	}
	s.SkipRows = int(l.HeaderLine) - 1
	next := f.try(s)
	return next, next.err == nil && next.scan.misfits() <= best.scan.misfits()
}

func duplicates(names []string) bool {
	for i, name := range names {
		if name != "" && slices.Contains(names[:i], name) {
			return true
		}
	}
	return false
}

// isData says whether the cells of a header are a row: numbers and dates where the rows have
// them, but not years, which are names.
func (f *finder) isData(header []string, s *scan) bool {
	same, years, names := 0, 0, 0
	for i, c := range s.columns {
		if i >= len(header) {
			break
		}
		cell := []byte(header[i])
		numeric, dated := c.looksNumeric() || len(c.numbers) > 0 && c.neither == 0 && c.wordCells == 0, c.looksDated(s.readings)
		number, date := s.readings.NumbersOf(cell) != 0, s.readings.DatesOf(cell, ^uint64(0)) != 0
		switch {
		case numeric && number:
			same++
			if year, err := strconv.Atoi(header[i]); err == nil && year >= 1900 && year <= 2100 {
				years++
			}
		case dated && date:
			same++
		case numeric || dated:
			names++
		}
	}
	return same > years && names == 0
}
