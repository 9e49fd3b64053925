package groupby

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestQuantileOfAnyNumbers: between numbers of any size and scale the quantile is the exact
// one, rounded once.
func TestQuantileOfAnyNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	number := func() (int128, uint8, *big.Rat) {
		v := int64(r.Uint64()) >> r.IntN(64)
		if r.IntN(20) == 0 {
			v = math.MinInt64
		}
		scale := uint8(r.IntN(maxScale + 1))
		return int128{uint64(v >> 63), uint64(v)}, scale, new(big.Rat).SetFrac(big.NewInt(v), bigPow10(scale))
	}
	for range 20_000 {
		v, scale, x := number()
		w, other, y := number()
		if r.IntN(2) == 0 { // as in most columns
			other, y = scale, new(big.Rat).SetFrac(w.bigInt(), bigPow10(scale))
		}
		if x.Cmp(y) > 0 {
			v, scale, x, w, other, y = w, other, y, v, scale, x
		}
		of := fraction{1, 2}
		if r.IntN(2) == 0 {
			of.denominator = 1 + r.Uint64N(pow10[1+r.IntN(maxScale)])
			of.numerator = r.Uint64N(of.denominator)
		}
		q := found{part: of, lower: appendSortable(nil, v, scale), upper: appendSortable(nil, w, other)}
		want := oracleDouble(oracleQuantile([]*big.Rat{x, y}, of))
		if got := string(q.appendTo(nil)); got != want {
			t.Fatalf("%v of the way from %v to %v: %s, want %s", of, x, y, got, want)
		}
	}
}
