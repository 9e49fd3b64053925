package groupby

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

func (o *oracle) result() []byte {
	groups := make([]*oracleGroup, 0, len(o.groups))
	numeric := make([]bool, len(o.plan.keys))
	for i := range numeric {
		numeric[i] = true
	}
	for _, g := range o.groups {
		groups = append(groups, g)
		for i, k := range g.keys {
			digits := strings.TrimPrefix(k, "-")
			numeric[i] = numeric[i] && (k == "" || digits != "" && strings.Trim(digits, "0123456789") == "")
		}
	}
	slices.SortFunc(groups, func(a, b *oracleGroup) int {
		for i := range numeric {
			if c := oracleCompare(a.keys[i], b.keys[i], numeric[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	var out bytes.Buffer
	write := func(fields []string) {
		for i, f := range fields {
			if i > 0 {
				out.WriteByte(',')
			}
			out.WriteString(oracleQuote(f))
		}
		if len(fields) == 1 && fields[0] == "" {
			out.WriteString(`""`) // a blank line would be no record
		}
		out.WriteByte('\n')
	}
	write(o.plan.header)
	for _, g := range groups {
		row := slices.Clone(g.keys)
		for i, a := range o.plan.aggregates {
			row = append(row, g.values[i].format(a, o.scales[i]))
		}
		write(row)
	}
	return out.Bytes()
}

func oracleCompare(a, b string, numeric bool) int {
	if !numeric || a == "" || b == "" {
		return cmp.Compare(a, b)
	}
	x, _ := new(big.Int).SetString(a, 10)
	y, _ := new(big.Int).SetString(b, 10)
	return cmp.Or(x.Cmp(y), cmp.Compare(a, b))
}

func (v *oracleValue) format(a aggregateColumn, scale int) string {
	switch {
	case a.distinct:
		return strconv.Itoa(len(v.distinct))
	case a.fn == count:
		return strconv.FormatInt(v.count, 10)
	case v.count == 0:
		return ""
	case a.fn == sum:
		return v.sum.FloatString(scale)
	case a.fn == average:
		mean, _ := new(big.Rat).Quo(&v.sum, new(big.Rat).SetInt64(v.count)).Float64()
		return oracleDouble(mean)
	case a.fn == quantile:
		return oracleDouble(oracleQuantile(v.numbers, a.fraction))
	case a.fn == variance || a.fn == deviation:
		if v.count < 2 {
			return ""
		}
		return oracleDouble(oracleVariance(v.numbers, a.fn == deviation))
	case a.fn == firstCell:
		return v.first
	case a.fn == lastCell:
		return v.last
	case v.number != nil && (v.text == nil || a.fn == minimum):
		return v.number.FloatString(scale)
	}
	return *v.text
}

func oracleQuantile(numbers []*big.Rat, of fraction) float64 {
	slices.SortFunc(numbers, (*big.Rat).Cmp)
	at := new(big.Rat).SetInt64(int64(len(numbers) - 1))
	at.Mul(at, of.rat())
	below := int(new(big.Int).Quo(at.Num(), at.Denom()).Int64())
	part := at.Sub(at, new(big.Rat).SetInt64(int64(below)))
	value := new(big.Rat).Set(numbers[below])
	if part.Sign() > 0 {
		apart := new(big.Rat).Sub(numbers[below+1], value)
		value.Add(value, apart.Mul(apart, part))
	}
	f, _ := value.Float64()
	return f
}

func oracleVariance(numbers []*big.Rat, root bool) float64 {
	mean, squares := new(big.Rat), new(big.Rat)
	for _, number := range numbers {
		mean.Add(mean, number)
	}
	mean.Quo(mean, new(big.Rat).SetInt64(int64(len(numbers))))
	for _, number := range numbers {
		apart := new(big.Rat).Sub(number, mean)
		squares.Add(squares, apart.Mul(apart, apart))
	}
	squares.Quo(squares, new(big.Rat).SetInt64(int64(len(numbers)-1)))
	if !root {
		f, _ := squares.Float64()
		return f
	}
	x := new(big.Float).SetPrec(1000).SetRat(squares)
	f, _ := x.Sqrt(x).Float64()
	return f
}

// oracleDouble is the shortest text of a double, as JavaScript has it.
func oracleDouble(f float64) string {
	if size := math.Abs(f); size == 0 || size >= 1e-7 && size < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	n, _ := strconv.Atoi(exponent)
	return fmt.Sprintf("%se%+d", digits, n)
}
