package groupby

import (
	"bytes"
	"math"
	"slices"
	"strconv"
)

// A column in doubles is read the exact way, cell by cell: it is for numbers that
// no decimal of 37 digits holds, which are few. Its sum is two words, the sum and
// what rounding took from it (A. Neumaier, "Rundungsfehleranalyse einiger Verfahren
// zur Summation endlicher Summen", 1974); its minimum and maximum are the double's
// bits in the order of their values, and 0.

// InDoubles is the plan with the numbers of some of Columns computed in doubles.
func (p *Plan) InDoubles(columns ...int) *Plan {
	q := &Plan{
		comma: p.comma, noHeader: p.noHeader, skipBad: p.skipBad, maxBadShare: p.maxBadShare,
		columns: p.columns, roles: p.roles, keys: p.keys, aggregates: p.aggregates, header: p.header,
		computed: p.computed, where: p.where, numeric: p.numeric, memoized: p.memoized, asked: p.asked,
		doubles: slices.Clone(p.doubles), inDoubles: true,
	}
	for _, c := range columns {
		q.doubles[c] = true
	}
	q.states = newStates(q)
	return q
}

// parseDouble reads a number as parseDecimal does, of any size.
func parseDouble(cell []byte) (float64, bool) {
	if _, _, problem := parseDecimal(cell); problem == notNumber {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(bytes.Trim(cell, " \t")), 64)
	return f, err == nil || !math.IsInf(f, 0) && !math.IsNaN(f)
}

// addDouble adds a cell to a state.
func (t *table) addDouble(at int, kind stateKind, cell []byte) {
	f, ok := parseDouble(cell)
	switch {
	case !ok:
		t.offerText(at, kind, cell)
	case kind == cellSum:
		t.sumDouble(at, f, 0)
	case kind == cellSquares:
		t.addDeviation(at, f)
	default:
		t.offerNumber(at, kind, int128{lo: doubleOrder(f)})
	}
}

// sumDouble adds f and what was lost of it to the sum at a word.
func (t *table) sumDouble(at int, f, lost float64) {
	sum, carry := 0.0, lost
	if t.records[at+1] != noValue {
		sum = math.Float64frombits(t.records[at])
		carry += math.Float64frombits(t.records[at+1])
	}
	total := sum + f
	if math.Abs(sum) >= math.Abs(f) {
		carry += (sum - total) + f
	} else {
		carry += (f - total) + sum
	}
	if carry == 0 {
		carry = 0 // not -0, whose bits are noValue
	}
	t.records[at], t.records[at+1] = math.Float64bits(total), math.Float64bits(carry)
}

func (t *table) mergeDouble(to int, from *table, at int) {
	t.sumDouble(to, math.Float64frombits(from.records[at]), math.Float64frombits(from.records[at+1]))
}

// doubleSum is the sum at a word.
func (t *table) doubleSum(at int) float64 {
	return math.Float64frombits(t.records[at]) + math.Float64frombits(t.records[at+1])
}

// doubleOrder maps doubles to integers of the same order.
func doubleOrder(f float64) uint64 {
	bits := math.Float64bits(f)
	if bits>>63 == 1 {
		return ^bits
	}
	return bits | 1<<63
}

func doubleOf(order uint64) float64 {
	if order>>63 == 1 {
		return math.Float64frombits(order &^ (1 << 63))
	}
	return math.Float64frombits(^order)
}
