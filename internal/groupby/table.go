package groupby

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
)

// table holds groups: an append-only store of records and two open-addressing
// indexes into it, one for keys of up to eight bytes and one for longer ones.
//
// A key is its columns' text joined by NUL, which no input contains. A short
// key is kept as a word, its bytes at the top in little-endian order and zeros
// below, so that two keys are equal when their words are.
//
// A record is the words of the states, then the key: the word of a short one,
// or the hash and the arena reference of a long one.
type table struct {
	*states
	records []uint64
	short   index
	long    index
	arena   []byte             // long keys and the texts of min and max
	scales  []uint8            // for each state, digits after the point of its numbers
	pairs   []table            // for each of states.paired, key NUL value
	present []uint8            // of a table without index: which keys there are, by value; see dense.go
	tiny    *tinyIndex[uint32] // records of the shortest keys: see tiny.go
	learnt  []uint16           // which places of tiny are taken
	touched uint64             // keeps loads that only warm the cache from being optimised away
}

// index maps hashes to records by linear probing. A slot is the number of the
// record's first word, 0 where it is free; the first words of a store are not
// used for that reason.
type index struct {
	slots []uint32
	shift uint8 // the hash's top 64-shift bits are the slot
	n     int
}

var (
	textSeed = maphash.MakeSeed()
	wordSeed = rand.Uint64()
)

func hashWord(w uint64) uint64 {
	hi, lo := bits.Mul64(w^wordSeed, 0x9E3779B97F4A7C15)
	return hi ^ lo
}

func hashText(b []byte) uint64 { return maphash.Bytes(textSeed, b) }

const (
	shortKey     = 8  // bytes of the longest short key
	minSlots     = 64 // of an index
	shortKeySize = 1  // words
	longKeySize  = 2
)

// A reference is the place of a text in an arena: offset and length.
const refLength = 24 // bits; maxRecord fits

func makeRef(offset, length int) uint64 { return uint64(offset)<<refLength | uint64(length) }

func (t *table) text(ref uint64) []byte {
	offset := ref >> refLength
	return t.arena[offset : offset+ref&(1<<refLength-1)]
}

func newTable(s *states) table {
	t := table{states: s, scales: make([]uint8, len(s.list))}
	if len(s.paired) > 0 {
		t.pairs = make([]table, len(s.paired))
		for i := range t.pairs {
			t.pairs[i] = newTable(s.pairsOf(i))
		}
	}
	return t
}

// reset empties the table and keeps its memory.
func (t *table) reset() {
	t.forgetTiny()
	clear(t.short.slots)
	clear(t.long.slots)
	t.short.n, t.long.n = 0, 0
	t.records = t.records[:0]
	t.arena = t.arena[:0]
	clear(t.scales)
	for i := range t.pairs {
		t.pairs[i].reset()
	}
}

func (t *table) len() int { return t.short.n + t.long.n }

// full says that the table has outgrown the processor's cache, and is better
// emptied into one that is shared and partitioned.
func (t *table) full(size int) bool {
	n := 8*len(t.records) + len(t.arena)
	for i := range t.pairs {
		n += 8*len(t.pairs[i].records) + len(t.pairs[i].arena)
	}
	return n > size
}

// size is the memory the table holds on to, in bytes.
func (t *table) size() int64 {
	n := 8*cap(t.records) + cap(t.present) + 4*(len(t.short.slots)+len(t.long.slots)) + cap(t.arena)
	for i := range t.pairs {
		n += int(t.pairs[i].size())
	}
	return int64(n)
}

// reserve makes room for n more groups of either kind.
func (t *table) reserve(nShort, nLong int) {
	if nShort > 0 && 2*(t.short.n+nShort) > len(t.short.slots) {
		t.short.grow(nShort, func(at uint32) uint64 { return hashWord(t.records[int(at)+t.words]) })
	}
	if nLong > 0 && 2*(t.long.n+nLong) > len(t.long.slots) {
		t.long.grow(nLong, func(at uint32) uint64 { return t.records[int(at)+t.words] })
	}
	// The first record's place is not used; what comes after it is aligned.
	need := max(len(t.records), t.words+shortKeySize) + nShort*(t.words+shortKeySize) + nLong*(t.words+longKeySize)
	if need > cap(t.records) {
		grown := inHugePages(make([]uint64, len(t.records), max(need, cap(t.records)+cap(t.records)/2)))
		copy(grown, t.records)
		t.records = grown
	}
	if len(t.records) == 0 {
		t.records = t.records[:t.words+shortKeySize]
	}
}

func (x *index) grow(n int, hash func(at uint32) uint64) {
	slots := uint64(max(minSlots, 1<<bits.Len(uint(2*(x.n+n)-1))))
	old := x.slots
	x.slots = inHugePages(make([]uint32, slots))
	x.shift = uint8(64 - bits.Len64(slots-1))
	mask := slots - 1
	for _, at := range old {
		if at == 0 {
			continue
		}
		i := hash(at) >> x.shift
		for x.slots[i] != 0 {
			i = (i + 1) & mask
		}
		x.slots[i] = at
	}
}

