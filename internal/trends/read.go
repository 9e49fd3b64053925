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
	"unicode"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/coalesce"
	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/filestore"
)

// Limits of what is read and kept.
const (
	maxKeys  = 10_000
	maxCells = 1_000_000
	maxFile  = 16 << 20 // bytes of one result
	views    = 4        // pairs of columns that are kept
	maxNamed = 20       // results that are left out by name
	// patience is how long a request waits for the first reading.
	patience = 40 * time.Millisecond
)

// Trends reads the results of a store and remembers what it added up. Make it with
// New, and end it with Close.
type Trends struct {
	store  filestore.Store
	life   context.Context // of what is read without a request
	end    context.CancelFunc
	asked  atomic.Pointer[catalog.Table] // what the columns are wanted of
	sample *coalesce.Call[*layout]
	reads  sync.WaitGroup

	mu     sync.Mutex      // guards what follows, and adding to reads
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
	results        int
	groups, values []string // never the same name twice
}

// New makes trends of a store.
func New(store filestore.Store) *Trends {
	t := &Trends{store: store, known: make(map[Query]*kept)}
	t.life, t.end = context.WithCancel(context.Background())
	t.sample = coalesce.New(t.columns)
	return t
}

// Close ends what is being read and waits for it. Questions that need a result to be
// read get context.Canceled after that.
func (t *Trends) Close() {
	t.mu.Lock()
	t.end()
	t.mu.Unlock()
	t.reads.Wait()
	t.sample.Close()
}

// Ask answers a query from the given files. The first reading of many results takes
// longer than people wait: then the answer tells how far it is.
func (t *Trends) Ask(ctx context.Context, files *catalog.Table, q Query) (*Trend, error) {
	answer := &Trend{Query: q}
	columns, err := t.columnsOf(ctx, files)
	if err != nil {
		return nil, err
	}
	if columns.results == 0 {
		answer.Problem = "There are no results yet."
		return answer, nil
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

// usual is how a column of the given name is likely to have been made. The processor
// calls the minimum of price min_price, unless it is told another name; the question
// itself is not known here.
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
	case "avg", "average", "mean":
		return Mean
	}
	return Sum
}

// samples is how many results tell what columns there are.
const samples = 9

// columnsOf looks at some results, once for all who ask.
func (t *Trends) columnsOf(ctx context.Context, files *catalog.Table) (*layout, error) {
	t.mu.Lock()
	known := t.layout
	t.mu.Unlock()
	if known != nil && known.of == files {
		return known, nil
	}
	t.asked.Store(files)
	return t.sample.Join(ctx)
}

