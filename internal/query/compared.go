package query

import (
	"fmt"
	"slices"
	"strings"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
)

// comparedNote says of a comparison that it is of numbers and texts, or of texts that other
// settings read as numbers or dates; "" of any other. what is the subject, and the verb.
func (q *Query) comparedNote(what string, c groupby.Compared) string {
	if c.Texts == 0 {
		return ""
	}
	hint := q.dialect.ComparedHint(c.Text, c.Numbers > 0)
	switch {
	case c.Numbers > 0:
		return fmt.Sprintf("%s %s by value and %s such as %.40q by their characters, and every number is less than a text%s",
			what, countOf(c.Numbers, "number"), countOf(c.Texts, "text"), c.Text, hint)
	case hint != "":
		return fmt.Sprintf("%s texts such as %.40q by their characters%s", what, c.Text, hint)
	}
	return ""
}

func countOf(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// extremeNotes tell of minima and maxima that are of numbers and texts. name is that of a column
// of the plan that was run.
func (q *Query) extremeNotes(stats groupby.Stats, name func(column int) string) (notes []string) {
	for i, c := range stats.Compared {
		if c.Texts == 0 {
			continue
		}
		if note := q.comparedNote("min and max of "+name(i)+" compare", c); note != "" {
			notes = append(notes, note)
		}
	}
	return notes
}

// wanted is what messages call a column of the rewritten file.
func (q *Query) wanted(i int) string {
	if w := q.wants[i]; w.Expression != nil {
		return w.Source
	}
	return q.columns[q.wants[i].Column].String()
}

// compare takes a value into account by which rows are ordered.
func compare(c *groupby.Compared, v *expression.Value) {
	switch v.Kind {
	case expression.NumberValue, expression.FloatValue:
		c.Numbers++
	case expression.TextValue:
		if c.Texts++; c.Texts == 1 {
			c.Text = string(v.Text)
		}
	}
}

// datedComparison compares a column with a text in quotes, which may be a date.
type datedComparison struct {
	part   string // of the question
	column *expression.Node
	text   string
	equal  bool // and no order is asked
}

func datedComparisons(part string, n *expression.Node) (all []datedComparison) {
	add := func(x, y *expression.Node, equal bool) {
		if x.Op == expression.Literal {
			x, y = y, x
		}
		if x.Op == expression.Column && y.Op == expression.Literal && y.Value.Kind == expression.TextValue {
			all = append(all, datedComparison{part, x, string(y.Value.Text), equal})
		}
	}
	n.Walk(func(n *expression.Node) bool {
		switch n.Op {
		case expression.Equal, expression.Unequal:
			add(n.Args[0], n.Args[1], true)
		case expression.Less, expression.LessEqual, expression.Greater, expression.GreaterEqual:
			add(n.Args[0], n.Args[1], false)
		case expression.In:
			for _, among := range n.Args[1:] {
				add(n.Args[0], among, true)
			}
		}
		return true
	})
	return all
}

// datedColumns are the indexes of the columns that are compared with texts that may be dates.
func (q *Query) datedColumns() (columns []int) {
	for _, c := range q.dated {
		if at := q.place(c); at >= 0 && !slices.Contains(columns, at) {
			columns = append(columns, at)
		}
	}
	return columns
}

// place is the index of the column of a comparison; -1 where the question has it not.
func (q *Query) place(c datedComparison) int {
	return slices.IndexFunc(q.columns, func(of groupby.Column) bool { return of.Name == c.column.Text && of.Number == c.column.Number })
}

// dateNotes tell of dates that are compared by their characters, because the settings do not say
// how they are written.
func (q *Query) dateNotes(r *dialect.Reading) (notes []string) {
	for _, c := range q.dated {
		for _, cell := range r.Examples(q.place(c)) {
			hint, by := q.byCharacters(c, cell)
			if !by {
				continue
			}
			note := fmt.Sprintf("%s compares %s, with cells such as %.40q, with '%.40s' by their characters%s", c.part, c.column, cell, c.text, hint)
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
			break
		}
	}
	return notes
}

// byCharacters reports whether a date is compared by its characters, which do not tell its order
// or that it is equal, and what reads it.
func (q *Query) byCharacters(c datedComparison, cell string) (hint string, by bool) {
	other, hint := q.dialect.DateHint(c.text), q.dialect.DateHint(cell)
	switch {
	case !q.dialect.IsDate(c.text) && other == "" && !(isYear(c.text) && !isDigits(cell)): // no dates
		return "", false
	case hint != "" && other == hint && (c.equal || isDigits(c.text)): // in one form, whose texts tell
		return "", false
	case hint == "" && q.dialect.IsDate(cell) && other != "":
		hint = "; " + c.text + " is no date in ISO 8601 or in a form of dateFormats"
	}
	return hint, hint != ""
}

// isYear says whether a text is a year, or a month of one, as ISO 8601 has it.
func isYear(s string) bool {
	year, month, _ := strings.Cut(s, "-")
	return len(year) == 4 && len(month)%2 == 0 && len(month) < 3 && isDigits(year+month)
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }
