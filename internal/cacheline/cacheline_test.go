package cacheline

import (
	"testing"
	"unsafe"
)

func TestSlicesShareNoLine(t *testing.T) {
	const line = 64
	ends := map[uintptr]int{} // of lines that a slice touches
	for i := range 1000 {
		s := Slice[[3]byte](1 + i%5)
		if cap(s) != len(s) {
			t.Fatalf("an append would go into the room beside %d elements", len(s))
		}
		from := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
		for at := from / line; at <= (from+uintptr(len(s))*3-1)/line; at++ {
			if other, taken := ends[at]; taken {
				t.Fatalf("slices %d and %d share a line", other, i)
			}
			ends[at] = i
		}
		keep = append(keep, s)
	}
}

var keep [][][3]byte
