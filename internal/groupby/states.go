package groupby

import "slices"

// stateKind is what a run keeps for each group; aggregates that need the same
// share it.
type stateKind uint8

const (
	rowCount      stateKind = iota // [n]
	cellCount                      // [n] of cells that are not NULL
	cellSum                        // [lo, hi, n] a 128-bit mantissa, and cellCount
	cellMin                        // [lo, hi] see extreme.go
	cellMax                        // [lo, hi]
	distinctCount                  // [n] of different cells, counted at the end: see table.pairs
)

// numeric kinds hold numbers at a scale.
func (k stateKind) numeric() bool { return k == cellSum || k == cellMin || k == cellMax }

// stateWords is the size of each kind in 64-bit words.
var stateWords = [...]int{rowCount: 1, cellCount: 1, cellSum: 2, cellMin: 2, cellMax: 2, distinctCount: 1}

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
	list     []state
	words    int     // of all states together
	nuls     int     // in every key: one less than columns
	distinct []int   // the states that are distinctCount
	pairs    *states // of the table of distinct pairs, which has keys only
	output   []int   // for each aggregate its state
	mean     []int   // for each average the state with the number of its cells
}

func newStates(p *Plan) *states {
	s := &states{
		nuls:   max(len(p.keys)-1, 0),
		pairs:  &states{nuls: max(len(p.keys), 1)},
		output: make([]int, len(p.aggregates)),
		mean:   make([]int, len(p.aggregates)),
	}
	use := func(kind stateKind, column int) int {
		i := slices.IndexFunc(s.list, func(have state) bool { return have.kind == kind && have.column == column })
		if i < 0 {
			i = len(s.list)
			s.list = append(s.list, state{kind: kind, column: column, offset: s.words, double: column >= 0 && kind.numeric() && p.doubles[column]})
			s.words += stateWords[kind]
		}
		return i
	}
	for i, a := range p.aggregates {
		switch {
		case a.distinct:
			s.output[i] = use(distinctCount, a.column)
			if !slices.Contains(s.distinct, s.output[i]) {
				s.distinct = append(s.distinct, s.output[i])
			}
		case a.fn == count && a.column < 0:
			s.output[i] = use(rowCount, a.column)
		case a.fn == count:
			s.output[i] = use(cellCount, a.column)
		case a.fn == minimum:
			s.output[i] = use(cellMin, a.column)
		case a.fn == maximum:
			s.output[i] = use(cellMax, a.column)
		case a.fn == average:
			s.mean[i] = use(cellCount, a.column)
			fallthrough
		default:
			s.output[i] = use(cellSum, a.column)
		}
	}
	return s
}