// columns looks at some results; what most of them have in common counts. One that
// cannot be read has no say.
func (t *Trends) columns(ctx context.Context) (*layout, error) {
	files := t.asked.Load()
	found := map[string]*csvtable.Table{}
	votes := map[string]int{}
	var best string
	places, whole := results(files), true
	n := min(samples, len(places))
	for i := range n {
		table, err := t.beginning(ctx, files.Name(int(places[len(places)-1-i*len(places)/n])))
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
		if votes[header]++; votes[header] > votes[best] {
			best = header
		}
	}
	l := &layout{of: files, results: len(places)}
	if table := found[best]; table != nil {
		for c, name := range distinct(table.Header) {
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
	if whole {
		t.mu.Lock()
		t.layout = l
		t.mu.Unlock()
	}
	return l, nil
}

// beginning reads as much of a result as tells its columns.
func (t *Trends) beginning(ctx context.Context, name string) (*csvtable.Table, error) {
	f, err := t.store.Open(ctx, filestore.Processed, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return csvtable.Read(f, 100)
}

// isResult tells results from what is beside them, such as files of rejected rows.
func isResult(name string) bool {
	_, ok := filestore.RawName(name)
	return ok
}

// results are the places of the results in a listing.
func results(files *catalog.Table) []int32 {
	places := make([]int32, 0, files.Len())
	for i := range files.Len() {
		if isResult(files.Name(i)) {
			places = append(places, int32(i))
		}
	}
	return places
}

// distinct gives each column a name of its own: its number where it has none, and a
// (2) where there was one of its name before.
func distinct(header []string) []string {
	names := make([]string, len(header))
	taken := make(map[string]bool, len(header))
	for i, name := range header {
		if name == "" {
			name = fmt.Sprintf("#%d", i+1)
		}
		unique := name
		for n := 2; taken[unique]; n++ {
			unique = fmt.Sprintf("%s (%d)", name, n)
		}
		taken[unique], names[i] = true, unique
	}
	return names
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
	case t.life.Err() != nil:
		t.mu.Unlock()
		return nil, t.life.Err()
	case k.of == files && k.reading == nil:
		t.mu.Unlock()
		return k.view, k.err
	case k.reading == nil && (k.view == nil || time.Since(k.ended) > 10*k.took):
		k.reading, k.total = make(chan struct{}), files.Len()
		k.read.Store(0)
		// Whoever asked may leave; the answer is for all.
		t.reads.Go(func() { t.renew(t.life, k, files, key) })
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
	if err != nil || v.again {
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
				if !isResult(info.Name) {
					done.Add(1)
					continue
				}
				out, err := r.read(ctx, t.store, info)
				done.Add(1)
				mu.Lock()
				if failed != nil || v.problem != "" {
					mu.Unlock()
					return
				}
				switch {
				case err != nil:
					failed = err
				case out.why != "":
					v.leave(info.Name, out)
				default:
					v.files++
					v.add(index, Date(info), r.rows, key.Combine)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	slices.SortFunc(v.leftOut, func(a, b LeftOut) int { return strings.Compare(a.Name, b.Name) })
	if v.files == 0 && v.skipped > 0 {
		v.problem = "No result can be added up; see which were left out, and why."
	}
	return v, failed
}

// leave leaves a result out.
func (v *view) leave(name string, out omission) {
	v.again = v.again || out.passing
	if v.skipped++; len(v.leftOut) < maxNamed {
		v.leftOut = append(v.leftOut, LeftOut{name, out.why})
	}
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

// omission is why a result is left out; the zero one is none.
type omission struct {
	why     string
	passing bool // it may be readable later, as it is
}

// read fills rows with those of a result, or tells why it is left out. An error is not
// that of one result.
func (r *reader) read(ctx context.Context, store filestore.Store, info filestore.Info) (omission, error) {
	r.rows = r.rows[:0]
	if day := Date(info); day.Year() < firstYear || day.Year() > lastYear {
		return omission{why: fmt.Sprintf("its day is %s, expected one from %d to %d", day.Format(time.DateOnly), firstYear, lastYear)}, nil
	}
	f, err := store.Open(ctx, filestore.Processed, info.Name)
	if err != nil {
		return blame(ctx, err)
	}
	defer f.Close()
	if f.Info().Size > maxFile {
		return omission{why: fmt.Sprintf("it is larger than %d MiB", maxFile>>20)}, nil
	}
	c := csv.NewReader(f)
	c.ReuseRecord = true
	header, err := c.Read()
	if err != nil {
		return blame(ctx, err)
	}
	names := distinct(header)
	group, number := slices.Index(names, r.key.Group), slices.Index(names, r.key.Value)
	switch {
	case group < 0:
		return omission{why: fmt.Sprintf("it has no column %q", r.key.Group)}, nil
	case number < 0:
		return omission{why: fmt.Sprintf("it has no column %q", r.key.Value)}, nil
	}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return omission{}, nil
		} else if err != nil {
			return blame(ctx, err)
		}
		if n, ok := csvtable.ParseNumber(record[number]); ok {
			r.rows = append(r.rows, row{record[group], value{n, 1}})
		}
	}
}

// blame tells why a result that gave an error is left out, or returns the error where
// the result is not to blame.
func blame(ctx context.Context, err error) (omission, error) {
	var syntax *csv.ParseError
	switch {
	case err == nil:
		return omission{}, nil
	case ctx.Err() != nil, errors.Is(err, filestore.ErrUnavailable):
		return omission{}, err
	case errors.Is(err, io.EOF):
		return omission{why: "it is empty"}, nil
	case errors.As(err, &syntax):
		return omission{why: err.Error()}, nil
	case errors.Is(err, filestore.ErrNotExist):
		return omission{why: "it was removed"}, nil
	}
	return omission{err.Error(), true}, nil
}

// Years that a day may be in: months from the first to the last fit into a chart, so
// that no result with an odd date takes it from the others.
const firstYear, lastYear = 1900, 2199

var dates = regexp.MustCompile(`(?:^|[^0-9])((?:19|20|21)[0-9]{2})([-_/.]?)([01][0-9])([-_/.]?)([0-3][0-9])(?:[^0-9]|$)`)

// Date is the day that a result is about.
func Date(result filestore.Info) time.Time {
	if m := dates.FindStringSubmatch(result.Name); m != nil && (m[2] == "") == (m[4] == "") {
		if day, err := time.Parse("20060102", m[1]+m[3]+m[5]); err == nil {
			return day
		}
	}
	return result.ModTime.UTC().Truncate(24 * time.Hour)
}
