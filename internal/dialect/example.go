package dialect

import "bytes"

// findExamples keeps of each column of the question the first cell that is not NULL, among the
// first rows.
func (r *Reading) findExamples(head []byte) {
	l := r.Layout
	if l == nil || int(l.start) >= len(head) {
		return
	}
	r.examples = make([]string, len(r.columns))
	w := rewriter{rules: r.rules, layout: l, s: l.syntax(r.rules)}
	const rows = 10
	left := len(r.columns)
	for data, n := head[l.start:], 0; n < rows && left > 0; n++ {
		k := w.s.parse(data, true, &w.rec)
		if k == row {
			for i, example := range r.examples {
				if example != "" {
					continue
				}
				if cell := w.text(data, l.fields[i]); cell != nil {
					r.examples[i] = string(bytes.ToValidUTF8(cell, []byte("�")))
					left--
				}
			}
		}
		if data = data[w.rec.size:]; len(data) == 0 {
			break
		}
	}
}

// Example is the first cell of a column of the question that is not NULL, among the first rows;
// "" where there is none.
func (r *Reading) Example(column int) string {
	if column >= len(r.examples) {
		return ""
	}
	return r.examples[column]
}

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
