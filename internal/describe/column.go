package describe

import (
	"strings"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// Bounds of what is remembered of a column.
const (
	mostWords    = 32
	mostKept     = 64  // cells whose values tell two readings apart
	mostSets     = 128 // sets of readings
	mostLearnt   = 4   // cells that add formats of dates, which few columns have more than one or two of
	mostTrimmed  = 128
	mostExamples = 3
	exampleBytes = 60
	afterCells   = 500 // of a column without numbers, or without dates, no more are looked for
)

// place is where a cell stands.
type place struct {
	line int64
	cell string
}

// mark takes a place where none is known yet, or only one further down.
func (p *place) mark(line int64, cell string) {
	if p.cell == "" || line > 0 && line < p.line {
		*p = place{line, cell}
	}
}

// word is a text among numbers or dates that may stand for nothing.
type word struct {
	count  int64
	line   int64
	padded bool
}

// column is what is known of the cells of a column. Memory is bounded, whatever is in them.
type column struct {
	name string
	use  int // the roles that the question has for it, as bits; 0: it does not use it

	cells, empty, blank int64
	emptyInSums         int64            // cells that are empty in rows that may be totals
	numbers, dates      map[uint64]int64 // how many cells have just these readings
	firsts              map[uint64]place // the first number of each set
	neither             int64            // cells that are no number, no date and no word
	odd                 place            // the first of them
	undated             place            // the first number that is no date
	words               map[string]*word
	wordCells           int64
	manyWords           bool
	examples            []string
	kept, keptDates     []string
	doubtful            place // the first number whose point may stand between thousands
	decimal             bool  // a number whose point cannot
	bareCode            bool  // a number only with letters around it that are no known currency
	liveDates           uint64
	learnt              int // cells that added formats of dates

	width     int // of all cells, in runes; -1: they differ
	padded    int64
	trimmed   map[string]string
	mergeable bool // texts that differ in their blanks alone
}

func newColumn(name string, use int) *column {
	return &column{name: name, use: use, numbers: map[uint64]int64{}, dates: map[uint64]int64{}, firsts: map[uint64]place{}, words: map[string]*word{}, trimmed: map[string]string{}}
}

func (c *column) as(role groupby.Role) bool { return c.use>>role&1 == 1 }

// filled is the number of cells that are neither NULL nor blank.
func (c *column) filled() int64 { return c.cells - c.empty - c.blank }

// add takes a cell into account; raw is the cell with its escapes.
func (c *column) add(cell, raw []byte, line int64, r *dialect.Readings) {
	c.cells++
	c.addWidth(cell)
	if r.IsMissing(raw) {
		c.empty++
		return
	}
	text := dialect.TrimSpace(cell)
	c.addBlanks(cell, text)
	if len(text) == 0 {
		c.blank++
		return
	}
	c.addExample(text)
	if c.cells > afterCells && len(c.numbers)+len(c.dates) == 0 && !c.as(groupby.Number) && !c.as(groupby.Time) {
		c.neither++
		return
	}
	numbers, dates := r.NumbersOf(cell), c.datesOf(cell, r)
	if numbers != 0 {
		c.addNumber(cell, numbers, line, numbers&(1|r.Bare()) != 0)
	}
	if dates != 0 && len(c.dates) < mostSets {
		c.dates[dates]++
		c.keptDates = keep(c.keptDates, text)
	}
	if numbers != 0 && dates == 0 {
		c.undated.mark(line, clip(text))
	}
	if numbers != 0 || dates != 0 {
		return
	}
	if word := dialect.TrimSpace(raw); dialect.IsWord(word) {
		c.addWord(string(word), line, len(word) < len(raw))
		return
	}
	c.neither++
	c.odd.mark(line, clip(text))
}

// datesOf tries the formats that have read a cell before, and all of them where none does.
func (c *column) datesOf(cell []byte, r *dialect.Readings) (set uint64) {
	if c.liveDates != 0 && c.cells > 100 {
		if set = r.DatesOf(cell, c.liveDates); set != 0 {
			return set
		}
	}
	if c.liveDates == 0 && c.cells > afterCells && !c.as(groupby.Time) {
		return 0
	}
	set = r.DatesOf(cell, ^uint64(0))
	if set == 0 && c.learnt < mostLearnt && r.Learn(cell) {
		c.learnt++
		set = r.DatesOf(cell, ^uint64(0))
	}
	c.liveDates |= set
	return set
}

func (c *column) addNumber(cell []byte, set uint64, line int64, bare bool) {
	if len(c.numbers) < mostSets {
		c.numbers[set]++
		first := c.firsts[set]
		first.mark(line, clip(cell))
		c.firsts[set] = first
	}
	plain := true
	for _, b := range cell {
		plain = plain && b >= '0' && b <= '9'
	}
	if plain {
		return
	}
	c.kept = keep(c.kept, cell)
	doubtful, decimal := dialect.Doubtful(cell)
	if doubtful {
		c.doubtful.mark(line, clip(cell))
	}
	c.decimal = c.decimal || decimal
	if !dialect.IsDressed(cell) && strings.ContainsFunc(string(cell), isLetter) && !bare {
		c.bareCode = true
	}
}

func isLetter(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }

func (c *column) addWord(text string, line int64, padded bool) {
	c.wordCells++
	w := c.words[text]
	if w == nil {
		if len(c.words) == mostWords {
			c.manyWords = true
			return
		}
		w = &word{line: line}
		c.words[text] = w
	}
	if w.count++; line > 0 && line < w.line {
		w.line = line
	}
	w.padded = w.padded || padded
}

func (c *column) addExample(text []byte) {
	if len(c.examples) == mostExamples {
		return
	}
	example := clip(text)
	for _, have := range c.examples {
		if have == example {
			return
		}
	}
	c.examples = append(c.examples, example)
}

func (c *column) addWidth(cell []byte) {
	n := len([]rune(string(cell)))
	if c.cells == 1 {
		c.width = n
	} else if c.width != n {
		c.width = -1
	}
}

// addBlanks looks for texts that differ in their blanks alone.
func (c *column) addBlanks(cell, text []byte) {
	if len(text) < len(cell) {
		c.padded++
	}
	if c.mergeable || len(text) == 0 || len(text) > exampleBytes {
		return
	}
	if have, ok := c.trimmed[string(text)]; ok {
		c.mergeable = have != string(cell)
	} else if len(c.trimmed) < mostTrimmed {
		c.trimmed[string(text)] = string(cell)
	}
}

func keep(cells []string, cell []byte) []string {
	if len(cells) == mostKept {
		return cells
	}
	for _, have := range cells {
		if have == string(cell) {
			return cells
		}
	}
	return append(cells, string(cell))
}

func clip(text []byte) string {
	if runes := []rune(string(text)); len(runes) > exampleBytes {
		return string(runes[:exampleBytes]) + "…"
	}
	return string(text)
}

// readBy is how many cells a set of readings, of sets, has among them.
func readBy(sets map[uint64]int64, format int) (n int64) {
	for set, count := range sets {
		if set>>format&1 == 1 {
			n += count
		}
	}
	return n
}

func total(sets map[uint64]int64) (n int64) {
	for _, count := range sets {
		n += count
	}
	return n
}

// looksNumeric says whether a column is one of numbers, by its cells.
func (c *column) looksNumeric() bool {
	if c.as(groupby.Number) {
		return true
	}
	if c.bareCode || c.manyWords {
		return false
	}
	return mostly(total(c.numbers), c.neither+dateOnly(c), c.texts())
}

// looksDated says whether a column is one of dates or times, by its cells.
func (c *column) looksDated(r *dialect.Readings) bool {
	if c.as(groupby.Time) {
		return true
	}
	if c.as(groupby.Number) || c.manyWords {
		return false
	}
	var n int64
	for set, count := range c.dates {
		if set&^r.Digits() != 0 {
			n += count
		}
	}
	return mostly(n, c.filled()-n-c.wordCells, c.texts())
}

// texts is how many cells are words that may mean something.
func (c *column) texts() int64 {
	n := c.wordCells
	for text, w := range c.words {
		if meansNothing(text) {
			n -= w.count
		}
	}
	return n
}

// dateOnly is how many cells are dates and no numbers.
func dateOnly(c *column) int64 {
	return max(0, c.filled()-c.neither-c.wordCells-total(c.numbers))
}

// mostly says whether n cells are the kind of a column that has so many others, and so many
// words.
func mostly(n, others, words int64) bool {
	return n > 0 && others*20 <= n && words <= n
}
