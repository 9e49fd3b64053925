package groupby

import (
	"fmt"
	"slices"
)

// stateKind is what a run keeps for each group; aggregates that need the same
// share it.
type stateKind uint8

const (
	rowCount      stateKind = iota // [n]
	cellCount                      // [n] of cells that are not NULL
	cellSum                        // [lo, hi] a 128-bit mantissa; noValue where there was no cell
	cellMin                        // [lo, hi] see extreme.go
	cellMax                        // [lo, hi]
	distinctCount                  // [n] of different cells, counted at the end: see table.pairs
	cellSquares                    // [4]: see variance.go
	cellValues                     // [] all of them, in table.pairs: see quantile.go
	cellFirst                      // [place, text, length]: see place.go
	cellLast                       // [place, text, length]
)

// numeric kinds hold a number at a scale. Those that are extreme may hold a text in its place.
func (k stateKind) numeric() bool { return k == cellSum || k.extreme() }
func (k stateKind) extreme() bool { return k == cellMin || k == cellMax }

// reads says that cells are read as numbers; where it is strict, a cell that is none is bad.
func (k stateKind) reads() bool  { return k.numeric() || k == cellSquares || k == cellValues }
func (k stateKind) strict() bool { return k == cellSum || k == cellSquares || k == cellValues }

// stateWords is the size of each kind in 64-bit words.
var stateWords = [...]int{rowCount: 1, cellCount: 1, cellSum: 2, cellMin: 2, cellMax: 2, distinctCount: 1, cellSquares: squareWords, cellValues: 0, cellFirst: 3, cellLast: 3}

// noValue is the second word of a numeric state that has seen no cell.
const noValue = 1 << 63

// state is one of the things kept for each group.
type state struct {
	kind   stateKind
	column int  // index into Plan.columns; -1 for rowCount
	offset int  // of its first word in a record
	double bool // its numbers are doubles: see double.go
}

// states is the record layout that a plan needs.
type states struct {
	list   []state
	words  int     // of all states together
	nuls   int     // in every key: one less than columns
	paired []int   // the states that are distinctCount or cellValues
	pairs  *states // of a table of distinct pairs, which has keys only
	counts *states // of a table of values, which has keys and how often each is there
	output []int   // for each aggregate its state
	cells  []int   // for each that needs it the state with the number of its cells
	sums   []int   // and with their sum
}

// pairsOf is the layout of the pairs of one of paired.
func (s *states) pairsOf(paired int) *states {
	if s.list[s.paired[paired]].kind == cellValues {
		return s.counts
	}
	return s.pairs
}

func newStates(p *Plan) *states {
	s := &states{
		nuls:   max(len(p.keys)-1, 0),
		pairs:  &states{nuls: max(len(p.keys), 1)},
		counts: &states{nuls: max(len(p.keys), 1), list: []state{{kind: rowCount, column: -1}}, words: stateWords[rowCount]},
		output: make([]int, len(p.aggregates)),
		cells:  make([]int, len(p.aggregates)),
		sums:   make([]int, len(p.aggregates)),
	}
	use := func(kind stateKind, column int) int {
		i := slices.IndexFunc(s.list, func(have state) bool { return have.kind == kind && have.column == column })
		if i < 0 {
			i = len(s.list)
			s.list = append(s.list, state{kind: kind, column: column, offset: s.words, double: column >= 0 && kind.reads() && p.doubles[column]})
			s.words += stateWords[kind]
			if kind == distinctCount || kind == cellValues {
				s.paired = append(s.paired, i)
			}
		}
		return i
	}
	for i, a := range p.aggregates {
		switch {
		case a.distinct:
			s.output[i] = use(distinctCount, a.column)
		case a.fn == count && a.column < 0:
			s.output[i] = use(rowCount, a.column)
		case a.fn == count:
			s.output[i] = use(cellCount, a.column)
		case a.fn == minimum:
			s.output[i] = use(cellMin, a.column)
		case a.fn == maximum:
			s.output[i] = use(cellMax, a.column)
		case a.fn == average:
			s.cells[i] = use(cellCount, a.column)
			s.output[i] = use(cellSum, a.column)
		case a.fn == quantile:
			s.cells[i] = use(cellCount, a.column)
			s.output[i] = use(cellValues, a.column)
		case a.fn == variance || a.fn == deviation:
			s.cells[i] = use(cellCount, a.column)
			s.sums[i] = use(cellSum, a.column)
			s.output[i] = use(cellSquares, a.column)
		case a.fn == firstCell:
			s.output[i] = use(cellFirst, a.column)
		case a.fn == lastCell:
			s.output[i] = use(cellLast, a.column)
		case a.fn == sum:
			s.output[i] = use(cellSum, a.column)
		default:
			panic(fmt.Sprintf("no state makes the aggregate %d", a.fn))
		}
	}
	return s
}
