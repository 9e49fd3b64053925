// Package describe says of a file how it is written, what is in its columns, and which settings
// read every cell of it. Where two readings fit it names both and chooses none.
package describe

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// Options say what is known of a file.
type Options struct {
	Settings dialect.Settings // that are given; they are not doubted
	// Columns are those of the question. If the file has them, they alone count for the
	// settings, and the settings are those that the question needs.
	Columns []groupby.Column
	All     bool  // read every row of a large file, not only parts of it
	Most    int64 // bytes of a file that is read whole, and of the parts of a larger one; 0: 8 MiB
}

// Description is what was found of a file. Its fields in JSON are documented in docs/input.md.
type Description struct {
	File      string         `json:"file"`
	Size      int64          `json:"size"`      // bytes, as stored
	BytesRead int64          `json:"bytesRead"` // of these, for the columns
	Sampled   bool           `json:"sampled"`   // not all rows were read
	Rows      int64          `json:"rows"`      // that were read
	Layout    Layout         `json:"layout"`
	Columns   []Column       `json:"columns"`
	Input     map[string]any `json:"input"`    // the settings, by their keys
	Flags     string         `json:"flags"`    // the same as flags
	Values    string         `json:"values"`   // as values of the chart, in YAML
	Dataset   string         `json:"dataset"`  // as an entry of datasets, in YAML
	Choices   []Choice       `json:"choices"`  // what a person has to say
	Problems  []string       `json:"problems"` // what no setting reads
	Notes     []string       `json:"notes"`
	Readable  bool           `json:"readable"` // the settings read every cell, but of rows that they leave out

	Settings dialect.Settings `json:"-"` // Input
	LeftOut  int64            `json:"-"` // about how many of Rows are left out, as onBadRow: skip was given
	reading  *dialect.Reading
}

// FlagsOf are settings as flags, as Description.Flags has them.
func FlagsOf(s dialect.Settings) string { return flags(s) }

// Layout is how a file is written.
type Layout struct {
	Container   string `json:"container"` // gzip, zstd, bzip2, xz, lz4, zip; "" for none
	Encoding    string `json:"encoding"`
	Delimiter   string `json:"delimiter"`
	Quote       string `json:"quote"`  // "" where quotes mean nothing
	Escape      string `json:"escape"` // "" where only a doubled quote is one
	HeaderLine  int64  `json:"headerLine"`
	LinesBefore int64  `json:"linesBefore"` // the header, or the first record
	LineEnds    string `json:"lineEnds"`    // LF, CRLF, CR or mixed
	Found       string `json:"found"`       // all of it in one sentence
}

