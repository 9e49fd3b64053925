package query

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
)

// aggregation is an aggregate with what the twin needs of it.
type aggregation struct {
	function  string
	distinct  bool
	argument  *tree // nil: *
	filter    *tree
	inDoubles bool
}

// unnamed is an expression, in parentheses where it is a number alone, which would be the
// name of a column.
func unnamed(x *tree) string {
	number := x
	for number.op == "minus" {
		number = number.args[0]
	}
	if number.op == "number" {
		return "(" + x.String() + ")"
	}
	return x.String()
}

func (a *aggregation) String() string {
	s := "*"
	if a.argument != nil {
		s = unnamed(a.argument)
	}
	if a.distinct {
		s = "distinct " + s
	}
	if a.function == "quantile" {
		s += ", 0.25"
	}
	if s = a.function + "(" + s + ")"; a.filter != nil {
		s += " filter (where " + a.filter.String() + ")"
	}
	return s
}

func (o *trial) aggregation() *aggregation {
	a := &aggregation{function: o.pick("count", "count", "first", "last", "sum", "sum", "avg", "min", "max", "median", "quantile", "stddev", "variance"), argument: o.numeric(2)}
	switch a.function {
	case "count":
		if a.argument = o.either(nil, o.textual(2), o.numeric(2)); a.argument != nil {
			a.distinct = o.IntN(2) == 0
		}
	case "first", "last":
		a.argument = o.textual(2)
	case "min", "max": // of a column alone they are of numbers and texts
		a.argument = node("+", a.argument, num("0"))
	}
	if o.IntN(3) == 0 {
		a.filter = o.logical(1)
	}
	a.inDoubles = a.argument != nil && a.argument.kind() == isDouble || slices.Contains([]string{"avg", "median", "quantile", "stddev", "variance"}, a.function)
	return a
}

// of is the aggregate of its values, in the file's order, NULLs left out.
func (a *aggregation) of(values []any) any {
	if a.function == "count" {
		if a.distinct {
			different := map[string]bool{}
			for _, v := range values {
				different[keyOf(v)] = true
			}
			return strconv.Itoa(len(different))
		}
		return strconv.Itoa(len(values))
	}
	if len(values) == 0 {
		return ""
	}
	switch a.function {
	case "first":
		return asString(values[0])
	case "last":
		return asString(values[len(values)-1])
	case "min":
		return slices.MinFunc(values, order)
	case "max":
		return slices.MaxFunc(values, order)
	}
	var exact []*big.Rat
	sum := new(big.Rat)
	for _, v := range values {
		r := new(big.Rat)
		if d, ok := v.(decimal); ok {
			r = d.Rat
		} else {
			r.SetFloat64(v.(float64))
		}
		exact = append(exact, r)
		sum.Add(sum, r)
	}
	slices.SortFunc(exact, func(a, b *big.Rat) int { return a.Cmp(b) })
	mean := new(big.Rat).Quo(sum, big.NewRat(int64(len(exact)), 1))
	quantile := func(p *big.Rat) any {
		at := new(big.Rat).Mul(p, big.NewRat(int64(len(exact)-1), 1))
		i := int(new(big.Int).Quo(at.Num(), at.Denom()).Int64())
		if i == len(exact)-1 {
			return exact[i]
		}
		part := new(big.Rat).Sub(at, big.NewRat(int64(i), 1))
		return part.Add(exact[i], part.Mul(part, new(big.Rat).Sub(exact[i+1], exact[i])))
	}
	switch a.function {
	case "sum":
		return sum
	case "avg":
		return mean
	case "median":
		return quantile(big.NewRat(1, 2))
	case "quantile":
		return quantile(big.NewRat(1, 4))
	}
	if len(exact) == 1 {
		return ""
	}
	squares := new(big.Rat)
	for _, r := range exact {
		d := new(big.Rat).Sub(r, mean)
		squares.Add(squares, d.Mul(d, d))
	}
	squares.Quo(squares, big.NewRat(int64(len(exact)-1), 1))
	if f, _ := squares.Float64(); a.function == "stddev" {
		return math.Sqrt(f)
	}
	return squares
}

