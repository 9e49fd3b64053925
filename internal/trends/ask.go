package trends

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/coalesce"
	"csv-pipeline/internal/filestore"
)

// Limits of what is read and cached.
const (
	maxFile    = 16 << 20 // bytes of one result
	mostCached = 4        // queries whose answers are cached
	mostReads  = 2        // queries for which results are read at the same time
	maxNamed   = 20       // results that are left out and named
	// patience is how long a request waits for results to be read. For more results than
	// few, which take longer, it does not wait at all.
	patience = 40 * time.Millisecond
	few      = 2000
	// soon is how long the last reading may have taken for a request to wait until results are read anew.
	soon = 250 * time.Millisecond
	// forgotten is how long ago a query was asked that is not read any more when its turn comes.
	forgotten = time.Minute
)

// Trends adds up the results of a store, and caches what it added up. Make it with New,
// and end it with Close.
type Trends struct {
	// Keys tells how many of a result's columns, the first ones, are what the rows were grouped
	// by; false where that is not known. Set it before the first Ask; nil: it is never known.
	Keys func(result string, header []string) (int, bool)

	store  filestore.Store
	life   context.Context // of reading in the background
	end    context.CancelFunc
	asked  atomic.Pointer[catalog.Table] // the files that sample is to look at
	sample *coalesce.Call[*columns]
	reads  sync.WaitGroup
	turns  chan struct{} // has a place for each query that is read

	mu     sync.Mutex        // guards what follows, and adding to reads
	known  map[Query]*cached // by Group, Value and Combine, and where there are too many groups by From and To
	latest *columns          // the newest columns
}

// cached is what was added up for a query, and how it is renewed.
type cached struct {
	daily   *daily
	of      *catalog.Table // the files it was read from; nil: it is to be read again
	ended   time.Time      // of reading
	took    time.Duration
	used    time.Time
	reading chan struct{} // closed when the reading under way has ended; nil when none is
	read    atomic.Int64  // results, by the reading under way
	total   int           // results that it reads
	err     error
}

// New makes trends of a store.
func New(store filestore.Store) *Trends {
	t := &Trends{store: store, turns: make(chan struct{}, mostReads), known: make(map[Query]*cached)}
	t.life, t.end = context.WithCancel(context.Background())
	t.sample = coalesce.New(t.sampleColumns)
	return t
}

// Close ends all reading and waits until it has ended. After that, Ask returns
// context.Canceled where results would have to be read.
func (t *Trends) Close() {
	t.mu.Lock()
	t.end()
	t.mu.Unlock()
	t.reads.Wait()
	t.sample.Close()
}

// Ask answers a query from the given files, of the largest groups or of those that are named. The
// first reading of many results takes longer than a person waits: then Read and Of of the answer
// tell how far it is.
func (t *Trends) Ask(ctx context.Context, files *catalog.Table, q Query, items ...string) (*Trend, error) {
	answer := &Trend{Query: q, Items: items}
	columns, err := t.columns(ctx, files)
	if err != nil {
		return nil, err
	}
	if columns.results == 0 && columns.others > 0 {
		answer.Problem = "The results are Parquet or JSON Lines, and only those of CSV are charted."
		return answer, nil
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
		answer.Value = columns.usual()
	}
	if answer.Combine == "" {
		answer.Combine = usual(answer.Value)
	}
	if !slices.Contains(columns.groups, answer.Group) || !slices.Contains(columns.values, answer.Value) {
		answer.Problem = fmt.Sprintf("The results have no columns %q and %q to add up; there are %s.", answer.Group, answer.Value,
			strings.Join(slices.Compact(slices.Concat(columns.groups, columns.values)), ", "))
		return answer, nil
	}
	key := Query{Group: answer.Group, Value: answer.Value, Combine: answer.Combine}
	whole, err := t.daily(ctx, files, answer, key)
	if err != nil || whole == nil {
		return answer, err
	}
	if q.Period != "" && len(whole.cells) > 0 {
		// Results count for their first day, so that is the last one there may be something of.
		if last := whole.lastCounted(); q.Period != AllDays {
			q.From, q.To = q.Period.from(last), last
		}
		answer.From, answer.To = q.From, q.To
	}
	v := whole
	if whole.folded > 0 && (!q.From.IsZero() || !q.To.IsZero()) {
		// The largest groups of a period may be others than those of all days.
		key.From, key.To = q.From, q.To
		if v, err = t.daily(ctx, files, answer, key); err != nil || v == nil {
			return answer, err
		}
	}
	return answer, v.answer(ctx, answer, whole)
}

// daily returns what was added up for a query. Where that is of an older listing and
// reading takes long, it is renewed in the background; nil when there is none yet, and answer
// then tells how far it is.
func (t *Trends) daily(ctx context.Context, files *catalog.Table, answer *Trend, key Query) (*daily, error) {
	t.mu.Lock()
	k := t.known[key]
	if k == nil {
		k = &cached{}
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
		return k.daily, k.err
	case k.reading == nil && (k.daily == nil || time.Since(k.ended) > 10*k.took):
		k.reading, k.total = make(chan struct{}), files.Len()
		k.read.Store(0)
		// Not by the context of the request: others wait for the same.
		t.reads.Go(func() { t.renew(t.life, k, files, key) })
	}
	reading, wait := k.reading, time.Duration(0)
	switch {
	case k.daily != nil && k.took <= soon:
		wait = 2 * soon // the numbers that there are would be old ones
	case files.Len() <= few:
		wait = patience
	}
	t.mu.Unlock()
	if reading != nil && wait > 0 {
		timer := time.NewTimer(wait)
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
	if k.daily == nil && k.err == nil {
		answer.Read, answer.Of = int(k.read.Load()), k.total
	}
	return k.daily, k.err
}

// forget drops what was used longest ago when too much is cached.
func (t *Trends) forget(except Query) {
	for len(t.known) > mostCached {
		var oldest Query
		for q, k := range t.known {
			if q != except && k.reading == nil && (oldest == Query{} || k.used.Before(t.known[oldest].used)) {
				oldest = q
			}
		}
		if (oldest == Query{}) {
			return // all of them are being read
		}
		delete(t.known, oldest)
	}
}

// renew reads all results anew, when it is the query's turn, unless nobody asks for it any more.
func (t *Trends) renew(ctx context.Context, k *cached, files *catalog.Table, key Query) {
	select {
	case t.turns <- struct{}{}:
		defer func() { <-t.turns }()
	case <-ctx.Done():
	}
	t.mu.Lock()
	wanted := time.Since(k.used) < forgotten
	t.mu.Unlock()
	began := time.Now()
	var v *daily
	var err error
	if wanted {
		v, err = t.readAll(ctx, files, key, &k.read)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	close(k.reading)
	k.reading = nil
	if !wanted {
		delete(t.known, key)
		return
	}
	if err == nil || k.daily == nil {
		k.daily, k.err, k.of = v, err, files
	}
	if err != nil || v.again {
		k.of = nil // so that the next request tries again
	}
	k.ended, k.took = time.Now(), time.Since(began)
	t.forget(key)
}
