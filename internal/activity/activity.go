// Package activity watches a queue: every second it reads its counts and the attempts
// that ended since. Pages, live events and histograms share what it read, however many
// clients there are.
package activity

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"csv-pipeline/internal/coalesce"
	"csv-pipeline/internal/queue"
)

// Interval is how often the queue is read.
const Interval = time.Second

const (
	kept   = 10_000 // attempts that are kept
	batch  = 1000   // attempts that are read at once
	window = 900    // seconds of throughput that are kept
)

// View is the queue at one time. It is immutable.
type View struct {
	At     time.Time
	Counts queue.Counts
	Leases []queue.Lease
	Latest []queue.Attempt // that succeeded, the newest first, at most 20
	// Rate is how many files were done per second in the last 30 seconds, or since the first one of them.
	Rate float64
	// RowRate is how many rows of input they had per second.
	RowRate float64
	// OldestWaiting estimates how long the next name has been waiting; 0 when none waits.
	OldestWaiting time.Duration
	// BatchDone is how many files were done since the queue was last empty.
	BatchDone int64
	// LastClaim is when a worker was last seen to take a name; zero: not since this process began.
	LastClaim time.Time
	// Renewed is when the lease of each claim was last seen to be renewed, by the name of the file.
	Renewed map[string]time.Time
	// LastProblem is the newest attempt that failed of a file that was not done since; nil: there
	// is none on record.
	LastProblem *queue.Attempt
}

// Left is how many names are in the queue.
func (v *View) Left() int64 { return v.Counts.Waiting + v.Counts.InFlight + v.Counts.Delayed }

// Monitor watches a queue. Make it with New, and end it with Close.
type Monitor struct {
	// Waiting is how long names waited, and Processing how long successful attempts took,
	// in seconds, since this process began to watch.
	Waiting, Processing prometheus.Histogram

	queue *queue.Queue
	log   *zap.Logger
	began time.Time

	looking *coalesce.Call[*View] // reads Redis; only it uses the fields up to mu
	cursor  queue.Cursor
	line    arrivals
	claims  claims
	base    int64 // the completed counter when the current batch began
	caught  bool  // base is set

	mu       sync.Mutex
	view     *View
	attempts []queue.Attempt // a ring
	next     int             // place in the ring of the next attempt
	done     Done            // of attempts; its Place is nil where it is to be found anew
	seconds  [window]second  // by unix time modulo window
	watchers map[chan struct{}]struct{}
}

type second struct {
	unix  int64
	files int64
	rows  int64
	bytes int64
}

// New makes a monitor of the queue.
func New(q *queue.Queue, log *zap.Logger) *Monitor {
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "csv_pipeline", Name: name, Help: help, Buckets: buckets})
	}
	m := &Monitor{
		queue: q, log: log, began: time.Now(), watchers: make(map[chan struct{}]struct{}),
		Waiting: histogram("queue_wait_seconds", "How long files waited before a processor took them, estimated to a second, since this process began.",
			prometheus.ExponentialBuckets(1, 2, 14)),
		Processing: histogram("processing_seconds", "How long processors took for files they completed, since this process began.",
			prometheus.ExponentialBuckets(0.001, 2.5, 14)),
	}
	m.looking = coalesce.New(m.look)
	return m
}

// Close ends the requests to Redis and waits until they have ended. Latest, History and
// Throughput still return what was read before.
func (m *Monitor) Close() { m.looking.Close() }

