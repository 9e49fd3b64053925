package groupby

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestDense has keys that are small integers, and with them others that a
// dense table has no place for, or that come in a batch with such.
func TestDense(t *testing.T) {
	for name, odd := range map[string]func(r *rand.Rand) string{
		"none":          func(r *rand.Rand) string { return "17" },
		"leading zeros": func(r *rand.Rand) string { return "0" + strconv.Itoa(r.IntN(100)) },
		"negative":      func(r *rand.Rand) string { return strconv.Itoa(-r.IntN(100)) },
		"large":         func(r *rand.Rand) string { return strconv.Itoa(1<<20 + r.IntN(1<<20)) },
		"text":          func(r *rand.Rand) string { return "item-" + strconv.Itoa(r.IntN(100)) },
		"NULL":          func(r *rand.Rand) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			var b strings.Builder
			b.WriteString("item_id,quantity,price\n")
			for i := range 9_000 {
				key := strconv.Itoa(r.IntN(3_000))
				if r.IntN(500) == 0 {
					key = odd(r)
				}
				price := strconv.Itoa(r.IntN(100))
				if i > 6_000 {
					price += "." + strconv.Itoa(r.IntN(100))
				}
				fmt.Fprintf(&b, "%s,%d,%s\n", key, r.IntN(1000), price)
			}
			data := b.String()
			p := mustCompile(t, sales("sum(quantity)", "count(*)", "avg(price)"))
			want := oracleResult(p, []byte(data))
			small := sizes{block: 8 << 10, ahead: 1 << 10, chunk: chunkSize, full: 20 << 10, budget: 4 << 20}
			for _, workers := range []int{1, 2, 3} {
				if got := engineResult(p, []byte(data), small, workers); got.differs(want) {
					t.Errorf("%d workers: the result is not the oracle's", workers)
				}
			}
			var out bytes.Buffer
			in := Input{Name: "f.csv", ReaderAt: strings.NewReader(data), Size: int64(len(data))}
			small.budget = 500 << 10
			opt := Options{Workers: 2, TempDir: t.TempDir()}
			if _, err := p.run(t.Context(), in, &out, opt, small); err != nil || out.String() != want.out {
				t.Errorf("with little memory: %v, or another result", err)
			}
		})
	}
}

// TestDenseNumbers has a dense table add up numbers that it has little or no
// room for, or none.
func TestDenseNumbers(t *testing.T) {
	const denseRows = 6_000
	const narrow = "2305843009213693952" // narrowMost
	for name, number := range map[string]func(r *rand.Rand, row int) string{
		"negative":         func(r *rand.Rand, _ int) string { return strconv.Itoa(r.IntN(200) - 100) },
		"some NULL":        func(r *rand.Rand, row int) string { return strconv.Itoa(row)[:row%2] },
		"none but NULL":    func(*rand.Rand, int) string { return "" },
		"zero":             func(*rand.Rand, int) string { return "0" },
		"15 digits":        func(r *rand.Rand, _ int) string { return strconv.FormatInt(r.Int64N(1e15), 10) },
		"15 digits, below": func(r *rand.Rand, _ int) string { return strconv.FormatInt(-r.Int64N(1e15), 10) },
		"17 digits":        func(r *rand.Rand, _ int) string { return strconv.FormatInt(r.Int64N(1e17), 10) },
		"4e15":             func(*rand.Rand, int) string { return "4000000000000000" },
		"-4e15":            func(*rand.Rand, int) string { return "-4000000000000000" },
		"4e15 by scale":    func(_ *rand.Rand, row int) string { return []string{"40000000000000", "0.01"}[row/3%2] },
		"all there is":     func(*rand.Rand, int) string { return narrow },
		"30 digits":        func(r *rand.Rand, _ int) string { return "123456789012" + strconv.FormatInt(1e17+r.Int64N(1e17), 10) },
		"more and more decimals": func(r *rand.Rand, row int) string {
			return strconv.Itoa(r.IntN(1000)) + "." + strconv.FormatInt(1e17+r.Int64N(1e17), 10)[:1+row/400]
		},
		"fewer and fewer decimals": func(r *rand.Rand, row int) string {
			return strconv.Itoa(r.IntN(1000)) + "." + strconv.FormatInt(1e17+r.Int64N(1e17), 10)[:1+(denseRows-row)/400]
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, spec := range []Spec{sales("sum(quantity)"), sales("count(quantity)", "sum(quantity)", "avg(one)")} {
				r := rand.New(rand.NewPCG(7, 8))
				var b strings.Builder
				b.WriteString("item_id,quantity,one\n")
				for row := range denseRows {
					id := r.IntN(3_000)
					if row%4 > 0 { // much in one sum
						id = 7
					}
					fmt.Fprintf(&b, "%d,%s,1\n", id, number(r, row))
				}
				data, p := []byte(b.String()), mustCompile(t, spec)
				want := oracleResult(p, data)
				for _, workers := range []int{1, 2, 3} {
					small := sizes{block: 8 << 10, ahead: 1 << 10, chunk: chunkSize, full: 10 << 10, budget: 4 << 20}
					if got := engineResult(p, data, small, workers); got.differs(want) {
						t.Errorf("%s, %d workers: the result is not the oracle's: %.300v, want %.300v", spec.Aggregates, workers, got, want)
					}
				}
			}
		})
	}
}
