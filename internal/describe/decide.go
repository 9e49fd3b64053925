package describe

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// decision is what the cells of a file say of the settings.
type decision struct {
	*scan
	name     string // of the file
	asked    bool   // only the columns of the question count
	comma    bool   // is the delimiter
	settings dialect.Settings
	choices  []Choice
	problems []string
	left     []leftOut // what onBadRow: skip would leave out
	leaves   int64     // about how many rows it does leave out
	notes    []string
	numeric  []*column
	dated    []*column
	format   int // of numbers; the index of Readings.Numbers
	cover    []int
}

// counts says whether a column has a say.
func (d *decision) counts(c *column) bool { return !d.asked || c.use != 0 }

func (d *decision) decide(said dialect.Settings) {
	for _, c := range d.columns {
		dated := c.looksDated(d.readings)
		if !dated && c.looksNumeric() {
			d.numeric = append(d.numeric, c)
		} else if dated {
			d.dated = append(d.dated, c)
		}
	}
	d.decideRows(said)
	d.decideNumbers()
	d.decideDates(said)
	d.decideWords()
	d.decideTrim(said)
	d.findUnreadable()
	d.leaveOut(said)
	d.noteMeanings(said)
}

// noteMeanings names cells that are read as they stand and may be meant otherwise.
func (d *decision) noteMeanings(said dialect.Settings) {
	for _, c := range d.columns {
		if !d.counts(c) || len(d.notes) > mostChoices {
			continue
		}
		texts := !slices.Contains(d.numeric, c) && !slices.Contains(d.dated, c)
		for _, text := range slices.Sorted(maps.Keys(c.words)) {
			if texts && meansNothing(text) && !slices.Contains(d.settings.MissingValues, text) {
				d.notes = append(d.notes, fmt.Sprintf(`"%s" in %s is read as a text; if it is nothing, missingValues: [%s] reads it as NULL`, text, c.name, yamlText(text)))
			}
		}
		for _, cell := range c.kept {
			if slices.Contains(d.numeric, c) && isMark(cell) {
				d.notes = append(d.notes, fmt.Sprintf("%s in %s is read as a number; if it stands for nothing, missingValues: [%s] reads it as NULL", strings.TrimSpace(cell), c.name, yamlText(strings.TrimSpace(cell))))
			}
		}
		if set := d.readings.Digits() & allOf(c); set != 0 && slices.Contains(d.numeric, c) && c.use == 0 {
			format := d.readings.Dates[bits.TrailingZeros64(set)]
			d.notes = append(d.notes, fmt.Sprintf("%s is read as numbers; if they are dates, dateFormats: [%s] reads them", c.name, yamlText(format)))
		}
		if said.TimeZone == "" && slices.Contains(d.dated, c) && slices.ContainsFunc(c.keptDates, hasOffset) {
			d.notes = append(d.notes, fmt.Sprintf("%s has times with an offset from UTC: they are told as they are written, or in the zone that timeZone names", c.name))
		}
	}
}

// allOf are the formats of dates that read all cells of a column.
func allOf(c *column) (set uint64) {
	if c.filled() == 0 || total(c.dates) < c.filled() {
		return 0
	}
	set = ^uint64(0)
	for some := range c.dates {
		set &= some
	}
	return set
}

// isMark says whether a number is made of nines as are those that stand for nothing.
func isMark(cell string) bool {
	digits := strings.Trim(cell, "-+ ")
	return strings.Trim(digits, "9.") == "" && strings.Count(digits, "9") >= 3
}

func hasOffset(cell string) bool {
	_, time, found := strings.Cut(cell, ":")
	return found && (strings.HasSuffix(time, "Z") || strings.ContainsAny(time, "+-"))
}

