package dialect

import (
	"unicode/utf8"

	"csv-pipeline/internal/groupby"
)

// cellFormat is how the engine reads cells under the settings, nil where that is as it does
// without.
func (r *rules) cellFormat() *groupby.CellFormat {
	if !r.Trim && len(r.missing) <= 1 {
		return nil
	}
	f := &groupby.CellFormat{Clean: r.clean}
	for word := range r.missing {
		if word != "" {
			f.First[word[0]] = true
		}
	}
	if !r.Trim {
		return f
	}
	for c := range f.First {
		if isBlank(byte(c)) || c >= utf8.RuneSelf {
			f.First[c], f.Last[c] = true, true
		}
	}
	return f
}

// clean is what counts of a cell.
func (r *rules) clean(cell []byte) (from, to int) {
	inner := cell
	if r.Trim {
		inner = trimSpace(cell)
	}
	if len(inner) == 0 || len(inner) <= r.longest && r.missing[string(inner)] {
		return 0, 0
	}
	from = cap(cell) - cap(inner) // which only what was taken off its beginning makes less
	return from, from + len(inner)
}
