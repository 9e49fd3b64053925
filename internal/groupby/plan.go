package groupby

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"csv-pipeline/internal/expression"
)

// maxColumns bounds the number of columns of an input.
const maxColumns = 1 << 16

// BadRow says what becomes of a row that cannot be read.
type BadRow string

// The values of BadRow.
const (
	FailOnBadRow BadRow = "fail" // the first bad row ends the run (the default)
	SkipBadRow   BadRow = "skip" // bad rows go to Options.Rejects, the others are aggregated
)

// defaultMaxBadShare is what MaxBadShare 0 means.
const defaultMaxBadShare = 0.1

// Spec is what users configure.
type Spec struct {
	GroupBy     []string // expressions, as package expression reads them
	Aggregates  []string // aggregates of expressions
	Where       string   // a condition for the rows that count; "" is all
	Comma       byte     // the delimiter; 0 means ','
	NoHeader    bool     // the first record is data; columns go by number
	OnBadRow    BadRow   // "" means FailOnBadRow
	MaxBadShare float64  // with SkipBadRow: more bad rows than this share of all are an error; 0 means 0.1

	// Times reads dates and times for year to hour; nil where they are in ISO 8601 and in no zone. With
	// it, a minimum or maximum of texts is in doubt. Dates are compared by time; nil: as texts.
	Times, Dates expression.Dates
}

// Plan is a compiled Spec. It is immutable and safe for concurrent use.
type Plan struct {
	comma       byte
	noHeader    bool
	skipBad     bool
	maxBadShare float64
	times       expression.Dates // Spec.Times
	dates       expression.Dates // Spec.Dates

	columns    []columnRef // the columns that are read, each once for each way of reading it
	roles      []Role      // of columns
	doubles    []bool      // of columns: numbers are computed in doubles
	inDoubles  bool        // some of them are
	keys       []keyColumn
	aggregates []aggregateColumn
	computed   []computedColumn // they follow columns in the numbers of the aggregates
	where      *expression.Node // nil: all rows
	numeric    []int            // the columns that expressions take as numbers
	memoized   []int            // those that they take as texts
	asked      []int            // those of them that where does
	header     []string
	states     *states
	idle       sync.Pool // of *worker
}

type keyColumn struct {
	fn     function // column, year, month, day, hour or computed
	column int      // index into Plan.columns; -1 where it is computed
	node   *expression.Node
}

type aggregateColumn struct {
	fn       function
	column   int // index into Plan.columns and, behind them, Plan.computed; -1 for count(*)
	distinct bool
	fraction fraction // of a quantile
}

// Compile checks a Spec and makes a Plan of it. Its errors are sentences for
// the person who wrote the configuration.
func Compile(spec Spec) (*Plan, error) {
	p := &Plan{comma: spec.Comma, noHeader: spec.NoHeader, maxBadShare: spec.MaxBadShare, times: spec.Times, dates: spec.Dates}
	if p.comma == 0 {
		p.comma = ','
	}
	if p.comma == '"' || p.comma == '\n' || p.comma == '\r' || p.comma >= 0x80 {
		return nil, fmt.Errorf("delimiter %q: expected one ASCII character other than a quote or a line break", p.comma)
	}
	switch spec.OnBadRow {
	case "", FailOnBadRow:
	case SkipBadRow:
		p.skipBad = true
	default:
		return nil, fmt.Errorf("on bad row %q: expected fail or skip", string(spec.OnBadRow))
	}
	if p.maxBadShare == 0 {
		p.maxBadShare = defaultMaxBadShare
	}
	if !(p.maxBadShare > 0 && p.maxBadShare <= 1) {
		return nil, fmt.Errorf("maximum share of bad rows %v: expected more than 0 and at most 1", spec.MaxBadShare)
	}
	if len(spec.GroupBy) == 0 && len(spec.Aggregates) == 0 {
		return nil, errors.New("nothing to do: expected a column to group by or an aggregate such as sum(quantity)")
	}
	for _, s := range spec.GroupBy {
		if err := p.addKey(s); err != nil {
			return nil, err
		}
	}
	for _, s := range spec.Aggregates {
		if err := p.addAggregate(s); err != nil {
			return nil, err
		}
	}
	if spec.Where != "" {
		if err := p.addWhere(spec.Where); err != nil {
			return nil, err
		}
	}
	for i := range p.aggregates {
		if a := &p.aggregates[i]; a.column >= firstComputed {
			a.column += len(p.columns) - firstComputed
		}
	}
	p.doubles = make([]bool, len(p.columns)+len(p.computed))
	p.states = newStates(p)
	return p, nil
}

// Computes says whether the plan has expressions other than columns and the time of one.
func (p *Plan) Computes() bool {
	return p.where != nil || len(p.computed) > 0 || slices.ContainsFunc(p.keys, func(k keyColumn) bool { return k.fn == computed })
}

// Header returns the names of the result's columns: the keys, then the
// aggregates.
func (p *Plan) Header() []string { return slices.Clone(p.header) }

// layout is where a file has the columns of a plan.
type layout struct {
	width int      // fields of a record
	index []int    // for each of Plan.columns the field's number, from 0
	names []string // for each field its name, as messages call it
}

// newLayout resolves the plan's columns against the first record.
func (p *Plan) newLayout(file string, line int64, first []string) (*layout, error) {
	fail := func(problem string) (*layout, error) {
		return nil, &InputError{Name: file, Line: line, Problem: problem}
	}
	missing := func(problem string) (*layout, error) {
		return nil, &InputError{Name: file, Line: line, Problem: problem, Header: slices.Clone(first)}
	}
	if len(first) > maxColumns {
		return fail(fmt.Sprintf("%d columns, expected at most %d", len(first), maxColumns))
	}
	l := &layout{width: len(first), names: make([]string, len(first))}
	number := make(map[string]int, len(first))
	for i, name := range first {
		if p.noHeader {
			l.names[i] = columnRef{number: i + 1}.String()
			continue
		}
		name = strings.TrimSpace(name)
		l.names[i] = name
		if name == "" {
			l.names[i] = columnRef{number: i + 1}.String()
			continue
		}
		if before, twice := number[name]; twice {
			return fail(fmt.Sprintf("columns %d and %d are both named %q: expected every name once", before+1, i+1, name))
		}
		number[name] = i
	}
	for _, ref := range p.columns {
		i, found := ref.number-1, ref.number <= l.width
		if ref.number == 0 {
			if i, found = number[ref.name]; !found {
				return missing(fmt.Sprintf("no column %q: the header has %s", ref.name, QuoteList(first)))
			}
		}
		if !found {
			return missing(fmt.Sprintf("no column #%d: the first record has %d fields", ref.number, l.width))
		}
		l.index = append(l.index, i)
	}
	return l, nil
}
