package groupby

import (
	"bytes"
	"errors"
	"strconv"
)

// errTooWide says that numbers of a column do not fit together in 37 digits.
var errTooWide = errors.New("added up with the others takes more than 37 digits")

// each calls f with the first word of every record, short keys first.
func (t *table) each(f func(at uint32, long bool) error) error {
	for v, present := range t.present {
		if present != 0 {
			if err := f(uint32(v*t.words), false); err != nil {
				return err
			}
		}
	}
	for _, x := range [...]struct {
		slots []uint32
		n     int
		long  bool
	}{{t.short.slots, t.short.n, false}, {t.long.slots, t.long.n, true}} {
		if x.n == 0 {
			continue
		}
		for _, at := range x.slots {
			if at == 0 {
				continue
			}
			if err := f(at, x.long); err != nil {
				return err
			}
		}
	}
	return nil
}

// key appends a record's key.
func (t *table) key(at uint32, long bool, buf []byte) []byte {
	if t.present != nil {
		return strconv.AppendUint(buf, uint64(at)/uint64(t.words), 10)
	}
	k := t.records[int(at)+t.words:]
	if long {
		return append(buf, t.text(k[1])...)
	}
	return appendKeyWord(buf, k[0], t.nuls)
}

// hash is the hash of a record's key.
func (t *table) hash(at uint32, long bool) uint64 {
	k := t.records[int(at)+t.words]
	if long {
		return k
	}
	return hashWord(k)
}

// raiseScale brings all numbers of a state to more digits after the point.
func (t *table) raiseScale(s int, scale uint8) error {
	by := scale - t.scales[s]
	st := t.list[s]
	if !st.kind.numeric() && st.kind != cellSquares {
		t.scales[s] = scale
		return nil
	}
	err := t.each(func(at uint32, _ bool) error {
		words := t.records[int(at)+st.offset:]
		if st.kind == cellSquares {
			if !scaleSquare(words, by) {
				return errTooWide
			}
			return nil
		}
		v := int128{words[1], words[0]}
		if v.hi == noValue || st.kind.extreme() && int64(v.hi) >= extremeText {
			return nil
		}
		v, ok := v.scaleUp(by)
		if !ok {
			return errTooWide
		}
		words[0], words[1] = v.lo, v.hi
		return nil
	})
	if err == nil {
		t.scales[s] = scale
	}
	return err
}

// addNumber adds to the sum that begins at the given word.
func (t *table) addNumber(at int, v int128) bool {
	have := int128{t.records[at+1], t.records[at]}
	if have.hi == noValue {
		have.hi = 0
	}
	total, ok := have.add(v)
	t.records[at], t.records[at+1] = total.lo, total.hi
	return ok
}

// matchScales raises t's scales to at least those of from.
func (t *table) matchScales(from *table) error {
	for s, scale := range from.scales {
		if scale > t.scales[s] {
			if err := t.raiseScale(s, scale); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergeRecord adds a record of another table, whose scales t matches.
func (t *table) mergeRecord(from *table, at uint32, long bool) error {
	var to uint32
	k := from.records[int(at)+t.words:]
	if long {
		to = t.findLong(from.text(k[1]), k[0])
	} else {
		var found [1]uint32
		t.findShort(k[:1], found[:])
		to = found[0]
	}
	return t.mergeStates(int(to), from, int(at))
}

func (t *table) mergeStates(to int, from *table, at int) error {
	for s, st := range t.list {
		dst, src := to+st.offset, at+st.offset
		switch st.kind {
		case distinctCount, cellValues:
			continue
		case cellFirst, cellLast:
			if place := from.records[src]; place != 0 {
				t.offerCell(dst, st.kind, place-1, from.cellText(src))
			}
			continue
		case cellSquares:
			if st.double {
				t.mergeDeviations(dst, [squareWords]uint64(from.records[src:]))
			} else if !t.mergeSquares(dst, from, src, t.scales[s]-from.scales[s]) {
				return errTooWide
			}
			continue
		case rowCount, cellCount:
			t.records[dst] += from.records[src]
			continue
		}
		v := int128{from.records[src+1], from.records[src]}
		if v.hi == noValue {
			continue
		}
		if st.double && st.kind == cellSum {
			t.mergeDouble(dst, from, src)
			continue
		}
		if st.kind.extreme() && int64(v.hi) >= extremeText {
			t.offerText(dst, st.kind, from.extremeText(src))
			continue
		}
		if by := t.scales[s] - from.scales[s]; by > 0 {
			var ok bool
			if v, ok = v.scaleUp(by); !ok {
				return errTooWide
			}
		}
		if st.kind.extreme() {
			t.offerNumber(dst, st.kind, v)
			continue
		}
		if !t.addNumber(dst, v) {
			return errTooWide
		}
	}
	return nil
}

const mergeRows = 256

// mergeShort is mergeRecord for up to mergeRows records with short keys. It
// looks at all slots, then at all records, before it works with any, so that
// what is not in the cache is waited for together.
func (t *table) mergeShort(from *table, at []uint32) error {
	var keys [mergeRows]uint64
	var to [mergeRows]uint32
	slots, shift := t.short.slots, t.short.shift&63
	for i, at := range at {
		keys[i] = from.records[int(at)+t.words]
		to[i] = slots[hashWord(keys[i])>>shift]
	}
	var seen uint64
	for _, r := range to[:len(at)] {
		seen |= t.records[r]
	}
	t.touched = seen
	t.findShort(keys[:len(at)], to[:])
	for i, at := range at {
		if err := t.mergeStates(int(to[i]), from, int(at)); err != nil {
			return err
		}
	}
	return nil
}

// merge adds all groups of another table.
func (t *table) merge(from *table) error {
	t.reserve(from.short.n, from.long.n)
	if err := t.matchScales(from); err != nil {
		return err
	}
	if err := from.each(func(at uint32, long bool) error { return t.mergeRecord(from, at, long) }); err != nil {
		return err
	}
	for i := range t.pairs {
		if err := t.pairs[i].merge(&from.pairs[i]); err != nil {
			return err
		}
	}
	return nil
}

// pairGroup is the group's part of a distinct pair.
func pairGroup(pair []byte) []byte { return pair[:bytes.LastIndexByte(pair, 0)] }

// countPairs fills the distinctCounts from the pairs, which are complete.
func (t *table) countPairs() {
	for i := range t.pairs {
		if t.list[t.paired[i]].kind != distinctCount {
			continue
		}
		pairs, offset := &t.pairs[i], t.list[t.paired[i]].offset
		var buf []byte
		_ = pairs.each(func(at uint32, long bool) error {
			buf = pairs.key(at, long, buf[:0])
			t.records[int(t.find(pairGroup(buf)))+offset]++
			return nil
		})
	}
}
