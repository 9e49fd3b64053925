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

// offerText takes a text that is no number into account.
func (t *table) offerText(at int, kind stateKind, text []byte) {
	hi := t.records[at+1]
	room := 0
	if isText := int64(hi) >= extremeText; isText {
		have := t.extremeText(at)
		if c := bytes.Compare(text, have); c == 0 || (c < 0) != (kind == cellMin) {
			return
		}
		place := t.arena[t.records[at]:]
		room = int(place[0]) | int(place[1])<<8 | int(place[2])<<16 | int(place[3])<<24
	} else if kind == cellMin && hi != noValue {
		return // a number is less than any text
	}
	if room < len(text) {
		room = max(minRoom, len(text)+len(text)/2)
		t.records[at] = uint64(len(t.arena))
		t.arena = append(t.arena, byte(room), byte(room>>8), byte(room>>16), byte(room>>24))
		t.arena = append(t.arena, make([]byte, room)...)
	}
	copy(t.arena[t.records[at]+roomSize:], text)
	t.records[at+1] = extremeText | uint64(len(text))
}

// extremeText is the text of a state that holds one.
func (t *table) extremeText(at int) []byte {
	start := t.records[at] + roomSize
	return t.arena[start : start+t.records[at+1]&^extremeText]
}
