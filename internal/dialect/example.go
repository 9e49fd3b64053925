package dialect

import (
	"bytes"
	"slices"
)

// Of the first rows, so many are looked at for examples, and so many cells that are no dates by
// the settings are tried in other forms, which takes microseconds each.
const (
	exampleRows  = 1000
	exampleTries = 32
)

// findExamples keeps of each column in dated the first cell that is not NULL, and those after it
// that are dates in another form, one of each form.
func (r *Reading) findExamples(head []byte, dated []int) {
	l := r.Layout
	if len(dated) == 0 || l == nil || int(l.start) >= len(head) {
		return
	}
	found := make([]examples, len(dated))
	w := rewriter{rules: r.rules, layout: l, s: l.syntax(r.rules)}
	for data, n := head[l.start:], 0; n < exampleRows && len(data) > 0; n++ {
		if k := w.s.parse(data, true, &w.rec); k == row {
			for i, column := range dated {
				if cell := w.text(data, l.fields[column]); cell != nil {
					found[i].add(r.rules, cell)
				}
			}
		}
		data = data[w.rec.size:]
	}
	r.examples = make(map[int][]string, len(dated))
	for i, column := range dated {
		r.examples[column] = found[i].cells
	}
}

// examples are cells of a column that are written in different forms.
type examples struct {
	cells []string
	forms []string // of each cell; "" is that of the settings
	last  []byte
	tried int
	space []byte
}

func (e *examples) add(r *rules, cell []byte) {
	if e.tried >= exampleTries || bytes.Equal(cell, e.last) {
		return
	}
	e.last = append(e.last[:0], cell...)
	form := ""
	var known bool
	if e.space, known = r.dates.appendComparable(e.space[:0], cell); !known {
		e.tried++
		if form = r.dateSettings(cell); form == "" && len(e.cells) > 0 {
			return // no date at all
		}
	}
	if !slices.Contains(e.forms, form) {
		e.forms = append(e.forms, form)
		e.cells = append(e.cells, string(bytes.ToValidUTF8(cell, []byte("�"))))
	}
}

// Examples are cells of a column of which Open was told that dates are compared: the first that
// is not NULL, and of the first rows one in each other form of dates.
func (r *Reading) Examples(column int) []string { return r.examples[column] }

// IsDate says whether a text is a date or time in a form that the settings name, or in ISO 8601.
func (d *Dialect) IsDate(text string) bool {
	_, ok := d.rules.dates.appendComparable(nil, []byte(text))
	return ok
}

// DateHint names the formats that read a text which IsDate does not, for the end of a message;
// "" where there are none.
func (d *Dialect) DateHint(text string) string {
	if d.IsDate(text) {
		return ""
	}
	return d.rules.dateSettings([]byte(text))
}
