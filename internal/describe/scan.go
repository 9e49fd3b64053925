package describe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

const (
	mostColumns = 2000 // of which cells are looked at
	mostCell    = 1024 // bytes of a cell; what is behind is not looked at
	firstRows   = 2    // that may tell units
	lastRows    = 12   // that may be no table, where it is not said how many are none
)

// held is a record that waits.
type held struct {
	line       int64
	width      int      // cells that it has
	cells, raw []string // the first of them
	problem    string
	malformed  bool
	afterBlank bool
}

func (h *held) filled() (n int) {
	for _, cell := range h.cells {
		if strings.TrimSpace(cell) != "" {
			n++
		}
	}
	return n
}

// first is the first cell that is not empty.
func (h *held) first() string {
	for _, cell := range h.cells {
		if cell = strings.TrimSpace(cell); cell != "" {
			return cell
		}
	}
	return ""
}

// scan is what the records of a file say.
type scan struct {
	columns  []*column
	readings *dialect.Readings
	width    int
	required int
	rows     int64
	waiting  int // rows that last holds at most
	first    []held
	last     []held
	units    int  // of first, are no data
	footer   int  // of last, are no table
	cut      int  // of last, may be rows that are cut short, or no table
	complete bool // the end of last is that of the file

	short, long, malformed int64 // rows that do not fit
	bad                    int64 // rows with bytes that cannot be decoded, or NUL
	wrong                  place // the first row of these, with what is wrong
	shortAt                place
	repeated               []int64 // lines where the header stands again, the first few
	sparse                 int64   // rows of which one cell is filled
	sums                   int64   // rows that may be totals of others
	onlySums               int64   // of these, such as are called a total and nothing else
	sumAt                  place   // the first of them
	sumColumn              string  // where it is called so
	bytes                  int64
}

// read scans the parts of a file.
func (s *scan) read(ctx context.Context, reading *dialect.Reading, parts []dialect.Part) error {
	var read atomic.Int64
	err := reading.Records(ctx, parts, &read, func(r *dialect.Record) bool {
		if r.Repeated {
			if len(s.repeated) < 16 {
				s.repeated = append(s.repeated, r.Line)
			}
			return true
		}
		s.rows++
		h := hold(r)
		if len(s.first) < firstRows {
			s.first = append(s.first, h)
			return true
		}
		s.last = append(s.last, h)
		if len(s.last) > s.waiting {
			s.add(&s.last[0])
			s.last[0] = held{}
			s.last = s.last[1:]
		}
		return true
	})
	s.bytes = read.Load()
	return err
}

func hold(r *dialect.Record) held {
	h := held{line: r.Line, width: len(r.Cells), problem: r.Problem, malformed: r.Malformed, afterBlank: r.AfterBlank}
	h.cells, h.raw = make([]string, min(len(r.Cells), mostColumns)), make([]string, min(len(r.Cells), mostColumns))
	for i := range h.cells {
		h.cells[i] = string(r.Cells[i][:min(len(r.Cells[i]), mostCell)])
		h.raw[i] = h.cells[i]
		if len(r.Raw[i]) != len(r.Cells[i]) {
			h.raw[i] = string(r.Raw[i][:min(len(r.Raw[i]), mostCell)])
		}
	}
	return h
}

// newScan makes the columns of a reading. columns are those of the question, as far as the
// reading was opened with them.
func newScan(reading *dialect.Reading, settings dialect.Settings, columns []groupby.Column) *scan {
	l := reading.Layout
	s := &scan{readings: settings.Readings(), width: l.Width(), required: l.Width(), waiting: max(lastRows, settings.SkipFooter)}
	uses := map[int]int{}
	for i, c := range columns {
		uses[l.Fields()[i]] |= 1 << c.Role
	}
	for s.required > 1 && len(l.Header) >= s.required && l.Header[s.required-1] == "" {
		s.required--
	}
	for i := range min(l.Width(), mostColumns) {
		name := fmt.Sprintf("#%d", i+1)
		if i < len(l.Header) && l.Header[i] != "" {
			name = l.Header[i]
		}
		s.columns = append(s.columns, newColumn(name, uses[i]))
	}
	return s
}

// add takes a record into account.
func (s *scan) add(h *held) {
	switch {
	case h.malformed:
		s.malformed++
		s.note(&s.wrong, h)
		return
	case h.problem != "" && s.fits(h):
		s.bad++
		s.note(&s.wrong, h)
		return
	case h.width < s.required:
		s.short++
		s.note(&s.shortAt, h)
	case !s.fits(h):
		s.long++
		s.note(&s.wrong, h)
		return
	}
	if s.width >= 3 && h.filled() <= 1 {
		s.sparse++
	}
	sum := s.countSum(h)
	for i, c := range s.columns {
		if i < len(h.cells) {
			if sum && strings.TrimSpace(h.cells[i]) == "" {
				c.emptyInSums++
			}
			c.add([]byte(h.cells[i]), []byte(h.raw[i]), h.line, s.readings)
		}
	}
}

func (s *scan) note(at *place, h *held) {
	at.mark(h.line, h.problem)
}

func (s *scan) fits(h *held) bool {
	if h.malformed || h.width < s.required {
		return false
	}
	for i := s.width; i < len(h.cells); i++ {
		if strings.TrimSpace(h.cells[i]) != "" {
			return false
		}
	}
	return true
}

