package groupby

import "bytes"

// The state of min and max is one value in two words, lo and hi: a number is
// its mantissa, which is within ±2^126; a text is its place in the arena as lo
// and extremeText and its length as hi, above every number; no value yet is
// noValue. A text's place begins with room for it, in bytes, so that the
// maximum of a rising column is overwritten and not piled up.
const (
	extremeText = 0x7F << 56
	roomSize    = 4
	minRoom     = 12
)

// offerNumber takes a mantissa, already at the state's scale, into account.
func (t *table) offerNumber(at int, kind stateKind, v int128) {
	have := int128{t.records[at+1], t.records[at]}
	switch {
	case have.hi == noValue:
	case kind == cellMin && !v.less(have):
		return
	case kind == cellMax && !have.less(v):
		return
	}
	t.records[at], t.records[at+1] = v.lo, v.hi
}

// offerNumbers takes a value for each of the records into account.
func (t *table) offerNumbers(st state, values []int64, at []uint32) {
	records := t.records[st.offset:]
	sign := int64(0)
	if st.kind == cellMax {
		sign = -1
	}
	values = values[:len(at)]
	for i, r := range at {
		have, v := wordsAt(records, r), values[i]
		// ^v is less where v is more.
		if narrow := int64(have[0]); have[1] == uint64(narrow>>63) && v^sign >= narrow^sign {
			continue
		}
		t.offerNumber(int(r)+st.offset, st.kind, int128{uint64(v >> 63), uint64(v)})
	}
}

// offerText takes a text that is no number into account.
func (t *table) offerText(at int, kind stateKind, text []byte) {
	hi := t.records[at+1]
	room := 0
	if isText := int64(hi) >= extremeText; isText {
		have := t.extremeText(at)
		if c := bytes.Compare(text, have); c == 0 || (c < 0) != (kind == cellMin) {
			return
		}
		room = t.room(t.records[at])
	} else if kind == cellMin && hi != noValue {
		return // a number is less than any text
	}
	t.records[at] = t.keepText(t.records[at], room, text)
	t.records[at+1] = extremeText | uint64(len(text))
}

// keepText puts a text in a place of the arena that has room for so many bytes, or in a
// new one where that is too little, and returns the place.
func (t *table) keepText(place uint64, room int, text []byte) uint64 {
	if room < len(text) {
		room = max(minRoom, len(text)+len(text)/2)
		place = uint64(len(t.arena))
		t.arena = append(t.arena, byte(room), byte(room>>8), byte(room>>16), byte(room>>24))
		t.arena = append(t.arena, make([]byte, room)...)
	}
	copy(t.arena[place+roomSize:], text)
	return place
}

// room is what a place of the arena has room for, in bytes.
func (t *table) room(place uint64) int {
	b := t.arena[place:]
	return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 | int(b[3])<<24
}

// extremeText is the text of a state that holds one.
func (t *table) extremeText(at int) []byte {
	start := t.records[at] + roomSize
	return t.arena[start : start+t.records[at+1]&^extremeText]
}
