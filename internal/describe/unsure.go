package describe

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"csv-pipeline/internal/dialect"
)

// decideShort has short rows padded, but where they are only the last ones of the file: there
// it names what else they may be.
func (d *decision) decideShort() {
	n, last := max(d.cut, 1), len(d.last)-1
	atEnd := d.complete && d.footer == 0 && last >= n-1 && !d.fits(&d.last[last])
	if !atEnd || d.short > int64(n) {
		d.settings.RaggedRows = dialect.Pad
		d.notes = append(d.notes, fmt.Sprintf("%s too few cells, first in line %d: what is missing is read as NULL", plural(int(d.short), "row has", "rows have"), d.shortAt.line))
		if atEnd && d.last[last].line > 0 {
			d.notes = append(d.notes, fmt.Sprintf("the last row, in line %d, is one of them: the file may have been cut off there", d.last[last].line))
		}
		return
	}
	first := &d.last[len(d.last)-n]
	cells := fmt.Sprintf("%s of %d", plural(first.width, "cell", "cells"), d.required)
	about, means := "the last row has "+cells+": it is a short one, no row at all, or the file was cut off", "it is no row"
	if n > 1 {
		about, means = fmt.Sprintf("the last %d rows are short, this one has %s: they are short ones, no rows at all, or the file was cut off", n, cells), "they are no rows"
	}
	d.choices = append(d.choices, Choice{About: d.at(first.line) + ": " + about, Options: []Option{
		{Means: "what is missing is NULL", Settings: dialect.Settings{RaggedRows: dialect.Pad}},
		{Means: means, Settings: dialect.Settings{SkipFooter: n}},
	}})
}

// noteSums names rows that may be totals of other rows, which count and sum would take twice.
func (d *decision) noteSums() {
	told := d.onlySums > 0
	for _, c := range d.columns {
		others := c.empty + c.blank - c.emptyInSums
		told = told || c.emptyInSums > 0 && 20*others <= c.cells
	}
	if told {
		line := ""
		if d.sumAt.line > 0 {
			line = fmt.Sprintf(" in line %d", d.sumAt.line)
		}
		d.notes = append(d.notes, fmt.Sprintf(`%s of others, first%s: "%s" in %s; such a row counts as any other unless where leaves it out`,
			plural(int(d.sums), "row may be a total", "rows may be totals"), line, d.sumAt.cell, d.sumColumn))
	}
}

// fewRows is how many rows tell how a file is written.
const fewRows = 10

// noteFew says what is not certain as a file has few rows, and what else it could be.
func (f *finder) noteFew(d *decision, a attempt) {
	l := a.reading.Layout
	note := plural(int(a.scan.rows), "row: too few", "rows: too few") + " to tell for sure how such files are written"
	if l.HeaderLine > 0 && !a.asked && !f.headerSaid() && a.scan.typed() == 0 {
		note += fmt.Sprintf("; that line %d has the names of the columns is told by its place alone, header: none reads it as a row", l.HeaderLine)
	}
	if l.Width() == 1 {
		if delimiter, fields := f.otherDelimiter(a); fields > 1 {
			note += fmt.Sprintf("; all of a line is one field, delimiter: %s reads %d", yamlText(delimiter), fields)
		} else {
			note += "; all of a line is one field, delimiter names what is between several"
		}
	}
	d.notes = append(d.notes, note)
}

// otherDelimiter is one under which all lines have as many fields, and how many; 0 if there is none.
func (f *finder) otherDelimiter(a attempt) (delimiter string, fields int) {
	if f.said.Delimiter != "" && f.said.Delimiter != dialect.Auto {
		return "", 0
	}
	for _, delimiter := range []string{" ", ":", "!", "&"} {
		s := a.settings
		s.Delimiter = delimiter
		if next := f.try(s); next.err == nil && next.scan.rows > 0 && next.scan.width > 1 && next.scan.misfits() == 0 {
			return delimiter, next.scan.width
		}
	}
	return "", 0
}

// apacheLine is a line of the Common Log Format of the Apache web server, or of the Combined one.
var apacheLine = regexp.MustCompile(`^\S+ \S+ .+ \[\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [-+]\d{4}\] "`)

// logs are the settings of web servers' logs, which are told by their lines, however few.
func (f *finder) logs(best attempt) (all []dialect.Settings) {
	if f.headerSaid() || f.said.Delimiter != "" && f.said.Delimiter != dialect.Auto {
		return nil
	}
	s := best.settings
	s.Header, s.Delimiter = dialect.Header{None: true}, " "
	if said := f.said.CommentPrefix; f.logFields() != nil && (said == "" || said == "#") {
		s.CommentPrefix = "#"
		tabs := s
		tabs.Delimiter = "\t"
		return []dialect.Settings{s, tabs}
	}
	lines := bytes.Split(bytes.TrimSpace(f.head), []byte("\n"))
	if len(lines) > 1 && int64(len(f.head)) < f.file.Size {
		lines = lines[:len(lines)-1] // it may be cut
	}
	for _, line := range lines {
		if !apacheLine.Match(line) {
			return nil
		}
	}
	return []dialect.Settings{s}
}

// logFields are the names of the fields of a log in the W3C Extended Log File Format, as IIS
// writes it; nil of another file.
func (f *finder) logFields() []string {
	for line := range bytes.Lines(f.head) {
		if names, ok := bytes.CutPrefix(line, []byte("#Fields:")); ok {
			return strings.Fields(string(names))
		}
	}
	return nil
}

// noteLog tells which column has which field of a log.
func (f *finder) noteLog(d *decision, a attempt) {
	names := f.logFields()
	if a.settings.CommentPrefix != "#" || a.reading.Layout.HeaderLine > 0 || len(names) != a.scan.width {
		return
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("#%d is %s", i+1, name)
	}
	const most = 12
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	d.notes = append(d.notes, "it is a log whose line #Fields: names the columns: "+strings.Join(names, ", "))
}
