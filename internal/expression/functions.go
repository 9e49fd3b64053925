package expression

import (
	"maps"
	"slices"
)

// signature is how a function is called.
type signature struct {
	op          Op
	least, most int // arguments
	usage       string
}

const anyNumber = 1 << 10

var functions = map[string]signature{
	"coalesce": {Coalesce, 1, anyNumber, "coalesce(a, b, …)"},
	"nullif":   {NullIf, 2, 2, "nullif(a, b)"},
	"abs":      {Abs, 1, 1, "abs(number)"},
	"round":    {Round, 1, 2, "round(number) or round(number, digits)"},
	"floor":    {Floor, 1, 1, "floor(number)"},
	"ceil":     {Ceil, 1, 1, "ceil(number)"},
	"lower":    {Lower, 1, 1, "lower(text)"},
	"upper":    {Upper, 1, 1, "upper(text)"},
	"trim":     {Trim, 1, 1, "trim(text)"},
	"length":   {Length, 1, 1, "length(text)"},
	"substr":   {Substr, 2, 3, "substr(text, from) or substr(text, from, length)"},
	"replace":  {Replace, 3, 3, "replace(text, old, new)"},
	"concat":   {ConcatAll, 1, anyNumber, "concat(a, b, …)"},
	"year":     {Year, 1, 1, "year(time)"},
	"quarter":  {Quarter, 1, 1, "quarter(time)"},
	"month":    {Month, 1, 1, "month(time)"},
	"week":     {Week, 1, 1, "week(time)"},
	"weekday":  {Weekday, 1, 1, "weekday(time)"},
	"day":      {Day, 1, 1, "day(time)"},
	"date":     {Day, 1, 1, "date(time)"},
	"hour":     {Hour, 1, 1, "hour(time)"},
	"number":   {ToNumber, 1, 1, "number(cell)"},
	"filename": {FileName, 0, 0, "filename()"},
}

// aggregates are the functions of aggregates.
var aggregates = [...]struct {
	name    string
	numbers bool // whether only numbers are good
}{
	Count: {"count", false}, Sum: {"sum", true}, Avg: {"avg", true}, Min: {"min", false}, Max: {"max", false},
	Median: {"median", true}, Quantile: {"quantile", true}, StdDev: {"stddev", true}, Variance: {"variance", true},
	First: {"first", false}, Last: {"last", false},
}

// String is the function's name in questions.
func (f Function) String() string { return aggregates[f].name }

func aggregateNamed(name string) (f Function, ok bool) {
	for f := range aggregates {
		if aggregates[f].name == name {
			return Function(f), true
		}
	}
	return 0, false
}

var functionNames = slices.Sorted(func(yield func(string) bool) {
	for name := range maps.Keys(functions) {
		if !yield(name) {
			return
		}
	}
	for _, a := range aggregates {
		if !yield(a.name) {
			return
		}
	}
})
