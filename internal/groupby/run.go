package groupby

import (
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"csv-pipeline/internal/separators"
)

// Options tune a run; the zero value works.
type Options struct {
	Workers     int               // readers in parallel; 0 means GOMAXPROCS
	MemoryLimit int64             // bytes the run may use in all; 0 means GOMEMLIMIT, or no limit
	TempDir     string            // where groups go that do not fit in MemoryLimit; "" means they must fit
	Progress    func(Progress)    // called from time to time and at the end, never concurrently
	Rejects     io.Writer         // with SkipBadRow: CSV with the columns line, reason and row; nil drops them
	OnReject    func(*InputError) // with SkipBadRow: called for each row that is skipped, in order; may be nil

	// Doubt is called with each key that is a column and each text that is a minimum, a
	// maximum, a first or a last, escaped as between quotes; column is its index in
	// Plan.Columns. It is also called with the cells of conditions and functions of texts and
	// times, but for those of printable ASCII that begin with a digit where the column's name
	// does not. It returns whether the text shows that the input has to be read another
	// way; the run then ends with ErrDoubt. It may be nil, and is called by several goroutines at once.
	Doubt func(column int, text []byte) bool

	// Scales is called after the input was read. It returns for each of Plan.Columns how many
	// digits after the point its sums, minima and maxima have at least. It may be nil, and
	// may return nil.
	Scales func() []uint8
}

// Progress is how far a run is.
type Progress struct {
	Bytes int64 // of the input as it is stored
	Rows  int64 // data rows
}

// Stats is what a finished run did.
type Stats struct {
	Rows     int64 // data rows aggregated
	Rejected int64 // bad rows skipped
	Bytes    int64 // of the input as it is stored
	Groups   int64 // rows of the result
	Spilled  int64 // bytes written to TempDir

	// Scales is for each of Plan.Columns the most digits after the point that a number
	// of it has; 0 where it is not used for numbers.
	Scales []uint8
	// Compared is for each of Plan.Columns what its minima and maxima were taken of; zero where
	// it has none.
	Compared []Compared
}

// ErrDoubt ends a run as Options.Doubt wanted.
var ErrDoubt = errors.New("the result casts doubt on how the input is read")

// Run aggregates an input and writes the result as CSV. A malformed input is
// an *InputError; failures to read, write or spill come back wrapped, and the
// context's error when it ends the run. After an error, out holds no complete
// result.
func (p *Plan) Run(ctx context.Context, in Input, out io.Writer, opt Options) (Stats, error) {
	return p.run(ctx, in, out, opt, defaultSizes)
}

// sizes are what a run is cut into, and kernel by what; they do not change its
// result.
type sizes struct {
	block  int                // bytes a worker reads at once
	ahead  int                // bytes read beyond a block, to complete its last record
	chunk  int                // bytes that are indexed together, at most chunkSize
	budget int64              // bytes that the partitions may take before they are spilled; 0 leaves it to MemoryLimit
	full   int                // bytes of a worker's table before it is emptied: what fits in a core's cache
	kernel *separators.Kernel // nil means the best
}

var defaultSizes = sizes{block: 256 << 10, ahead: 4 << 10, chunk: chunkSize, full: 256 << 10}

func (p *Plan) run(ctx context.Context, in Input, out io.Writer, opt Options, sizes sizes) (Stats, error) {
	r := &run{plan: p, states: p.states, in: in, opt: opt, ctx: ctx, sizes: sizes}
	if r.opt.Workers <= 0 {
		r.opt.Workers = runtime.GOMAXPROCS(0)
	}
	if r.budget = sizes.budget; r.budget == 0 {
		r.budget = budget(opt.MemoryLimit)
	}
	r.spilled.ctx, r.spilled.order = ctx, newOrder(len(p.keys))
	err := r.read()
	if err == nil {
		err = r.write(out)
	}
	r.spilled.close()
	var compared []Compared
	if err == nil {
		compared = r.compared()
	}
	for _, w := range r.workers {
		p.release(w)
	}
	stats := Stats{Rows: r.rows.Load(), Rejected: r.rejected, Bytes: r.bytes.Load(), Groups: r.groups, Spilled: r.spilled.size, Scales: r.scales, Compared: compared}
	return stats, err
}

