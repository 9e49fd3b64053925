package trends

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/resultformat"
)

// columns are the columns of the results.
type columns struct {
	of             *catalog.Table
	results        int      // as CSV
	others         int      // in other formats
	groups, values []string // names without duplicates
	known          bool     // which are which; else it is guessed
}

// usual is the column that a chart begins with: one that can be added up, where there is one.
func (l *columns) usual() string {
	order := slices.Clone(l.values)
	if !l.known {
		slices.Reverse(order) // the first may be keys
	}
	for _, name := range order {
		if usual(name) == Sum {
			return name
		}
	}
	return order[0]
}

// samples is how many results are looked at for their columns.
const samples = 9

// columns returns the columns of the results; all who ask at once share one look.
func (t *Trends) columns(ctx context.Context, files *catalog.Table) (*columns, error) {
	t.mu.Lock()
	known := t.latest
	t.mu.Unlock()
	if known != nil && known.of == files {
		return known, nil
	}
	t.asked.Store(files)
	return t.sample.Join(ctx)
}

// sampleColumns looks at some results and returns the columns that most of them have.
// One that cannot be read does not count.
func (t *Trends) sampleColumns(ctx context.Context) (*columns, error) {
	files := t.asked.Load()
	found := map[string]*csvtable.Table{}
	votes := map[string]int{}
	keys := map[string]int{} // where they are known
	var best string
	places, others := results(files)
	whole := true
	n := min(samples, len(places))
	for i := range n {
		name := files.Name(int(places[len(places)-1-i*len(places)/n]))
		table, err := t.beginning(ctx, name)
		if _, err := blame(ctx, err); err != nil {
			return nil, err
		} else if table == nil {
			whole = false
			continue
		}
		if len(table.Header) == 0 {
			continue
		}
		header := strings.Join(table.Header, "\x00")
		if len(table.Rows) > 0 || found[header] == nil {
			found[header] = table
		}
		if t.Keys != nil {
			if n, known := t.Keys(name, table.Header); known {
				keys[header] = n
			}
		}
		if votes[header]++; votes[header] > votes[best] {
			best = header
		}
	}
	l := &columns{of: files, results: len(places), others: others}
	if table := found[best]; table != nil {
		n, known := keys[best]
		l.divide(table, n, known)
	}
	if whole {
		t.mu.Lock()
		t.latest = l
		t.mu.Unlock()
	}
	return l, nil
}

// divide tells the columns to group by from those of values. The first n are keys where that
// is known.
func (l *columns) divide(table *csvtable.Table, n int, known bool) {
	l.known = known && n > 0
	for c, name := range resultformat.DistinctNames(table.Header) {
		// The first column is a key, also where it holds numbers.
		key := l.known && c < n || !l.known && c == 0 && len(table.Header) > 1
		if table.Numeric[c] && !key {
			l.values = append(l.values, name)
		}
		if key || !l.known {
			l.groups = append(l.groups, name)
		}
	}
	// Nobody groups by the numbers that are added up, unless there is no other column.
	if n := len(l.groups) - len(l.values); !l.known && n > 0 && len(l.values) > 0 {
		l.groups = slices.DeleteFunc(l.groups, func(name string) bool { return name == l.values[len(l.values)-1] })
	}
}

// beginning reads enough of a result to know its columns.
func (t *Trends) beginning(ctx context.Context, name string) (*csvtable.Table, error) {
	f, err := t.store.Open(ctx, filestore.Processed, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return csvtable.Read(f, 100)
}

// isResult reports whether a file in processed/ is a result, and not one of rejected rows
// or anything else.
func isResult(name string) bool {
	_, ok := filestore.RawName(name)
	return ok
}

// isCharted reports whether a result is in the format that is added up. Results in others are
// not: those of an earlier format would be added twice.
func isCharted(name string) bool {
	format, _ := filestore.FormatOf(name)
	return format == filestore.CSV
}

// results are the places of the results in a listing that can be added up, and how many others
// there are.
func results(files *catalog.Table) (places []int32, others int) {
	places = make([]int32, 0, files.Len())
	for i := range files.Len() {
		switch name := files.Name(i); {
		case !isResult(name):
		case isCharted(name):
			places = append(places, int32(i))
		default:
			others++
		}
	}
	return places, others
}

// usual guesses from a column's name how its values are combined. The processor calls the
// minimum of price min_price, unless its settings name the column; they are not known
// here.
func usual(name string) Combine {
	first := strings.ToLower(name)
	if end := strings.IndexFunc(first, func(r rune) bool { return !unicode.IsLetter(r) }); end >= 0 {
		first = first[:end]
	}
	switch first {
	case "min", "minimum":
		return Min
	case "max", "maximum":
		return Max
	case "avg", "average", "mean", "median", "quantile", "variance", "stddev":
		return Mean
	}
	return Sum
}