// end decides which of the records that wait are data. Nothing is decided of the end of a file
// whose end was not read, or whose footer was said.
func (s *scan) end(settings dialect.Settings, complete, footer bool) {
	s.complete = complete
	if len(s.last) == 0 && len(s.first) == firstRows { // the second is the last, too
		s.first, s.last = s.first[:1], s.first[1:]
	}
	if n := settings.SkipFooter; n > 0 && complete {
		n = min(n, len(s.last))
		s.last = s.last[:len(s.last)-n]
		s.rows -= int64(n)
	} else if complete && footer {
		s.footer = s.findFooter()
		if s.mayBeCut(s.last[len(s.last)-s.footer:]) {
			s.footer, s.cut = 0, s.footer
		}
	}
	data := s.last[:len(s.last)-s.footer]
	for i := range data {
		s.add(&data[i])
	}
	if settings.SkipRowsAfterHeader == 0 {
		s.units = s.findUnits()
	}
	behind := make([][]string, len(s.columns))
	for i, c := range s.columns {
		behind[i], c.examples = c.examples, nil
	}
	for i := range s.first[s.units:] {
		s.add(&s.first[s.units+i])
	}
	for i, c := range s.columns {
		for _, example := range behind[i] {
			c.addExample([]byte(example))
		}
	}
	s.rows -= int64(s.footer + s.units)
}

// findUnits is 1 where the first record tells units: texts where all other rows have numbers or
// dates, and nothing elsewhere.
func (s *scan) findUnits() int {
	if len(s.first) == 0 || s.first[0].problem != "" || len(s.last) == 0 && len(s.first) < 2 {
		return 0
	}
	rest := &scan{readings: s.readings, width: s.width, required: s.required}
	for _, c := range s.columns {
		rest.columns = append(rest.columns, newColumn(c.name, 0))
	}
	for i := range s.first[1:] {
		rest.add(&s.first[1+i])
	}
	for i := range s.last[:len(s.last)-s.footer] {
		rest.add(&s.last[i])
	}
	found := 0
	for i, cell := range s.first[0].cells[:min(len(s.first[0].cells), len(s.columns))] {
		c, text := rest.columns[i], strings.TrimSpace(cell)
		switch {
		case text == "":
			continue
		case c.looksNumeric() || c.looksDated(s.readings):
			if s.readings.NumbersOf([]byte(text)) != 0 || s.readings.DatesOf([]byte(text), ^uint64(0)) != 0 || meansNothing(text) || c.words[text] != nil {
				return 0
			}
			found++
		case slices.ContainsFunc(c.examples, func(example string) bool { return example == text }):
			return 0
		}
	}
	texts := 0
	for _, c := range rest.columns {
		if c.filled() > 0 && !c.looksNumeric() && !c.looksDated(s.readings) {
			texts++
		}
	}
	if found == 0 || found == 1 && texts > 0 && s.first[0].filled() > 1 {
		return 0 // a row whose one number is a word
	}
	return 1
}

// misfits is how badly the layout fits the records.
func (s *scan) misfits() int64 {
	if s.width == 1 {
		return s.rows + s.malformed + s.bad
	}
	return s.broken()
}

// broken is how many records are not as the header is.
func (s *scan) broken() int64 { return s.short + s.long + s.malformed + s.bad }

// typed is how many columns have numbers or dates alone.
func (s *scan) typed() (n int) {
	for _, c := range s.columns {
		if (c.looksNumeric() || c.looksDated(s.readings)) && c.wordCells+c.neither == 0 && c.filled() > 0 {
			n++
		}
	}
	return n
}

// meansNothing says whether a word stands for a missing value wherever it is among numbers.
func meansNothing(word string) bool {
	if dialect.IsCommonWord(word) || !strings.ContainsFunc(word, func(r rune) bool { return isLetter(r) || r >= 0x80 }) {
		return true
	}
	return slices.Contains(nothing, strings.ToLower(word))
}

var nothing = []string{"na", "n/a", "#n/a", "n.a.", "n. a.", "nan", "nil", "null", "none", "(null)", "<null>", "<na>", "(blank)", "missing", "undefined", "unknown", "nd", "n.d.", "k.a.", "k. a.", "k.a", "#nv", "#value!", "#wert!", "#ref!", "#div/0!", "#null!", "–", "—", "s.o.", "b.d.", "s.d.", "tbd"}

// firstRecords gives the header, which may be nil, and the records below it to visit.
func firstRecords(ctx context.Context, reading *dialect.Reading, visit func([][]byte) bool) error {
	var header [][]byte
	for _, name := range reading.Layout.Header {
		header = append(header, []byte(name))
	}
	if !visit(header) {
		return nil
	}
	const most = 4 << 20 // bytes
	for range 4 {
		first := true
		var read atomic.Int64
		err := reading.Records(ctx, nil, &read, func(r *dialect.Record) bool {
			first = false
			cells := r.Cells
			if r.Malformed {
				cells = [][]byte{r.Text}
			}
			return r.Repeated || visit(cells) && read.Load() < most
		})
		again, other := reading.Again(err)
		if !other || !first {
			return err
		}
		reading = again
	}
	return nil
}
