package groupby

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestShortVariance: the fast way has the same doubles as the exact one.
func TestShortVariance(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	short := 0
	for range 20_000 {
		n, scale := 2+r.IntN(20), uint8(r.IntN(4))
		most := int64(1) << (1 + r.IntN(20))
		var sum int128
		var squares [squareWords]uint64
		var numbers []*big.Rat
		for range n {
			v := r.Int64N(2*most) - most
			sum, _ = sum.add(int128{uint64(v >> 63), uint64(v)})
			squares[0] += uint64(v * v)
			numbers = append(numbers, new(big.Rat).SetFrac(big.NewInt(v), bigPow10(scale)))
		}
		for _, root := range []bool{false, true} {
			want := oracleVariance(numbers, root)
			if got, ok := shortVariance(uint64(n), sum, squares[:], scale, root); ok {
				short++
				if got != want {
					t.Fatalf("%v, root %t: %v, want %v", numbers, root, got, want)
				}
			}
		}
	}
	if short < 10_000 {
		t.Errorf("only %d were done the fast way", short)
	}
}

// TestVarianceOfWideNumbers: the squares of 37 digits fit.
func TestVarianceOfWideNumbers(t *testing.T) {
	const wide = "1234567890123456789.123456789012345678"
	rows := strings.Repeat("a,"+wide+"\na,-"+wide+"\n", 3)
	got, err := runText(t, Spec{GroupBy: []string{"k"}, Aggregates: []string{"variance(v)", "stddev(v)", "sum(v)"}}, "k,v\n"+rows)
	x, _ := new(big.Rat).SetString(wide)
	y := new(big.Rat).Neg(x)
	numbers := []*big.Rat{x, y, x, y, x, y}
	want := fmt.Sprintf("k,variance_v,stddev_v,sum_v\na,%s,%s,0.000000000000000000\n", oracleDouble(oracleVariance(numbers, false)), oracleDouble(oracleVariance(numbers, true)))
	if err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// TestInDoubles: all aggregates of numbers that are computed in doubles.
func TestInDoubles(t *testing.T) {
	spec := Spec{GroupBy: []string{"k"}, Aggregates: []string{"variance(v)", "stddev(v)", "median(v)", "quantile(v, 0.25)", "quantile(v, 1)", "first(v)", "last(v)", "count(distinct v)"}}
	p := mustCompile(t, spec)
	column := -1
	for i, c := range p.Columns() {
		if c.Role == Number {
			column = i
		}
	}
	r := rand.New(rand.NewPCG(9, 10))
	var b strings.Builder
	b.WriteString("k,v\nonly,1e300\n")
	numbers := []*big.Rat{}
	var first, last string
	different := map[string]bool{}
	for range 5000 {
		f := 1e40 * (1 + r.NormFloat64()/1000)
		last = strconv.FormatFloat(f, 'g', -1, 64)
		if first == "" {
			first = last
		}
		different[last] = true
		numbers = append(numbers, new(big.Rat).SetFloat64(f))
		b.WriteString("many," + last + "\n,\n")
	}
	for _, sizes := range []sizes{defaultSizes, {block: 8 << 10, ahead: 1 << 10, chunk: chunkSize, full: 16 << 10, budget: 60 << 10}} {
		var out strings.Builder
		in := Input{Name: "f.csv", Reader: strings.NewReader(b.String())}
		if _, err := p.InDoubles(column).run(t.Context(), in, &out, Options{Workers: 1, TempDir: t.TempDir()}, sizes); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(out.String(), "\n")
		if want := ",,,,,,,,0"; lines[1] != want {
			t.Errorf("nothing: %s, want %s", lines[1], want)
		}
		if want := "only,,,1e+300,1e+300,1e+300,1e300,1e300,1"; lines[3] != want {
			t.Errorf("one: %s, want %s", lines[3], want)
		}
		cells := strings.Split(lines[2], ",")
		near(t, cells[1], oracleVariance(numbers, false))
		near(t, cells[2], oracleVariance(numbers, true))
		if want := strings.Join([]string{
			oracleDouble(oracleQuantile(numbers, half)), oracleDouble(oracleQuantile(numbers, fraction{1, 4})), oracleDouble(oracleQuantile(numbers, fraction{1, 1})),
			first, last, strconv.Itoa(len(different)),
		}, ","); strings.Join(cells[3:], ",") != want {
			t.Errorf("%q, want %s", cells[3:], want)
		}
	}
}

func near(t *testing.T, text string, want float64) {
	t.Helper()
	if got, err := strconv.ParseFloat(text, 64); err != nil || math.Abs(got-want) > 1e-12*want {
		t.Errorf("%s, want about %v", text, want)
	}
}