// Column is a column of a file.
type Column struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`       // integer, decimal, date, time, text or empty
	Formats    []string `json:"formats"`    // of dates and times
	Empty      float64  `json:"empty"`      // the share of its cells that are NULL or blank, from 0 to 1
	Unreadable float64  `json:"unreadable"` // the share that the settings do not read
	Examples   []string `json:"examples"`
}

// Choice is what the file does not tell.
type Choice struct {
	About   string   `json:"about"`
	Options []Option `json:"options"`
}

// Option is one of the readings that fit.
type Option struct {
	Means    string           `json:"means"`
	Input    map[string]any   `json:"input"`
	Flags    string           `json:"flags"`
	Inline   string           `json:"values"` // in the flow style of YAML, below processor.input
	Settings dialect.Settings `json:"-"`
}

// With is the settings with what the option says.
func (o Option) With(s dialect.Settings) dialect.Settings { return merge(s, o.Settings) }

const wholeBytes = 8 << 20 // a file up to this is read whole

// File describes a file. A file that cannot be read at all is a *groupby.InputError.
func File(ctx context.Context, file dialect.File, opt Options) (*Description, error) {
	head := make([]byte, min(headBytes, file.Size))
	if _, err := file.ReaderAt.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read %s: %w", file.Name, err)
	}
	f := &finder{ctx: ctx, file: file, said: opt.Settings, columns: opt.Columns, head: head}
	a := f.find()
	if a.err != nil {
		return nil, a.err
	}
	if opt.Most == 0 {
		opt.Most = wholeBytes
	}
	parts := sample(a.reading, file.Size, opt)
	complete := a.reading.Seekable() || len(parts) == 0
	if a = f.scan(a, parts, complete); a.err != nil {
		return nil, a.err
	}
	sampled := len(parts) > 1 || len(parts) == 1 && !a.reading.Seekable() && a.scan.bytes < file.Size
	if !complete && !sampled {
		// A packed file that was small after all: its end is known, too.
		if a = f.scan(a, nil, true); a.err != nil {
			return nil, a.err
		}
	}
	l := a.reading.Layout
	d := &decision{scan: a.scan, name: file.Name, asked: a.asked, comma: strings.TrimSpace(l.Delimiter) == ",", settings: a.settings}
	d.decide(opt.Settings)
	if err := f.describeEncoding(d, a); err != nil {
		return nil, err
	}
	if l.Width() > mostColumns {
		d.notes = append(d.notes, fmt.Sprintf("of its %d columns the first %d were looked at", l.Width(), mostColumns))
	}
	if len(opt.Columns) > 0 && !a.asked {
		d.notes = append(d.notes, "it has not the columns of the question: "+f.missing(a))
	}
	text, err := a.reading.Beginning(ctx, headBytes)
	if err != nil {
		return nil, err
	}
	if passed := l.Passed(); passed != "" {
		d.notes = append(d.notes, passed)
	} else if n := a.settings.SkipRows; a.settings.Header.None && n > f.said.SkipRows {
		note := leftOutAbove(n)
		if n == 1 && l.Delimiter == "," && l.Width() == 2 && len(d.numeric) == 2 && f.said.Delimiter == "" {
			note += "; if it names one column of numbers with decimal commas, delimiter: \";\" and decimalChar: \",\" read it"
		}
		d.notes = append(d.notes, note)
	}
	if lines := a.settings.Header.Lines; len(lines) == 1 && !f.headerSaid() {
		d.problems = append(d.problems, fmt.Sprintf("%s: its header stands in several lines: header: %d reads the rows below the last, and leaves lines 1 to %d out, which may be a table of their own", d.at(int64(lines[0])), lines[0], lines[0]-1))
	}
	f.noteLog(d, a)
	if !sampled && a.scan.rows < fewRows {
		f.noteFew(d, a)
	}
	told := d.description(file, l, text, sampled)
	told.reading = a.reading
	return told, nil
}

// sample is the parts of a file that are read: none for all of it.
func sample(reading *dialect.Reading, size int64, opt Options) []dialect.Part {
	switch {
	case opt.All || reading.Seekable() && size <= opt.Most:
		return nil
	case !reading.Seekable():
		return []dialect.Part{{From: 0, To: opt.Most}}
	}
	part := opt.Most / 4
	return []dialect.Part{{From: 0, To: 2 * part}, {From: size/2 - part/2, To: size/2 + part/2}, {From: size - part, To: size}}
}

// missing says which columns are not there.
func (f *finder) missing(a attempt) string {
	compiled, err := a.settings.Compile()
	if err == nil {
		_, err = compiled.Open(f.ctx, f.file, f.columns)
	}
	if err == nil {
		return "they are there now"
	}
	return err.Error()
}

// description is what is told of the decision.
func (d *decision) description(file dialect.File, l *dialect.Layout, text []byte, sampled bool) *Description {
	told := &Description{File: file.Name, Size: file.Size, BytesRead: d.bytes, Sampled: sampled, Rows: d.rows, Settings: d.settings, LeftOut: d.leaves,
		Columns: []Column{}, Choices: []Choice{}, Problems: d.problems, Notes: d.notes,
		Input: values(d.settings), Flags: flags(d.settings), Values: chartValues(d.settings), Dataset: dataset(file.Name, d.settings)}
	for _, c := range d.choices {
		for i := range c.Options {
			o := &c.Options[i]
			o.Input, o.Flags, o.Inline = values(o.Settings), flags(o.Settings), inline(o.Settings)
		}
		told.Choices = append(told.Choices, c)
	}
	if told.Problems == nil {
		told.Problems = []string{}
	}
	if told.Notes == nil {
		told.Notes = []string{}
	}
	told.Readable = len(told.Problems) == 0 && len(told.Choices) == 0
	told.Layout = Layout{Container: l.Container, Encoding: l.Encoding, Delimiter: l.Delimiter, Quote: l.Quote, Escape: l.Escape, HeaderLine: l.HeaderLine, LineEnds: lineEnds(text)}
	told.Layout.LinesBefore = max(0, l.HeaderLine-1)
	if l.HeaderLine == 0 && len(d.first) > 0 {
		told.Layout.LinesBefore = d.first[0].line - 1
	}
	told.Layout.Found = told.Layout.sentence(l.Blank())
	for _, c := range d.columns {
		told.Columns = append(told.Columns, d.column(c))
	}
	return told
}

func (d *decision) column(c *column) Column {
	told := Column{Name: c.name, Type: "text", Examples: c.examples, Formats: []string{}}
	if told.Examples == nil {
		told.Examples = []string{}
	}
	if c.cells > 0 {
		told.Empty = float64(c.empty+c.blank) / float64(c.cells)
		told.Unreadable = float64(d.unreadable(c)) / float64(c.cells)
	}
	switch {
	case c.filled() == 0:
		told.Type = "empty"
	case slices.Contains(d.dated, c):
		told.Type = "date"
		for _, format := range d.formatsOf(c) {
			told.Formats = append(told.Formats, d.readings.Dates[format])
		}
		for _, cell := range c.keptDates {
			if strings.Contains(cell, ":") {
				told.Type = "time"
			}
		}
	case slices.Contains(d.numeric, c):
		told.Type = "integer"
		for _, cell := range c.kept {
			if value, ok := d.readings.Number([]byte(cell), d.format); !ok || strings.ContainsAny(value, ".eE") {
				told.Type = "decimal"
			}
		}
	}
	return told
}

// formatsOf are the formats of a column of dates; all that fit, where several do.
func (d *decision) formatsOf(c *column) []int {
	cover := d.coverOf(c)
	rivals := d.rivals(c, cover)
	if len(rivals) < 2 {
		return cover
	}
	if format := d.decidedElsewhere(rivals, c); format >= 0 {
		return []int{format}
	}
	return rivals
}

// leftOutAbove says that the first lines of a file without a header were left out.
func leftOutAbove(n int) string {
	if n == 1 {
		return "line 1 was left out: it has not as many cells as the rows below"
	}
	return fmt.Sprintf("lines 1 to %d were left out: they have not as many cells as the rows below", n)
}

func lineEnds(text []byte) string {
	lf, crlf, cr := 0, 0, 0
	for i, c := range text {
		switch {
		case c == '\n' && i > 0 && text[i-1] == '\r':
			crlf++
		case c == '\n':
			lf++
		case c == '\r' && i+1 < len(text) && text[i+1] != '\n':
			cr++
		}
	}
	switch {
	case lf+crlf+cr == 0:
		return ""
	case lf+crlf == 0:
		return "CR"
	case lf+cr == 0:
		return "CRLF"
	case crlf+cr == 0:
		return "LF"
	}
	return "mixed"
}

var delimiterNames = map[string]string{",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}

// sentence tells the layout.
func (l Layout) sentence(blank bool) string {
	between := delimiterNames[l.Delimiter]
	if between == "" {
		between = fmt.Sprintf("%q", l.Delimiter)
	}
	if blank {
		between += " and a blank"
	}
	parts := []string{strings.ToUpper(l.Encoding[:1]) + l.Encoding[1:] + " text with " + between + " between the fields"}
	if strings.HasPrefix(l.Encoding, "utf") {
		parts[0] = strings.ToUpper(l.Encoding) + strings.TrimPrefix(parts[0], strings.ToUpper(l.Encoding[:1])+l.Encoding[1:])
	}
	if l.Container != "" {
		parts = append(parts, "packed by "+l.Container)
	}
	switch {
	case l.Quote == "":
		parts = append(parts, "no quotes")
	case l.Quote != `"`:
		parts = append(parts, "quotes "+l.Quote)
	}
	if l.Escape != "" {
		parts = append(parts, l.Escape+" before what is taken as it is")
	}
	switch {
	case l.HeaderLine == 0:
		parts = append(parts, "no header")
	default:
		parts = append(parts, fmt.Sprintf("the header in line %d", l.HeaderLine))
	}
	if l.LineEnds != "" && l.LineEnds != "LF" {
		parts = append(parts, l.LineEnds+" line ends")
	}
	return strings.Join(parts, ", ") + "."
}
