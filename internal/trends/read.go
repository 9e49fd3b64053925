package trends

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/filestore"
)

// Limits of what is read and kept.
const (
	maxKeys  = 10_000
	maxCells = 1_000_000
	maxFile  = 16 << 20 // bytes of one result
	views    = 4        // pairs of columns that are kept
	// patience is how long a request waits for the first reading.
	patience = 40 * time.Millisecond
)

// Trends reads the results of a store and remembers what it added up.
type Trends struct {
	store filestore.Store

	mu     sync.Mutex
	known  map[Query]*kept // by Group, Value and Combine
	layout *layout
}

// kept is a view and how it is renewed.
type kept struct {
	view    *view
	of      *catalog.Table // what it was read from
	ended   time.Time
	took    time.Duration
	used    time.Time
	reading chan struct{} // closed when the reading under way has ended; nil when none is
	read    atomic.Int64
	total   int
	err     error
}

// layout is the columns of the results.
type layout struct {
	of             *catalog.Table
	groups, values []string
}

// New makes trends of a store.
func New(store filestore.Store) *Trends {
	return &Trends{store: store, known: make(map[Query]*kept)}
}

// Ask answers a query from the given files. The first reading of many results takes
// longer than people wait: then the answer tells how far it is.
func (t *Trends) Ask(ctx context.Context, files *catalog.Table, q Query) (*Trend, error) {
	answer := &Trend{Query: q}
	if files.Len() == 0 {
		answer.Problem = "There are no results yet."
		return answer, nil
	}
	columns, err := t.columns(ctx, files)
	if err != nil {
		return nil, err
	}
	answer.Groups, answer.Values = columns.groups, columns.values
	if len(columns.values) == 0 {
		answer.Problem = "The results have no column of numbers."
		return answer, nil
	}
	if answer.Group == "" {
		answer.Group = columns.groups[0]
	}
	if answer.Value == "" {
		answer.Value = columns.values[len(columns.values)-1]
	}
	if answer.Combine == "" {
		answer.Combine = usual(answer.Value)
	}
	if !slices.Contains(columns.groups, answer.Group) || !slices.Contains(columns.values, answer.Value) {
		answer.Problem = fmt.Sprintf("The results have no columns %q and %q to add up; there are %s.", answer.Group, answer.Value,
			strings.Join(slices.Compact(slices.Concat(columns.groups, columns.values)), ", "))
		return answer, nil
	}
	v, err := t.view(ctx, files, answer)
	if err != nil || v == nil {
		return answer, err
	}
	return answer, v.answer(ctx, answer)
}

// usual is how a column of the given name is likely to have been made.
func usual(name string) Combine {
	name = strings.ToLower(name)
	switch {
	case strings.HasPrefix(name, "min"):
		return Min
	case strings.HasPrefix(name, "max"):
		return Max
	case strings.HasPrefix(name, "avg"), strings.HasPrefix(name, "average"), strings.HasPrefix(name, "mean"):
		return Mean
	}
	return Sum
}

// samples is how many results tell what columns there are.
const samples = 9

