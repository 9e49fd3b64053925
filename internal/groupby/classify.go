package groupby

import (
	"encoding/binary"
	"math/bits"
)

// byteKinds says which bytes that need care occur in a piece of text.
type byteKinds uint8

const (
	seenNUL byteKinds = 1 << iota
	seenCR
	seenQuote
)

// quotedMasks are the bytes of interest among 64, bit i for byte i.
type quotedMasks struct {
	delimiter, newline, cr, quote uint64
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// classifyPortable marks in separators, bit by bit, which bytes of src are a
// delimiter or a newline. It counts the newlines and says what else is there.
// len(src) is a multiple of 64.
//
// It is the SWAR twin of the AVX2 kernel: eight bytes at a time, compared by
// the exact zero-byte test ((x&0x7f)+0x7f|x)&0x80, whose result is zero only
// for zero bytes, and gathered to bits by a multiplication.
func classifyPortable(src []byte, delimiter byte, separators []uint64) (newlines int, seen byteKinds) {
	delimiters := lowBits * uint64(delimiter)
	var nul, cr, quote uint64
	for i := range len(src) / 64 {
		word := (*[64]byte)(src[i*64:])
		var mask, lines uint64
		for j := 0; j < 64; j += 8 {
			x := binary.LittleEndian.Uint64(word[j:])
			line := equalBytes(x, lowBits*'\n')
			mask |= gather(line|equalBytes(x, delimiters)) << j
			lines += line >> 7
			// Borrows make these three right about whether, not about where.
			nul |= (x - lowBits) &^ x
			y := x ^ lowBits*'\r'
			cr |= (y - lowBits) &^ y
			y = x ^ lowBits*'"'
			quote |= (y - lowBits) &^ y
		}
		separators[i] = mask
		newlines += int((lines * lowBits) >> 56)
	}
	if nul&highBits != 0 {
		seen |= seenNUL
	}
	if cr&highBits != 0 {
		seen |= seenCR
	}
	if quote&highBits != 0 {
		seen |= seenQuote
	}
	return newlines, seen
}

// classifyQuotedPortable fills masks for src, whose length is a multiple of 64.
func classifyQuotedPortable(src []byte, delimiter byte, masks []quotedMasks) {
	for i := range len(src) / 64 {
		word := (*[64]byte)(src[i*64:])
		var m quotedMasks
		for j := 0; j < 64; j += 8 {
			x := binary.LittleEndian.Uint64(word[j:])
			m.delimiter |= gather(equalBytes(x, lowBits*uint64(delimiter))) << j
			m.newline |= gather(equalBytes(x, lowBits*'\n')) << j
			m.cr |= gather(equalBytes(x, lowBits*'\r')) << j
			m.quote |= gather(equalBytes(x, lowBits*'"')) << j
		}
		masks[i] = m
	}
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

// flattenSlack is how many positions flatten may write beyond the last.
const flattenSlack = 12

// flattenPortable writes the numbers of the masks' set bits to dst and returns
// how many there are. dst has room for all bits and flattenSlack more.
func flattenPortable(dst []uint32, masks []uint64) int {
	n := 0
	for i, m := range masks {
		base := uint32(i * 64)
		next := n + bits.OnesCount64(m)
		for m != 0 {
			out := (*[4]uint32)(dst[n:])
			out[0] = base + uint32(bits.TrailingZeros64(m))
			m &= m - 1
			out[1] = base + uint32(bits.TrailingZeros64(m))
			m &= m - 1
			out[2] = base + uint32(bits.TrailingZeros64(m))
			m &= m - 1
			out[3] = base + uint32(bits.TrailingZeros64(m))
			m &= m - 1
			n += 4
		}
		n = next
	}
	return n
}
