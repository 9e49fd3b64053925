package groupby

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Sample returns a small input for the plan, and the result that it must have. The result
// is computed here from how the input was made and not by the engine, so that a self-test
// can show that a pipeline uses this plan and computes it correctly. delimiter is the
// input's.
func (p *Plan) Sample(delimiter rune) (input, result string) {
	width := 1
	for _, ref := range p.columns {
		width = max(width, ref.number, len(p.columns))
	}
	s := sample{plan: p, delimiter: delimiter, names: make([]string, width), timed: make([]bool, width), keyed: make([]bool, width)}
	s.place()
	for _, k := range p.keys {
		at := s.index[k.column]
		s.keyed[at] = true
		s.timed[at] = s.timed[at] || k.fn != column
	}
	return s.input(), s.result()
}

// sample has two groups of three rows, which take turns.
type sample struct {
	plan         *Plan
	delimiter    rune
	names        []string // of the input's columns
	index        []int    // for each of Plan.columns its place in the input
	timed, keyed []bool   // of the input's columns
}

var (
	sampleTimes   = [2]string{"2022-01-31T06:00:00Z", "2023-02-28T18:00:00Z"}
	sampleNumbers = [6]int{1, 10, 2, 20, 6, 63} // whose means are whole: 3, 31 and 17
)

// place gives every column of the plan a place: a numbered one its own, a named one
// any that is left.
func (s *sample) place() {
	s.index = make([]int, len(s.plan.columns))
	free := 0
	for i, ref := range s.plan.columns {
		if ref.number > 0 {
			s.index[i] = ref.number - 1
			s.names[ref.number-1] = "#" + strconv.Itoa(ref.number)
		}
	}
	for i, ref := range s.plan.columns {
		if ref.number > 0 {
			continue
		}
		if before := slices.Index(s.plan.columns[:i], ref); before >= 0 {
			s.index[i] = s.index[before]
			continue
		}
		for free < len(s.names) && s.names[free] != "" {
			free++
		}
		if free == len(s.names) {
			s.names, s.timed, s.keyed = append(s.names, ""), append(s.timed, false), append(s.keyed, false)
		}
		s.index[i], s.names[free] = free, ref.name
	}
	for i, name := range s.names {
		if name == "" {
			s.names[i] = "#" + strconv.Itoa(i+1)
		}
	}
}

func (s *sample) value(row, column int) string {
	switch group := row % 2; {
	case s.timed[column]:
		return sampleTimes[group]
	case s.keyed[column]:
		return strconv.Itoa(group + 1)
	}
	return strconv.Itoa(sampleNumbers[row])
}

func (s *sample) input() string {
	var records [][]string
	if !s.plan.noHeader {
		records = append(records, s.names)
	}
	for row := range sampleNumbers {
		record := make([]string, len(s.names))
		for column := range record {
			record[column] = s.value(row, column)
		}
		records = append(records, record)
	}
	return csvText(records, s.delimiter)
}

func (s *sample) result() string {
	groups := [][]int{{0, 2, 4}, {1, 3, 5}}
	if len(s.plan.keys) == 0 {
		groups = [][]int{{0, 1, 2, 3, 4, 5}}
	}
	records := [][]string{s.plan.header}
	for _, rows := range groups {
		var record []string
		for _, k := range s.plan.keys {
			value := s.value(rows[0], s.index[k.column])
			record = append(record, value[:min(len(value), map[function]int{column: len(value), year: 4, month: 7, day: 10, hour: 13}[k.fn])])
		}
		for _, a := range s.plan.aggregates {
			values := make([]string, len(rows))
			if a.column >= 0 {
				for i, row := range rows {
					values[i] = s.value(row, s.index[a.column])
				}
			}
			record = append(record, naive(a, values))
		}
		records = append(records, record)
	}
	return csvText(records, ',')
}

// naive is one aggregate of the values of a group, which are all numbers or all times.
func naive(a aggregateColumn, values []string) string {
	total, numbers := 0, make([]int, len(values))
	for i, value := range values {
		numbers[i], _ = strconv.Atoi(value)
		total += numbers[i]
	}
	smaller := func(one, other string) int {
		if len(one) != len(other) {
			return len(one) - len(other)
		}
		return strings.Compare(one, other)
	}
	switch {
	case a.fn == count && a.distinct:
		slices.Sort(values)
		return strconv.Itoa(len(slices.Compact(values)))
	case a.fn == count:
		return strconv.Itoa(len(values))
	case a.fn == minimum:
		return slices.MinFunc(values, smaller)
	case a.fn == maximum:
		return slices.MaxFunc(values, smaller)
	case a.fn == average:
		return fmt.Sprint(total / len(values))
	case a.fn == firstCell:
		return values[0]
	case a.fn == lastCell:
		return values[len(values)-1]
	case a.fn == quantile:
		slices.Sort(numbers)
		at := a.fraction.rat()
		at.Mul(at, big.NewRat(int64(len(numbers)-1), 1))
		below := int(new(big.Int).Quo(at.Num(), at.Denom()).Int64())
		above := min(below+1, len(numbers)-1)
		at.Sub(at, big.NewRat(int64(below), 1)).Mul(at, big.NewRat(int64(numbers[above]-numbers[below]), 1))
		value, _ := at.Add(at, big.NewRat(int64(numbers[below]), 1)).Float64()
		return fmt.Sprint(value)
	case a.fn == variance || a.fn == deviation:
		apart := 0
		for _, number := range numbers {
			apart += (len(numbers)*number - total) * number
		}
		value := float64(apart) / float64(len(numbers)*(len(numbers)-1))
		if a.fn == deviation {
			value = math.Sqrt(value)
		}
		return fmt.Sprint(value)
	case a.fn == sum:
		return strconv.Itoa(total)
	}
	panic(fmt.Sprintf("nothing proves the aggregate %d", a.fn))
}

func csvText(records [][]string, comma rune) string {
	var text strings.Builder
	w := csv.NewWriter(&text)
	w.Comma = comma
	_ = w.WriteAll(records) // to memory
	return text.String()
}