// run is one run of a plan.
type run struct {
	plan   *Plan
	states *states
	in     Input
	opt    Options
	sizes  sizes
	ctx    context.Context

	layout  *layout
	workers []*worker

	bytes    atomic.Int64
	rows     atomic.Int64
	rejected int64
	groups   int64
	scales   []uint8

	reporting sync.Mutex
	reported  time.Time

	partition  sync.Once
	partitions *partitions
	memory     atomic.Int64 // that the partitions take
	budget     int64        // that they may take
	spilled    spill
	denseLimit uint64 // of the dense tables, once there is one
	noDense    atomic.Bool
}

// worker is a new worker or a used one.
func (r *run) worker() *worker {
	w, _ := r.plan.idle.Get().(*worker)
	if w == nil {
		w = &worker{plan: r.plan, table: newTable(r.states), codes: r.plan.newCodes()}
		w.batch.init(r.plan, r.states)
		w.vectors = w.newVectors()
	}
	w.begin(r)
	r.workers = append(r.workers, w)
	return w
}

// release keeps a worker for the next run, unless it has grown.
func (p *Plan) release(w *worker) {
	if w.table.size()+w.dense.size()+int64(len(w.text)) > maxIdle {
		return
	}
	w.forget()
	p.idle.Put(w)
}

// maxIdle is the most memory that a worker keeps between runs, in bytes.
const maxIdle = 1 << 20

func (r *run) read() error {
	if r.in.Layout != nil {
		r.layout = r.in.Layout.layout()
	}
	parallel, err := r.readBlocks()
	if err == nil && !parallel {
		err = r.readStream()
	}
	if err == nil && r.workers[0].layout == nil {
		err = r.plan.noRecord(r.in.Name, r.bytes.Load())
	}
	return err
}

// makeRoom moves the groups of a worker's table to the partitions, and spills
// those that outgrow the memory.
func (r *run) makeRoom(w *worker) error {
	r.makeDense(w)
	r.partition.Do(func() { r.partitions = new(partitions) })
	w.codes.forget()
	grown, err := r.partitions.take(&w.table, w.number*len(r.partitions)/r.opt.Workers, &w.scatter)
	if err != nil {
		return r.explain(err)
	}
	if r.memory.Add(grown) <= r.budget {
		return nil
	}
	r.spilled.Lock()
	defer r.spilled.Unlock()
	if r.memory.Load() <= r.budget {
		return nil // another worker has spilled meanwhile
	}
	return r.explain(r.spillAll())
}

// budget is how much memory the partitions may take, given what the run may
// take in all. The rest is for the workers, for what is sorted and written,
// and for what the garbage collector has not yet collected.
func budget(limit int64) int64 {
	if limit <= 0 {
		limit = debug.SetMemoryLimit(-1)
	}
	return max(limit/5*2, 1<<20)
}

// explain turns the errors of tables into those of the run.
func (r *run) explain(err error) error {
	if errors.Is(err, errTooWide) {
		return &InputError{Name: r.in.Name, Problem: "a column's numbers: " + err.Error(), TooWide: true, PlanColumn: -1}
	}
	return err
}

// progress reports what a worker did, every now and then.
func (r *run) progress(w *worker, bytes int64) {
	r.bytes.Add(bytes)
	r.rows.Add(w.rows)
	w.rows = 0
	if r.opt.Progress == nil || !r.reporting.TryLock() {
		return
	}
	defer r.reporting.Unlock()
	if now := time.Now(); now.Sub(r.reported) >= progressInterval {
		r.reported = now
		r.opt.Progress(Progress{Bytes: r.bytes.Load(), Rows: r.rows.Load()})
	}
}

const progressInterval = 100 * time.Millisecond