// decideRows takes care of rows that do not fit.
func (d *decision) decideRows(said dialect.Settings) {
	if d.footer > 0 {
		d.settings.SkipFooter = d.footer
		first := clip([]byte(d.last[len(d.last)-d.footer].first()))
		if d.footer == 1 {
			d.notes = append(d.notes, fmt.Sprintf(`the last record is taken for no row: it begins with "%s"`, first))
		} else {
			d.notes = append(d.notes, fmt.Sprintf(`the last %d records are taken for no rows: the first of them begins with "%s"`, d.footer, first))
		}
	}
	if d.units > 0 {
		d.settings.SkipRowsAfterHeader = d.units
		d.notes = append(d.notes, fmt.Sprintf("line %d tells units or the like, it is no row", d.first[0].line))
	}
	d.noteSums()
	if said.Lenient {
		return
	}
	broken := d.long + d.malformed + d.bad
	if d.short > 0 && broken == 0 && said.RaggedRows != dialect.Pad {
		d.decideShort()
	}
	if broken == 0 || said.OnBadRow == dialect.Skip {
		return
	}
	var options []Option
	if d.bad == 0 { // no setting reads bytes that cannot be decoded
		options = append(options, Option{Means: "such rows are read as well as they can be", Settings: dialect.Settings{Lenient: true}})
	}
	options = append(options, Option{Means: "such rows are left out, and written to a file of their own", Settings: dialect.Settings{OnBadRow: dialect.Skip}})
	d.choices = append(d.choices, Choice{
		About:   fmt.Sprintf("%s: %s; %s of %d have something of the kind", d.at(d.wrong.line), d.wrong.cell, plural(int(broken), "row", "rows"), d.rows),
		Options: options,
	})
}

// at is a place as messages have it.
func (d *decision) at(line int64) string {
	if line == 0 {
		return d.name
	}
	return fmt.Sprintf("%s:%d", d.name, line)
}

// decideNumbers finds the format that reads most cells, and whether another one reads as many
// as other values.
func (d *decision) decideNumbers() {
	var columns []*column
	for _, c := range d.numeric {
		if d.counts(c) && (!d.asked || c.as(groupby.Number) || c.as(groupby.Extreme)) {
			columns = append(columns, c)
		}
	}
	best, most := []int{0}, int64(-1)
	for i := range d.readings.Numbers {
		var n int64
		for _, c := range columns {
			n += readBy(c.numbers, i)
		}
		switch {
		case n > most:
			best, most = []int{i}, n
		case n == most:
			best = append(best, i)
		}
	}
	d.format = best[0]
	if most <= 0 {
		return
	}
	if best[0] == 0 {
		d.decidePoints(columns, best)
		return
	}
	classes := d.classes(columns, best)
	if len(classes) == 1 {
		d.settings = merge(d.settings, d.readings.Numbers[classes[0]].Settings())
		return
	}
	choice := Choice{About: d.example(columns, classes)}
	for _, i := range classes {
		format := d.readings.Numbers[i]
		choice.Options = append(choice.Options, Option{Means: d.means(columns, classes, i), Settings: format.Settings()})
	}
	d.choices = append(d.choices, choice)
}

// decidePoints decides whether the points of numbers that are read as they are stand before
// decimals.
func (d *decision) decidePoints(columns []*column, best []int) {
	if d.comma || d.settings.DecimalChar != "" || d.settings.GroupChar != "" {
		return
	}
	for _, c := range columns {
		if c.doubtful.cell == "" || c.decimal {
			continue
		}
		thousands := slices.IndexFunc(best, func(i int) bool {
			f := d.readings.Numbers[i]
			return f.DecimalChar == "," && f.GroupChar == "." && !f.Dressed
		})
		if thousands < 0 {
			d.settings.DecimalChar = "."
			return
		}
		d.choices = append(d.choices, Choice{
			About: fmt.Sprintf("%s: %s: %q may be one with decimals, or thousands, and nothing in the column tells", d.at(c.doubtful.line), c.name, c.doubtful.cell),
			Options: []Option{
				{Means: d.means(columns, []int{0, best[thousands]}, 0), Settings: dialect.Settings{DecimalChar: "."}},
				{Means: d.means(columns, []int{0, best[thousands]}, best[thousands]), Settings: dialect.Settings{DecimalChar: ",", GroupChar: "."}},
			},
		})
		return
	}
}

// classes are formats that give the numbers other values, of each class the simplest one.
func (d *decision) classes(columns []*column, formats []int) (simplest []int) {
	var known []string
	for _, i := range formats {
		var values strings.Builder
		for _, c := range columns {
			for _, cell := range c.kept {
				values.WriteString(d.value(cell, i) + "\n")
			}
		}
		if !slices.Contains(known, values.String()) {
			known = append(known, values.String())
			simplest = append(simplest, i)
		}
	}
	return simplest
}

