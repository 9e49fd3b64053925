package query

import (
	"fmt"

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