// keyOf is the same text for equal values.
func keyOf(v any) string {
	if d, ok := v.(decimal); ok {
		return "number " + d.RatString()
	}
	if f, ok := v.(float64); ok {
		return "double " + shortest(f)
	}
	return "text " + asString(v)
}

// null is a text without characters as keys and aggregates have it.
func null(v any) any {
	if v == "" {
		return nil
	}
	return v
}

// answer is the rows of a result: texts, or numbers that are compared by value.
func (o *trial) answer(keys []*tree, aggregates []*aggregation, selected []*tree, where *tree) (out [][]any, rejected int, err error) {
	w := o.world()
	rows, bad := o.rows()
	type group struct {
		keys   []any
		values [][]any
	}
	groups := map[string]*group{}
	if len(keys) == 0 {
		groups[""] = &group{values: make([][]any, len(aggregates))}
	}
	read := func(row map[string]string) error {
		w.row = row
		if where != nil {
			if is, err := w.eval(where); err != nil || is != true {
				return err
			}
		}
		var cells []any
		for _, x := range selected {
			v, err := w.eval(x)
			if err != nil {
				return err
			}
			cells = append(cells, asString(v))
		}
		name := ""
		var of []any
		for _, k := range keys {
			v, err := w.eval(k)
			if err != nil {
				return err
			}
			of = append(of, null(v))
			name += keyOf(null(v)) + "\x00"
		}
		values := make([]any, len(aggregates))
		for i, a := range aggregates {
			if a.filter != nil {
				if is, err := w.eval(a.filter); err != nil || is != true {
					if err != nil {
						return err
					}
					continue
				}
			}
			if a.argument == nil {
				values[i] = true
				continue
			}
			v, err := w.eval(a.argument)
			if err == nil && !slices.Contains([]string{"count", "first", "last"}, a.function) {
				v, err = w.asNumber(v)
			}
			if err != nil {
				return err
			}
			values[i] = null(v)
		}
		if len(selected) > 0 {
			out = append(out, cells)
			return nil
		}
		g := groups[name]
		if g == nil {
			g = &group{of, make([][]any, len(aggregates))}
			groups[name] = g
		}
		for i, v := range values {
			if v != nil {
				g.values[i] = append(g.values[i], v)
			}
		}
		return nil
	}
	for i, row := range rows {
		wrong := bad[i]
		if !wrong {
			wrong = read(row) != nil
		}
		if !wrong {
			continue
		}
		if rejected++; o.input.OnBadRow != dialect.Skip {
			return nil, rejected, errBadCell
		}
	}
	if len(selected) > 0 {
		return out, rejected, nil
	}
	for _, g := range groups {
		row := slices.Clone(g.keys)
		for i, a := range aggregates {
			row = append(row, a.of(g.values[i]))
		}
		out = append(out, row)
	}
	return out, rejected, nil
}

// like says whether a cell of a result is what the twin says.
func like(cell string, v any, inDoubles bool) bool {
	switch v := v.(type) {
	case nil:
		return cell == ""
	case string:
		return cell == v
	case bool:
		return cell == asString(v)
	case float64:
		f, err := strconv.ParseFloat(cell, 64)
		return err == nil && math.Abs(f-v) <= 1e-9*max(1, math.Abs(v))
	case decimal:
		return like(cell, v.Rat, inDoubles)
	case *big.Rat:
		if inDoubles {
			f, _ := v.Float64()
			return like(cell, f, false)
		}
		r, ok := new(big.Rat).SetString(cell)
		return ok && r.Cmp(v) == 0
	}
	return false
}