// Run reads the queue every second until ctx ends.
func (m *Monitor) Run(ctx context.Context) {
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	var lastProblem string
	for {
		_, err := m.looking.Fresh(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			lastProblem = ""
		case err.Error() != lastProblem:
			lastProblem = err.Error()
			m.log.Warn("the queue cannot be read for now", zap.Error(err))
			m.mu.Lock()
			m.wake() // open pages say so
			m.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Recent returns a view that is at most so old. Where it has to take a new one, all
// callers at that time share it.
func (m *Monitor) Recent(ctx context.Context, age time.Duration) (*View, error) {
	m.mu.Lock()
	v := m.view
	m.mu.Unlock()
	if v != nil && time.Since(v.At) < age {
		return v, nil
	}
	return m.looking.Join(ctx)
}

func (m *Monitor) look(ctx context.Context) (*View, error) {
	counts, err := m.queue.Counts(ctx)
	if err != nil {
		return nil, err
	}
	leases, err := m.queue.InFlight(ctx)
	if err != nil {
		return nil, err
	}
	for {
		ended, cursor, err := m.queue.Attempts(ctx, m.cursor, batch)
		if err != nil {
			return nil, err
		}
		if cursor == m.cursor {
			break
		}
		m.cursor = cursor
		m.remember(ended)
	}
	now := time.Now()
	v := &View{At: now, Counts: counts, Leases: leases}
	m.line.sample(now, counts, m.Waiting.Observe)
	v.OldestWaiting = m.line.oldest(now)
	v.LastClaim, v.Renewed = m.claims.sample(now, counts.Totals["claimed"], leases)
	done := counts.Totals["completed"]
	if done < m.base || !m.caught { // Redis lost its counters, or this is the first view
		m.base, m.caught = done, true
	}
	v.BatchDone = done - m.base

	m.mu.Lock()
	defer m.mu.Unlock()
	if m.view != nil && m.view.Left() == 0 && v.Left() > 0 {
		m.base = min(m.view.Counts.Totals["completed"], done)
		v.BatchDone = done - m.base
	}
	v.Rate, v.RowRate = m.rate(now)
	v.LastProblem = m.lastProblem()
	v.Latest = m.latest(20, func(a queue.Attempt) bool { return a.Outcome == queue.AttemptDone })
	m.view = v
	m.wake()
	return v, nil
}

// wake tells the watchers that there is news.
func (m *Monitor) wake() {
	for w := range m.watchers {
		select {
		case w <- struct{}{}:
		default: // the watcher has not received the last one yet
		}
	}
}

func (m *Monitor) remember(ended []queue.Attempt) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(ended) > 0 {
		m.done = Done{}
	}
	for _, a := range ended {
		if len(m.attempts) < kept {
			m.attempts = append(m.attempts, a)
		} else {
			m.attempts[m.next] = a
		}
		m.next = (m.next + 1) % kept
		if a.Outcome != queue.AttemptDone {
			continue
		}
		if a.At.After(m.began) {
			m.Processing.Observe(a.Seconds)
		}
		unix := a.At.Unix()
		s := &m.seconds[unix%window]
		if s.unix > unix {
			continue
		}
		if s.unix < unix {
			*s = second{unix: unix}
		}
		s.files, s.rows, s.bytes = s.files+1, s.rows+a.Rows, s.bytes+a.Bytes
	}
}

// rate is the average of the last 30 seconds, or of the time since the first file in them
// was done, of files and of rows.
func (m *Monitor) rate(now time.Time) (perSecond, rowsPerSecond float64) {
	const span = 30
	var files, rows, since int64
	for back := int64(span); back >= 0; back-- {
		unix := now.Unix() - back
		if s := m.seconds[unix%window]; s.unix == unix && s.files > 0 {
			if files == 0 {
				since = back
			}
			files, rows = files+s.files, rows+s.rows
		}
	}
	return float64(files) / float64(max(1, since)), float64(rows) / float64(max(1, since))
}

// latest returns the newest attempts that are wanted, at most n.
func (m *Monitor) latest(n int, want func(queue.Attempt) bool) []queue.Attempt {
	found := []queue.Attempt{}
	for i := range m.attempts {
		a := m.attempts[((m.next-1-i)%len(m.attempts)+len(m.attempts))%len(m.attempts)]
		if want(a) {
			if found = append(found, a); len(found) == n {
				break
			}
		}
	}
	return found
}

func (m *Monitor) lastProblem() *queue.Attempt {
	isFailed := func(a queue.Attempt) bool { return a.Outcome != queue.AttemptDone }
	if len(m.latest(1, isFailed)) == 0 {
		return nil
	}
	done := map[string]bool{}
	open := m.latest(1, func(a queue.Attempt) bool {
		if !isFailed(a) {
			done[a.Name] = true
		}
		return !done[a.Name]
	})
	if len(open) == 0 {
		return nil
	}
	return &open[0]
}

// History returns the attempts of a name that are kept, the newest first, at most n.
func (m *Monitor) History(name string, n int) []queue.Attempt {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.latest(n, func(a queue.Attempt) bool { return a.Name == name })
}

// Latest returns the attempts that ended last, the newest first, at most n.
func (m *Monitor) Latest(n int) []queue.Attempt {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.latest(n, func(queue.Attempt) bool { return true })
}

// Done is the newest attempt that succeeded of each name that is kept. The caller must not change it.
type Done struct {
	Newest []queue.Attempt // the newest first
	Place  map[string]int  // of each name among Newest
}

// Done returns what is done.
func (m *Monitor) Done() Done {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done.Place == nil {
		m.done.Place = make(map[string]int)
		m.done.Newest = m.latest(kept, func(a queue.Attempt) bool {
			if _, newer := m.done.Place[a.Name]; newer || a.Outcome != queue.AttemptDone {
				return false
			}
			m.done.Place[a.Name] = len(m.done.Place)
			return true
		})
	}
	return m.done
}

// Point is the throughput of one step of time.
type Point struct {
	Unix  int64 `json:"unix"` // when the step began, in seconds since 1970
	Files int64 `json:"files"`
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
}

// Throughput returns what was done in the last 15 minutes, in steps of so many seconds,
// the earliest first, without a gap.
func (m *Monitor) Throughput(now time.Time, step int64) []Point {
	m.mu.Lock()
	defer m.mu.Unlock()
	end := now.Unix()/step*step + step
	begin := end - window/step*step
	points := make([]Point, 0, window/step)
	for unix := begin; unix < end; unix += step {
		p := Point{Unix: unix}
		for i := range step {
			if s := m.seconds[(unix+i)%window]; s.unix == unix+i {
				p.Files, p.Rows, p.Bytes = p.Files+s.files, p.Rows+s.rows, p.Bytes+s.bytes
			}
		}
		points = append(points, p)
	}
	return points
}

// Watch returns a channel that receives a value for each new view, and when the queue cannot be
// read any more, until stop is called.
func (m *Monitor) Watch() (changed <-chan struct{}, stop func()) {
	w := make(chan struct{}, 1)
	m.mu.Lock()
	m.watchers[w] = struct{}{}
	m.mu.Unlock()
	return w, func() {
		m.mu.Lock()
		delete(m.watchers, w)
		m.mu.Unlock()
	}
}