// findShort sets at to the records of the keys and enters those that are new.
// There is room.
func (t *table) findShort(keys []uint64, at []uint32) {
	slots, records, shift := t.short.slots, t.records, t.short.shift&63
	mask := uint64(len(slots) - 1)
	at = at[:len(keys)]
	for i, key := range keys {
		j := hashWord(key) >> shift
		for {
			r := slots[j&mask]
			if r == 0 {
				r = t.insertShort(key)
				slots[j&mask] = r
				records = t.records
			} else if records[int(r)+t.words] != key {
				j++
				continue
			}
			at[i] = r
			break
		}
	}
}

// findShortCells is findShort for keys that are cells. It says false where one
// of them is empty or longer than a short key: then the others may have been
// entered, but at is not set.
func (t *table) findShortCells(text []byte, ends []uint32, stride int, at []uint32) bool {
	slots, records, shift, offset := t.short.slots, t.records, t.short.shift&63, uint32(t.words)
	mask := uint64(len(slots) - 1)
	var doubt uint32
	for i, j := 0, 0; i < len(at); i, j = i+1, j+stride {
		s, e := cellAt(ends, j)
		length := e - s
		key := load64(text, s) << (-(8 * length) & 63)
		doubt |= length - 1
		slot := hashWord(key) >> shift
		for {
			r := slotAt(slots, slot&mask)
			if r == 0 {
				if length-1 >= shortKey {
					return false
				}
				r = t.insertShort(key)
				slots[slot&mask] = r
				records = t.records
			} else if wordAt(records, r+offset) != key {
				slot++
				continue
			}
			at[i] = r
			break
		}
	}
	return doubt < shortKey
}

// findCells is findShortCells for cells of any length, and says whether one of
// them was longer than a short key.
func (t *table) findCells(text []byte, ends []uint32, stride int, at []uint32) (long bool) {
	for i, j := 0, 0; i < len(at); i, j = i+1, j+stride {
		s, e := cellAt(ends, j)
		length := e - s
		if length-1 < 2 && t.tiny != nil {
			if r := t.tiny[tinyPlace(text, s, length)]; r != 0 {
				at[i] = r
				continue
			}
		}
		if length > shortKey {
			key := text[s:e]
			at[i] = t.findLong(key, hashText(key))
			long = true
			continue
		}
		var key uint64
		if length > 0 {
			key = load64(text, s) << (-(8 * length) & 63)
		}
		slots := t.short.slots
		mask := uint64(len(slots) - 1)
		slot := hashWord(key) >> (t.short.shift & 63)
		r := slotAt(slots, slot&mask)
		for r != 0 && wordAt(t.records, r+uint32(t.words)) != key {
			slot++
			r = slotAt(slots, slot&mask)
		}
		if r == 0 {
			r = t.insertShort(key)
			slots[slot&mask] = r
		}
		at[i] = r
	}
	return long
}

func (t *table) insertShort(key uint64) uint32 {
	r := t.newRecord(t.words + shortKeySize)
	t.records[int(r)+t.words] = key
	t.short.n++
	return r
}

// newRecord appends a record within the capacity that reserve made.
func (t *table) newRecord(words int) uint32 {
	r := len(t.records)
	t.records = t.records[:r+words]
	t.clearRecord(uint32(r))
	return uint32(r)
}

// clearRecord sets the states of a record to those of no row.
func (t *table) clearRecord(at uint32) {
	record := t.records[at:][:t.words]
	clear(record)
	for _, s := range t.list {
		if s.kind.numeric() {
			record[s.offset+1] = noValue
		}
	}
}

// findLong is findShort for one long key. There is room.
func (t *table) findLong(key []byte, hash uint64) uint32 {
	slots, mask := t.long.slots, uint64(len(t.long.slots)-1)
	for j := hash >> (t.long.shift & 63); ; j++ {
		r := slots[j&mask]
		if r == 0 {
			r = t.newRecord(t.words + longKeySize)
			k := t.records[int(r)+t.words:]
			k[0], k[1] = hash, makeRef(len(t.arena), len(key))
			t.arena = append(t.arena, key...)
			slots[j&mask] = r
			t.long.n++
			return r
		}
		if k := t.records[int(r)+t.words:]; k[0] == hash && bytes.Equal(t.text(k[1]), key) {
			return r
		}
	}
}

// find is the record of one key, entered if it is new.
func (t *table) find(key []byte) uint32 {
	if len(key) <= shortKey {
		t.reserve(1, 0)
		word, at := [1]uint64{keyWord(key)}, [1]uint32{}
		t.findShort(word[:], at[:])
		return at[0]
	}
	t.reserve(0, 1)
	return t.findLong(key, hashText(key))
}

// hashKey is what a key goes by, short or long.
func hashKey(key []byte) uint64 {
	if len(key) <= shortKey {
		return hashWord(keyWord(key))
	}
	return hashText(key)
}

// keyWord makes a word of a short key.
func keyWord(key []byte) uint64 {
	var w uint64
	for _, c := range key {
		w = w>>8 | uint64(c)<<56
	}
	return w
}

// appendKeyWord appends the bytes of a short key with so many NULs in it; the
// first of them may be those that the word does not show.
func appendKeyWord(dst []byte, w uint64, nuls int) []byte {
	var b [shortKey]byte
	binary.LittleEndian.PutUint64(b[:], w)
	key := b[bits.TrailingZeros64(w)/8:]
	for hidden := nuls - bytes.Count(key, nul); hidden > 0; hidden-- {
		dst = append(dst, 0)
	}
	return append(dst, key...)
}

var nul = []byte{0}
