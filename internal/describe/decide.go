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
		if note := dialect.CurrenciesNote(c.name, c.kept); note != "" && slices.Contains(d.numeric, c) && d.readings.Numbers[d.format].Dressed {
			d.notes = append(d.notes, note)
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
		choice.Options = append(choice.Options, Option{Means: "each row that cannot be read is left out, and written to a file of its own", Settings: dialect.Settings{OnBadRow: dialect.Skip}})
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
			for _, cell := range c.keptDates {
				if at.cell == "" && d.readings.DatesOf([]byte(cell), d.setOf(c)) == 0 {
					at.cell = cell
				}
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
		read, formats := int64(0), d.setOf(c)
		for set, n := range c.dates {
			if set&formats != 0 {
				read += n
			}
		}
		return max(0, c.filled()-read-c.wordCells)
	}
	return 0
}

// setOf is the set of the formats of a column of dates.
func (d *decision) setOf(c *column) (set uint64) {
	for _, format := range d.formatsOf(c) {
		set |= 1 << format
	}
	return set
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
