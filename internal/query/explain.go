package query

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// rows says which rows of the file a selection writes.
func (q *Query) rows() string {
	rows := "every row"
	if q.spec.Where != "" {
		rows = "the rows of which it is true that " + q.spec.Where
	}
	if q.spec.Limit > 0 {
		rows += fmt.Sprintf(", at most %d", q.spec.Limit)
	}
	return rows
}

// Explain tells in lines what a question does: what its result has, which columns it reads,
// which way they take, and where groups and rows are kept.
func (q *Query) Explain() (lines []string) {
	say := func(what, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%-9s", what+":")+fmt.Sprintf(format, args...))
	}
	if q.program != nil {
		say("runs", "%s, once for each file", strings.Join(q.spec.Command.Words, " "))
		return lines
	}
	if names := q.Names(); names != nil {
		say("result", "%s", strings.Join(names, ", "))
	} else {
		say("result", "the columns of the file, and %s", q.rows())
	}
	if reads := q.reads(); len(reads) > 0 {
		say("reads", "%s", strings.Join(reads, ", "))
	} else if q.rewritten != nil {
		say("reads", "no column")
	}
	switch {
	case q.rewritten == nil:
		say("way", "row by row, in the file's order")
	case q.plain == nil:
		say("way", "row by row, as an expression takes several texts, or makes numbers keys; then the engine")
	default:
		say("way", "plain files by the engine, 512 rows together; others are rewritten row by row first")
	}
	switch {
	case q.rewritten == nil:
	case len(q.spec.GroupBy) == 0:
		say("groups", "one")
	default:
		say("groups", "in memory, and beyond its limit sorted in the temporary folder")
	}
	if len(q.spec.OrderBy) > 0 {
		where := "in memory up to 16 MiB, and beyond in the temporary folder"
		if q.spec.Limit > 0 {
			where = fmt.Sprintf("of which the first %d are kept", q.spec.Limit)
		}
		say("orders", "by %s, %s", strings.Join(q.spec.OrderBy, ", "), where)
	}
	if q.named != nil {
		say("note", "a file without the columns of an expression such as a-b may have one column of that name")
	}
	return lines
}

// Names are those of the result's columns; nil where they are those of the file.
func (q *Query) Names() []string {
	switch {
	case q.program != nil || slices.Contains(q.names, "*"):
		return nil
	case q.rewritten == nil:
		return q.names
	case q.shape != nil:
		return q.shape.names
	}
	return q.rewritten.Header()
}

var rolesInWords = map[groupby.Role]string{groupby.Text: "text", groupby.Number: "numbers", groupby.Extreme: "numbers or texts", groupby.Time: "times", groupby.Presence: "whether there is a value"}

// reads are the columns of the file, with what they are taken as.
func (q *Query) reads() (reads []string) {
	as := map[string][]string{}
	var order []string
	for _, c := range q.columns {
		name := c.String()
		if as[name] == nil {
			order = append(order, name)
		}
		as[name] = append(as[name], rolesInWords[c.Role])
	}
	for _, name := range order {
		reads = append(reads, name+" ("+strings.Join(as[name], " and ")+")")
	}
	return reads
}

// Check tells of every question what it does, and of what is likely not meant.
func (q *Questions) Check() (sections []Section) {
	sections = append(sections, Section{Title: "files of no dataset", Lines: q.main.Explain(), Warnings: q.main.warnings()})
	var before []string
	for _, d := range q.datasets {
		s := Section{Title: "dataset " + d.name + ": " + strings.Join(d.globs, ", "), Lines: d.query.Explain(), Warnings: d.query.warnings()}
		for _, glob := range d.globs {
			for _, other := range before {
				if covered, _ := path.Match(other, glob); covered || other == glob {
					s.Warnings = append(s.Warnings, fmt.Sprintf("no file gets to %s: %s, of a dataset above, takes them all", glob, other))
				}
			}
		}
		before = append(before, d.globs...)
		sections = append(sections, s)
	}
	return sections
}

// Section is what Check tells of one question.
type Section struct {
	Title    string
	Lines    []string
	Warnings []string
}

func (q *Query) warnings() (w []string) {
	s := q.spec
	if s.Limit > 0 && len(s.OrderBy) == 0 && len(s.Select) == 0 && len(s.GroupBy) > 0 {
		w = append(w, "limit without orderBy keeps the groups that come first by their names")
	}
	if s.Input.Lenient && s.Input.RaggedRows == "pad" {
		w = append(w, "raggedRows: pad says nothing beside lenient, which pads too")
	}
	if s.Input.MaxBadShare > 0 && s.Input.OnBadRow != "skip" {
		w = append(w, "maxBadShare says nothing without onBadRow: skip")
	}
	return w
}

// Look finds how a file is written, as sentences, and whether the engine takes it as it is as
// far as its beginning tells.
func (q *Query) Look(ctx context.Context, file dialect.File) (found []string, plain bool, err error) {
	if q.program != nil {
		return nil, false, nil
	}
	q, reading, err := q.open(ctx, file)
	if err != nil {
		return nil, false, err
	}
	return append(reading.Layout.Found(), q.readingNotes(reading)...), reading.Plain() && q.plain != nil, nil
}