// canonical is a number without zeros that change nothing.
func canonical(number string) string {
	whole, decimals, found := strings.Cut(number, ".")
	if found && !strings.ContainsAny(decimals, "eE") {
		decimals = strings.TrimRight(decimals, "0")
	}
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if decimals == "" {
		return sign + whole
	}
	return sign + whole + "." + decimals
}

// telling are cells that tell formats apart: one that they give other values, or otherwise those
// that one reads and another does not; and their column.
func (d *decision) telling(columns []*column, formats []int) (cells []string, of *column) {
	for _, c := range columns {
		for _, cell := range c.kept {
			values := map[string]bool{}
			for _, i := range formats {
				values[d.value(cell, i)] = true
			}
			switch {
			case len(values) < 2:
				continue
			case !values[notRead]:
				return []string{cell}, c
			case of == nil:
				of = c
			}
			if of == c && (len(cells) == 0 || len(cells) == 1 && slices.ContainsFunc(formats, func(i int) bool { return d.value(cell, i) != notRead && d.value(cells[0], i) == notRead })) {
				cells = append(cells, cell)
			}
		}
	}
	return cells, of
}

func (d *decision) example(columns []*column, formats []int) string {
	cells, c := d.telling(columns, formats)
	switch len(cells) {
	case 0:
		return "numbers may be read in several ways"
	case 1:
		return fmt.Sprintf("%s: %s: %q may be several numbers, and nothing in the file tells", d.name, c.name, cells[0])
	}
	return fmt.Sprintf("%s: %s: %q and %q are written in different ways, and no setting reads both", d.name, c.name, cells[0], cells[1])
}

func (d *decision) means(columns []*column, formats []int, format int) string {
	cells, _ := d.telling(columns, formats)
	if len(cells) == 0 {
		return "numbers are read so"
	}
	parts := make([]string, len(cells))
	for i, cell := range cells {
		parts[i] = strings.TrimSpace(cell) + " " + d.value(cell, format)
	}
	return strings.Join(parts, ", ")
}

// value says what a cell is in a format.
func (d *decision) value(cell string, format int) string {
	if value, ok := d.readings.Number([]byte(cell), format); ok {
		return "is " + canonical(value)
	}
	return notRead
}

const notRead = "is not read"

// decideWords takes the words among numbers and dates for NULL, where they can be nothing else.
func (d *decision) decideWords() {
	var sure, common []string
	for _, c := range append(slices.Clone(d.numeric), d.dated...) {
		if !d.counts(c) || d.asked && !c.as(groupby.Number) && !c.as(groupby.Time) {
			continue
		}
		texts := make([]string, 0, len(c.words))
		for text := range c.words {
			texts = append(texts, text)
		}
		slices.Sort(texts)
		for _, text := range texts {
			w := c.words[text]
			if !meansNothing(text) || d.isCode(c, text) {
				d.chooseWord(c, text, w)
				continue
			}
			if !slices.Contains(sure, text) {
				sure = append(sure, text)
			}
			if w.padded {
				d.settings.Trim = true
			}
			for _, other := range d.columns {
				if other != c && other.words[text] != nil && !slices.Contains(d.numeric, other) && !slices.Contains(d.dated, other) {
					d.notes = append(d.notes, fmt.Sprintf(`"%s" is nothing in %s; it also fills %s of %s, which become NULL, too`, text, c.name, plural(int(other.words[text].count), "cell", "cells"), other.name))
				}
			}
		}
	}
	for _, text := range sure {
		if dialect.IsCommonWord(text) {
			common = append(common, text)
		}
	}
	if len(common) > 5 {
		sure = slices.DeleteFunc(sure, dialect.IsCommonWord)
		sure = append([]string{dialect.Common}, sure...)
	}
	d.settings.MissingValues = union(d.settings.MissingValues, sure)
}

// isCode says whether a word fills cells of a column of texts whose other cells are like it, as NA
// is Namibia among other codes of countries.
func (d *decision) isCode(of *column, text string) bool {
	like := func(cell string) bool {
		return len(cell) == len(text) && strings.ToUpper(cell) == cell && !strings.ContainsAny(cell, "0123456789")
	}
	for _, c := range d.columns {
		if c == of || c.words[text] == nil || slices.Contains(d.numeric, c) || slices.Contains(d.dated, c) || !like(text) {
			continue
		}
		others, codes := 0, true
		for cell := range c.words {
			if cell != text {
				others++
				codes = codes && like(cell)
			}
		}
		if others > 0 && codes {
			return true
		}
	}
	return false
}

