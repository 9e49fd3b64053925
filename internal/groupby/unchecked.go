package groupby

import (
	"encoding/binary"
	"unsafe"
)

// The loads of the innermost loops, without bounds checks, which would be a
// quarter of the work there. What keeps them in bounds is said at each.

// cellAt is ends[j]+1 and ends[j+1]. place and trim make ends long enough for
// all rows of a batch.
func cellAt(ends []uint32, j int) (start, end uint32) {
	p := (*[2]uint32)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(ends)), 4*j))
	return p[0] + 1, p[1]
}

// load64 is the eight bytes at a place of the text. Every text is followed by
// padding of more than that.
func load64(text []byte, at uint32) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(text)), at))[:])
}

// load16 is the two bytes at a place of the text, likewise.
func load16(text []byte, at uint32) uint16 {
	return binary.LittleEndian.Uint16((*[2]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(text)), at))[:])
}

// byteAt is the byte at a place of the text, which a cell begins or ends at.
func byteAt(text []byte, at uint32) byte {
	return *(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(text)), at))
}

// wordsAt is two words of a record. A slot holds nothing but records that are
// in the store whole.
func wordsAt(records []uint64, at uint32) *[2]uint64 {
	return (*[2]uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(records)), 8*uint64(at)))
}

// wordAt is one word of a record, likewise.
func wordAt(records []uint64, at uint32) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(records)), 8*uint64(at)))
}

// slotAt is a slot of an index, whose number was masked.
func slotAt(slots []uint32, i uint64) uint32 {
	return *(*uint32)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(slots)), 4*i))
}