// columns looks at some results; what most of them have in common counts.
func (t *Trends) columns(ctx context.Context, files *catalog.Table) (*layout, error) {
	t.mu.Lock()
	known := t.layout
	t.mu.Unlock()
	if known != nil && known.of == files {
		return known, nil
	}
	found := map[string]*csvtable.Table{}
	votes := map[string]int{}
	var best string
	n := min(samples, files.Len())
	for i := range n {
		f, err := t.store.Open(ctx, filestore.Processed, files.Name(files.Len()-1-i*files.Len()/n))
		if errors.Is(err, filestore.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		table, err := csvtable.Read(f, 100)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		header := strings.Join(table.Header, "\x00")
		if len(table.Rows) > 0 || found[header] == nil {
			found[header] = table
		}
		if votes[header]++; votes[header] > votes[best] {
			best = header
		}
	}
	l := &layout{of: files}
	if table := found[best]; table != nil {
		for c, name := range table.Header {
			// The first column is a key, whatever it holds.
			if table.Numeric[c] && (c > 0 || len(table.Header) == 1) {
				l.values = append(l.values, name)
			}
			l.groups = append(l.groups, name)
		}
		// Numbers that are added up make poor groups, unless there is nothing else.
		if n := len(l.groups) - len(l.values); n > 0 && len(l.values) > 0 {
			l.groups = slices.DeleteFunc(l.groups, func(name string) bool { return name == l.values[len(l.values)-1] })
		}
	}
	t.mu.Lock()
	t.layout = l
	t.mu.Unlock()
	return l, nil
}

// view returns what was added up. Where that is of an older state of the files and
// reading takes long, it is renewed in the background; nil when there is none yet.
func (t *Trends) view(ctx context.Context, files *catalog.Table, answer *Trend) (*view, error) {
	key := Query{Group: answer.Group, Value: answer.Value, Combine: answer.Combine}
	t.mu.Lock()
	k := t.known[key]
	if k == nil {
		k = &kept{}
		t.known[key] = k
		t.forget(key)
	}
	k.used = time.Now()
	switch {
	case k.of == files && k.reading == nil:
		t.mu.Unlock()
		return k.view, k.err
	case k.reading == nil && (k.view == nil || time.Since(k.ended) > 10*k.took):
		k.reading, k.total = make(chan struct{}), files.Len()
		k.read.Store(0)
		// Whoever asked may leave; the answer is for all.
		go t.renew(context.WithoutCancel(ctx), k, files, key)
	}
	reading := k.reading
	t.mu.Unlock()
	if reading != nil {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-reading:
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if k.view == nil && k.err == nil {
		answer.Read, answer.Of = int(k.read.Load()), k.total
	}
	return k.view, k.err
}

// forget drops the view that was used longest ago when there are too many.
func (t *Trends) forget(except Query) {
	for len(t.known) > views {
		var oldest Query
		for q, k := range t.known {
			if q != except && k.reading == nil && (oldest == Query{} || k.used.Before(t.known[oldest].used)) {
				oldest = q
			}
		}
		if (oldest == Query{}) {
			return // all are being read
		}
		delete(t.known, oldest)
	}
}

func (t *Trends) renew(ctx context.Context, k *kept, files *catalog.Table, key Query) {
	began := time.Now()
	v, err := t.read(ctx, files, key, &k.read)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil || k.view == nil {
		k.view, k.err, k.of = v, err, files
	}
	if err != nil {
		k.of = nil // try again
	}
	k.ended, k.took = time.Now(), time.Since(began)
	close(k.reading)
	k.reading = nil
}

// read adds up all results.
func (t *Trends) read(ctx context.Context, files *catalog.Table, key Query, done *atomic.Int64) (*view, error) {
	v := &view{cells: make(map[cell]value)}
	index := make(map[string]int32)
	var mu sync.Mutex
	var place atomic.Int64
	var failed error
	var group sync.WaitGroup
	for range min(2, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			r := reader{key: key}
			for {
				i := int(place.Add(1)) - 1
				if i >= files.Len() || ctx.Err() != nil {
					return
				}
				info := files.At(i)
				ok, err := r.read(ctx, t.store, info.Name)
				done.Add(1)
				mu.Lock()
				if failed != nil || v.problem != "" {
					mu.Unlock()
					return
				}
				if err != nil {
					failed = err
				} else if !ok {
					v.skipped++
				} else {
					v.files++
					v.add(index, Date(info), r.rows, key.Combine)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return v, failed
}

func (v *view) add(index map[string]int32, day time.Time, rows []row, how Combine) {
	for _, r := range rows {
		key, ok := index[r.key]
		if !ok {
			if len(v.keys) == maxKeys {
				v.problem = fmt.Sprintf("There are more than %d groups, too many for a chart.", maxKeys)
				v.cells = nil
				return
			}
			key = int32(len(v.keys))
			name := strings.Clone(r.key)
			v.keys = append(v.keys, name)
			index[name] = key
		}
		c := cell{dayOf(day), key}
		if v.cells[c] = v.cells[c].merge(r.value, how); len(v.cells) > maxCells {
			v.problem = fmt.Sprintf("There are more than %d values, too many for a chart.", maxCells)
			v.cells = nil
			return
		}
	}
}

type row struct {
	key   string
	value value
}

// reader reads one result after the other.
type reader struct {
	key  Query
	rows []row
}

// read fills rows; false when the result has not these columns.
func (r *reader) read(ctx context.Context, store filestore.Store, name string) (bool, error) {
	r.rows = r.rows[:0]
	f, err := store.Open(ctx, filestore.Processed, name)
	switch {
	case errors.Is(err, filestore.ErrNotExist), errors.Is(err, filestore.ErrInvalidName):
		return false, nil
	case err != nil:
		return false, err
	}
	defer f.Close()
	if f.Info().Size > maxFile {
		return false, nil
	}
	c := csv.NewReader(f)
	c.ReuseRecord = true
	header, err := c.Read()
	if err != nil {
		return false, ignoreText(err)
	}
	group, number := slices.Index(header, r.key.Group), slices.Index(header, r.key.Value)
	if group < 0 || number < 0 {
		return false, nil
	}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return true, nil
		} else if err != nil {
			return false, ignoreText(err)
		}
		if n, ok := csvtable.ParseNumber(record[number]); ok {
			r.rows = append(r.rows, row{record[group], value{n, 1}})
		}
	}
}

// ignoreText keeps errors of reading, and drops those of what was read.
func ignoreText(err error) error {
	var syntax *csv.ParseError
	if errors.Is(err, io.EOF) || errors.As(err, &syntax) {
		return nil
	}
	return err
}

var dates = regexp.MustCompile(`(?:^|[^0-9])([12][0-9]{3})([-_/.]?)([01][0-9])([-_/.]?)([0-3][0-9])(?:[^0-9]|$)`)

// Date is the day that a result is about.
func Date(result filestore.Info) time.Time {
	if m := dates.FindStringSubmatch(result.Name); m != nil && (m[2] == "") == (m[4] == "") {
		if day, err := time.Parse("20060102", m[1]+m[3]+m[5]); err == nil {
			return day
		}
	}
	return result.ModTime.UTC().Truncate(24 * time.Hour)
}
