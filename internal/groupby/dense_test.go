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
				if got := engineResult(p, []byte(data), small, workers); got != want {
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