// write brings the workers' groups together and writes them.
func (r *run) write(out io.Writer) error {
	o := &output{plan: r.plan, states: r.states, scales: make([]uint8, len(r.states.list)), to: out, doubt: r.opt.Doubt}
	tables, err := r.tables()
	if err != nil {
		return r.explain(err)
	}
	if r.opt.Scales != nil {
		if scales := r.opt.Scales(); scales != nil {
			for s, st := range r.states.list {
				if st.kind.numeric() && !st.double {
					o.scales[s] = scales[st.column]
				}
			}
		}
	}
	r.computedScales(o)
	if err := o.header(); err != nil {
		return o.wrap(r.in.Name, err)
	}
	if r.spilled.file != nil {
		err = r.writeSpilled(o)
	} else {
		err = r.writeTables(o, tables)
	}
	if err == nil {
		err = o.flush()
	}
	if errors.Is(err, errTooWide) {
		return r.explain(err)
	}
	if errors.Is(err, ErrDoubt) {
		return err
	}
	if err != nil {
		return o.wrap(r.in.Name, err)
	}
	r.groups, r.scales = o.groups, make([]uint8, len(r.plan.columns))
	for s, st := range r.states.list {
		if st.kind.reads() && st.column < len(r.scales) {
			r.scales[st.column] = max(r.scales[st.column], o.scales[s])
		}
	}
	for _, w := range r.workers {
		if w.vectors != nil {
			for i, scale := range w.vectors.scales {
				r.scales[i] = max(r.scales[i], scale)
			}
		}
	}
	if r.opt.Progress != nil {
		r.opt.Progress(Progress{Bytes: r.bytes.Load(), Rows: r.rows.Load()})
	}
	return nil
}

// writeTables writes the groups of tables that have none in common.
func (r *run) writeTables(o *output, tables []*table) error {
	order := newOrder(len(r.plan.keys))
	for _, t := range tables {
		t.countPairs()
		order.observe(t)
		for s, scale := range t.scales {
			o.scales[s] = max(o.scales[s], scale)
		}
	}
	if len(tables) == 1 && tables[0].present != nil { // in order as it is, and without quantiles
		return r.writePresent(o, tables[0])
	}
	merger, sorter := merger{order: order}, sorter{order: order}
	walks := o.walks(r.ctx, sorter.mergers(r.states, tables))
	for _, t := range tables {
		merger.add(t, sorter.sort(t, false), false)
		merger.add(t, sorter.sort(t, true), true)
	}
	for c := merger.top(); c != nil; c = merger.top() {
		for _, w := range walks {
			if err := w.group(c.currentKey(), c.table, c.at[0]); err != nil {
				return err
			}
		}
		if err := o.group(c.currentKey(), c.table, c.at[0]); err != nil {
			return err
		}
		if o.groups&0xfff == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		if err := merger.next(); err != nil {
			return err
		}
	}
	return nil
}

// tables are disjoint tables with all groups, or none if some were spilled,
// for then all are.
func (r *run) tables() ([]*table, error) {
	r.noDense.Store(true) // what is collected is complete
	dense, err := r.collectDense()
	if err != nil {
		return nil, err
	}
	if r.partitions == nil {
		all := &r.workers[0].table
		for _, w := range r.workers[1:] {
			if err := all.merge(&w.table); err != nil {
				return nil, err
			}
		}
		if len(r.plan.keys) == 0 {
			all.find(nil) // the one group that is there without a row
		}
		return []*table{all}, nil
	}
	for _, w := range r.workers {
		if err := r.makeRoom(w); err != nil {
			return nil, err
		}
	}
	if r.spilled.file != nil {
		if err := r.spillAll(); err != nil {
			return nil, err
		}
		if dense != nil {
			if err := r.spilled.add([]*table{dense}, r.states, r.opt.TempDir); err != nil {
				return nil, err
			}
		}
		return nil, r.spilled.resort(r.states)
	}
	var tables []*table
	if dense != nil {
		tables = append(tables, dense)
	}
	for i := range r.partitions {
		t := &r.partitions[i].table
		if dense != nil && t.states != nil {
			if err := dense.absorb(t); err != nil {
				return nil, err
			}
		}
		if t.states != nil && t.len() > 0 {
			tables = append(tables, t)
		}
	}
	return tables, nil
}
