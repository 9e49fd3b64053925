// Package cacheline keeps what one goroutine writes all the time away from what others write: two
// processors that write into one cache line wait for each other.
package cacheline

import "unsafe"

// size is that of two lines, which processors fetch together.
const size = 128

// Slice is make([]T, n) with room on both sides.
func Slice[T any](n int) []T {
	var one T
	pad := size
	if of := int(unsafe.Sizeof(one)); of > 0 {
		pad = (size + of - 1) / of
	}
	all := make([]T, pad+n+pad)
	return all[pad : pad+n : pad+n]
}