func (d *decision) chooseWord(c *column, text string, w *word) {
	choice := Choice{
		About:   fmt.Sprintf("%s: %s: %q is no %s: it may be nothing", d.at(w.line), c.name, text, d.kind(c)),
		Options: []Option{{Means: fmt.Sprintf("%s is nothing (NULL)", text), Settings: dialect.Settings{MissingValues: []string{text}}}},
	}
	needed := c.use&(1<<groupby.Number|1<<groupby.Time) != 0
	if needed {
		means := "the " + plural(int(w.count), "row with it is left out, and written to a file of its own", "rows with it are left out, and written to a file of their own")
		choice.Options = append(choice.Options, Option{Means: means, Settings: dialect.Settings{OnBadRow: dialect.Skip}})
	} else {
		choice.Options = append(choice.Options, Option{Means: fmt.Sprintf("%s is a column of texts", c.name)})
	}
	tell := func() {
		if len(d.choices) < mostChoices {
			d.choices = append(d.choices, choice)
		}
	}
	if needed {
		d.left = append(d.left, leftOut{w.count, fmt.Sprintf("%s: %s: %q is no %s", d.at(w.line), c.name, text, d.kind(c)), tell})
	} else {
		tell()
	}
}

const mostChoices = 12

func (d *decision) kind(c *column) string {
	if slices.Contains(d.dated, c) {
		return "date"
	}
	return "number"
}

// decideTrim drops the blanks that make two texts of one, that fill a column up to a width, or
// that fill a cell of numbers.
func (d *decision) decideTrim(said dialect.Settings) {
	if said.Trim {
		return
	}
	for _, c := range d.columns {
		if !d.counts(c) {
			continue
		}
		blank := c.blank > 0 && (slices.Contains(d.numeric, c) || slices.Contains(d.dated, c))
		texts := !slices.Contains(d.numeric, c) && !slices.Contains(d.dated, c)
		filled := texts && c.width > 1 && c.padded > 0 && c.cells > 2
		if blank || texts && c.mergeable || filled {
			d.settings.Trim = true
		}
	}
}

// findUnreadable says which cells no setting reads.
func (d *decision) findUnreadable() {
	for _, c := range d.columns {
		if !d.counts(c) || d.asked && !c.as(groupby.Number) && !c.as(groupby.Time) {
			continue
		}
		n := d.unreadable(c)
		if n == 0 {
			continue
		}
		tell := func(problem string) {
			if d.asked {
				d.left = append(d.left, leftOut{n, problem, func() { d.problems = append(d.problems, problem) }})
			} else {
				d.problems = append(d.problems, problem)
			}
		}
		at, otherwise := c.odd, false
		for set, first := range c.firsts {
			if at.cell == "" && slices.Contains(d.numeric, c) && set>>d.format&1 == 0 {
				at, otherwise = first, true
			}
		}
		if otherwise {
			tell(fmt.Sprintf("%s: %s: %q is not written as most of its numbers are; %s; expected numbers written in one way", d.at(at.line), c.name, at.cell,
				plural(int(n), fmt.Sprintf("of its %d cells differs", c.filled()), fmt.Sprintf("of its %d cells differ", c.filled()))))
			continue
		}
		expected := "expected numbers written in one way"
		if slices.Contains(d.dated, c) {
			if u := c.undated; u.cell != "" && (at.cell == "" || u.line < at.line) {
				at = u
			}
			expected = "expected dates in formats that dateFormats names"
		}
		tell(fmt.Sprintf("%s: %s: %q is no %s; %s of its %d that no setting reads; %s", d.at(at.line), c.name, at.cell, d.kind(c), plural(int(n), "cell", "cells"), c.filled(), expected))
	}
}

// unreadable is how many cells of a column the settings do not read.
func (d *decision) unreadable(c *column) int64 {
	switch {
	case slices.Contains(d.numeric, c):
		n := c.filled() - readBy(c.numbers, d.format) - c.wordCells
		return max(0, n)
	case slices.Contains(d.dated, c):
		var read int64
		for _, n := range c.dates {
			read += n
		}
		return max(0, c.filled()-read-c.wordCells)
	}
	return 0
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