// try asks a random question of a random file, and says where the answer is not the twin's.
func try(t *testing.T, r *rand.Rand) error {
	o := newTrial(questions{r})
	var spec Spec
	var keys, selected []*tree
	var aggregates []*aggregation
	var where *tree
	inDoubles := map[int]bool{}
	if r.IntN(2) == 0 {
		where = o.logical(2)
		spec.Where = where.String()
	}
	if r.IntN(3) == 0 {
		for i := range 1 + r.IntN(3) {
			x := []*tree{o.textual(2), o.numeric(3), o.logical(2)}[r.IntN(3)]
			selected = append(selected, x)
			spec.Select = append(spec.Select, fmt.Sprintf("%s as s%d", unnamed(x), i))
		}
	} else {
		for i := range r.IntN(3) {
			x := []*tree{o.textual(1), o.textual(2), o.numeric(2)}[r.IntN(3)]
			keys = append(keys, x)
			spec.GroupBy = append(spec.GroupBy, fmt.Sprintf("%s as g%d", unnamed(x), i))
		}
		for i := range 1 + r.IntN(3) {
			a := o.aggregation()
			inDoubles[len(keys)+len(aggregates)] = a.inDoubles
			aggregates = append(aggregates, a)
			spec.Aggregate = append(spec.Aggregate, fmt.Sprintf("%s as a%d", a, i))
		}
	}
	spec.Input = o.input
	named := strings.Join(append(append(append(slices.Clone(spec.Select), spec.GroupBy...), spec.Aggregate...), spec.Where), " ")
	if w := regexp.MustCompile(`\b[kvqt]\b`); w.MatchString(named) && len(o.input.Header.Lines) == 0 && o.input.SkipRows == 0 && !o.input.Header.None && r.IntN(2) == 0 && slices.Contains([]string{",", ";", "\t", "|"}, o.delimiter) && strings.Count(named, "k") > 0 && strings.Count(named, "v") > 0 {
		spec.Input.Delimiter = dialect.Auto
	}
	got := ask(t, spec, o.bytes(), 1+r.IntN(3))
	want, rejected, err := o.answer(keys, aggregates, selected, where)
	fail := func(format string, args ...any) error {
		return fmt.Errorf("select %q, group by %q, aggregate %q, where %q\n%+v\n%q\n%s\nours %+v\ntwin %d %v %v", spec.Select, spec.GroupBy, spec.Aggregate, spec.Where, spec.Input, o.text, fmt.Sprintf(format, args...), got, rejected, err, want)
	}
	if (err != nil) != (got.err != "") {
		return fail("refused by one")
	}
	if err != nil {
		return nil
	}
	if int(got.rejected) != rejected {
		return fail("%d rejected, twin %d", got.rejected, rejected)
	}
	rows, parseErr := csv.NewReader(bytes.NewReader([]byte(strings.ReplaceAll(got.result, "\r", "\n")))).ReadAll()
	if parseErr != nil {
		return fail("%v", parseErr)
	}
	if rows = rows[1:]; len(rows) != len(want) {
		return fail("%d rows, twin %d", len(rows), len(want))
	}
	same := func(row []string, v []any) bool {
		for i, cell := range row {
			if !like(cell, v[i], inDoubles[i]) {
				return false
			}
		}
		return true
	}
	for i, row := range rows {
		at := 0
		if len(selected) == 0 {
			if at = slices.IndexFunc(want, func(v []any) bool { return same(row, v) }); at < 0 {
				return fail("row %d %q is none of the twin's", i, row)
			}
		} else if !same(row, want[0]) {
			return fail("row %d is %q, twin %q", i, row, want[0])
		}
		want = slices.Delete(slices.Clone(want), at, at+1)
	}
	return nil
}

// TestTwin compares answers with those of the simple twin, on random files with random
// settings and questions.
func TestTwin(t *testing.T) {
	n := rounds(1500)
	seed := rand.Uint64()
	if given, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = given
	}
	var failed []error
	for i := range n {
		if err := try(t, rand.New(rand.NewPCG(seed, uint64(i)))); err != nil {
			failed = append(failed, fmt.Errorf("seed %d, %d: %w", seed, i, err))
			if len(failed) == 10 {
				break
			}
		}
	}
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
}

// FuzzTwin is TestTwin where what is chosen is fuzzed.
func FuzzTwin(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		if err := try(t, rand.New(rand.NewPCG(a, b))); err != nil {
			t.Fatal(err)
		}
	})
}
