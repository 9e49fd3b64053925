package separators

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Kernel is a way of finding the bytes that matter, 64 at a time. All Kernels
// give the same. src is a multiple of 64 bytes long.
type Kernel struct {
	Name string

	// index writes where in src a delimiter or a newline is to places, which
	// has room for len(src) and Slack more, and returns how many they are
	// and how many of them newlines. special says that there is a NUL, a CR or
	// a quote too.
	index func(src []byte, delimiter byte, places []uint32) (n, newlines int, special bool)

	// mask fills masks, one for every 64 bytes of src, and says whether there is
	// a NUL.
	mask func(src []byte, delimiter byte, masks []masks64) (nul bool)

	// flatten writes the numbers of the masks' set bits to places, as index.
	flatten func(places []uint32, masks []uint64) (n int)
}

// Slack is how many places a kernel may write beyond the last.
const Slack = 64

// portable is the kernel that needs nothing of the processor. It is SWAR: eight
// bytes at a time, compared by the exact zero-byte test ((x&0x7f)+0x7f|x)&0x80,
// whose result is zero only for zero bytes, and gathered to bits by a
// multiplication. What it need only count or know of it leaves to package bytes.
var portable = Kernel{Name: "portable", index: indexPortable, mask: maskPortable, flatten: flattenPortable}

// masks64 are the bytes of interest among 64, bit i for byte i.
type masks64 struct {
	delimiter, newline, cr, quote uint64

	odd uint64 // whether the quotes up to this byte, and it, are an odd number
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

func indexPortable(src []byte, delimiter byte, places []uint32) (n, newlines int, special bool) {
	const low = ^uint64(highBits)
	lines, delimiters := uint64(lowBits*'\n'), lowBits*uint64(delimiter)
	for i := range len(src) / 64 {
		word := (*[64]byte)(src[i*64:])
		var mask uint64
		for j := 0; j < 64; j += 8 {
			x := binary.LittleEndian.Uint64(word[j:])
			line, comma := x^lines, x^delimiters
			neither := ((line&low + low) | line) & ((comma&low + low) | comma)
			mask |= gather(^neither&highBits) << j
		}
		n = flattenWord(places, n, uint32(i*64), mask)
	}
	special = bytes.IndexByte(src, '"') >= 0 || bytes.IndexByte(src, '\r') >= 0 || bytes.IndexByte(src, 0) >= 0
	return n, bytes.Count(src, []byte{'\n'}), special
}

func maskPortable(src []byte, delimiter byte, masks []masks64) (nul bool) {
	for i := range len(src) / 64 {
		word := (*[64]byte)(src[i*64:])
		var m masks64
		for j := 0; j < 64; j += 8 {
			x := binary.LittleEndian.Uint64(word[j:])
			m.delimiter |= gather(equalBytes(x, lowBits*uint64(delimiter))) << j
			m.newline |= gather(equalBytes(x, lowBits*'\n')) << j
			m.cr |= gather(equalBytes(x, lowBits*'\r')) << j
			m.quote |= gather(equalBytes(x, lowBits*'"')) << j
		}
		m.odd = prefixXor(m.quote)
		masks[i] = m
	}
	return bytes.IndexByte(src, 0) >= 0
}

func flattenPortable(places []uint32, masks []uint64) int {
	n := 0
	for i, m := range masks {
		n = flattenWord(places, n, uint32(i*64), m)
	}
	return n
}

// flattenWord writes the places of one word, which begins at base, after the n
// that are there, four at a time.
func flattenWord(places []uint32, n int, base uint32, m uint64) int {
	next := n + bits.OnesCount64(m)
	for ; m != 0; n += 4 {
		out := (*[4]uint32)(places[n:])
		out[0] = base + uint32(bits.TrailingZeros64(m))
		m &= m - 1
		out[1] = base + uint32(bits.TrailingZeros64(m))
		m &= m - 1
		out[2] = base + uint32(bits.TrailingZeros64(m))
		m &= m - 1
		out[3] = base + uint32(bits.TrailingZeros64(m))
		m &= m - 1
	}
	return next
}

// equalBytes sets the high bit of each byte of x that equals that of y.
func equalBytes(x, y uint64) uint64 {
	x ^= y
	return ^((x&^highBits + ^uint64(highBits)) | x) & highBits
}

// gather collects the high bits of eight bytes into one byte.
func gather(x uint64) uint64 { return (x >> 7) * 0x0102040810204080 >> 56 }

// prefixXor is at each bit the parity of the bits up to and including it.
func prefixXor(x uint64) uint64 {
	x ^= x << 1
	x ^= x << 2
	x ^= x << 4
	x ^= x << 8
	x ^= x << 16
	return x ^ x<<32
}
