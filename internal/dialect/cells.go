package dialect

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"csv-pipeline/internal/groupby"
)

// forEngine is the format as the engine takes it, nil where that has it without.
func (f *numberFormat) forEngine() *groupby.NumberFormat {
	switch {
	case f.plain:
		return nil
	case f.bare:
		return &groupby.NumberFormat{Decimal: f.decimal, Append: func(dst, cell []byte) ([]byte, groupby.NumberKind) {
			dst, ok := f.appendNumber(dst, cell)
			return dst, kindOf(ok)
		}}
	}
	c := oneCurrency{format: f}
	return &groupby.NumberFormat{Decimal: f.decimal, Append: c.appendNumber}
}

func kindOf(number bool) groupby.NumberKind {
	if number {
		return groupby.IsNumber
	}
	return groupby.NoNumber
}

// oneCurrency reads the amounts of a file in one currency. An amount in another is in doubt:
// then the file is rewritten, which knows in what each column is.
type oneCurrency struct {
	format *numberFormat
	seen   atomic.Pointer[[]byte] // the first, as it is written

	mu         sync.Mutex
	currencies currencies
}

func (c *oneCurrency) appendNumber(dst, cell []byte) ([]byte, groupby.NumberKind) {
	seen := c.seen.Load()
	if seen != nil {
		if rest, ok := bytes.CutPrefix(cell, *seen); ok && len(rest) > 0 && rest[0]-'0' <= 9 {
			if number, ok := c.format.appendDigits(dst, rest, false, false); ok { // as nearly all are
				return number, groupby.IsNumber
			}
		}
	}
	number, ok := c.format.appendNumber(dst, cell)
	if !ok {
		return dst, groupby.NoNumber
	}
	if !slices.ContainsFunc(cell, isUnit) || seen != nil && (bytes.HasPrefix(cell, *seen) || bytes.HasSuffix(cell, *seen)) {
		return number, groupby.IsNumber
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.currencies.observe(cell); c.currencies.other != "" {
		return dst, groupby.DoubtfulNumber
	}
	if seen := []byte(c.currencies.seen); len(seen) > 0 {
		c.seen.Store(&seen)
	}
	return number, groupby.IsNumber
}

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
