package groupby

import (
	"bytes"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestSortable: the bytes are in the order of the values, the same for the same value at
// any scale, without NUL, and tell the value again.
func TestSortable(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	number := func() (int128, uint8, *big.Rat) {
		digits := new(big.Int)
		for range r.IntN(maxDigits + 1) {
			digits.Mul(digits, big.NewInt(10)).Add(digits, big.NewInt(int64(r.IntN(10))))
		}
		for range r.IntN(3) * r.IntN(10) {
			if next := new(big.Int).Mul(digits, big.NewInt(10)); len(next.String()) <= maxDigits {
				digits = next
			}
		}
		low := new(big.Int).And(digits, new(big.Int).SetUint64(math.MaxUint64))
		v := int128{new(big.Int).Rsh(digits, 64).Uint64(), low.Uint64()}
		if r.IntN(2) == 0 {
			v = v.neg()
		}
		scale := uint8(r.IntN(maxScale + 1))
		return v, scale, new(big.Rat).SetFrac(v.bigInt(), bigPow10(scale))
	}
	for range 20_000 {
		v, scale, x := number()
		w, other, y := number()
		if r.IntN(3) == 0 { // near each other
			w, _ = v.add(int128{lo: uint64(r.IntN(3))})
			other, y = scale, new(big.Rat).SetFrac(w.bigInt(), bigPow10(scale))
		}
		a, b := appendSortable(nil, v, scale), appendSortable(nil, w, other)
		if got, want := bytes.Compare(a, b), x.Cmp(y); got != want {
			t.Fatalf("%v and %v are ordered %d", x, y, got)
		}
		if bytes.IndexByte(a, 0) >= 0 {
			t.Fatalf("%v has a NUL", x)
		}
		mantissa, at := parseSortable(a)
		if back := new(big.Rat).SetFrac(mantissa.bigInt(), bigPow10(at)); back.Cmp(x) != 0 || at > scale {
			t.Fatalf("%v comes back as %v, of scale %d", x, back, at)
		}
		if longer, ok := v.scaleUp(1); ok && scale < maxScale && !bytes.Equal(appendSortable(nil, longer, scale+1), a) {
			t.Fatalf("%v differs with another zero", x)
		}
	}
}

func TestSortableDouble(t *testing.T) {
	values := []float64{-math.MaxFloat64, -1e40, -1.5, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 1, 1.5, 1e40, math.MaxFloat64}
	var before []byte
	for _, f := range values {
		b := appendSortableDouble(nil, f)
		if bytes.Compare(before, b) >= 0 || bytes.IndexByte(b, 0) >= 0 || parseSortableDouble(b) != f {
			t.Errorf("%v is %x, after %x", f, b, before)
		}
		before = b
	}
	if zero := appendSortableDouble(nil, math.Copysign(0, -1)); !bytes.Equal(zero, appendSortableDouble(nil, 0)) {
		t.Errorf("-0 is %x", zero)
	}
}
