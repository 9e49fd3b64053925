package groupby

// Cells of one or two bytes, which small numbers and codes are, take the
// shortest way: the cell itself is the place in a table where its group or its
// value is. The loops have no branch and look at their doubts once a batch.

// tinyIndex holds a value for each cell of one or two bytes at its tinyPlace; the
// first place stays empty.
type tinyIndex[T any] [1 << 16]T

// tinyMasks are the bytes of a word that a cell of 0 to 3 bytes has; one that
// is empty or of three is at the first place.
var tinyMasks = [4]uint16{0, 0xff, 0xffff, 0}

// tinyPlace is the place of a cell of up to three bytes.
func tinyPlace(text []byte, start, length uint32) uint16 {
	return load16(text, start) & tinyMasks[length&3]
}

// tinyRest is how many batches do without a tinyIndex after one that could not
// be done with it.
const tinyRest = 16

// findTiny sets at to the records of keys of one or two bytes. It returns
// false if a key is longer or has no record yet.
func (t *table) findTiny(text []byte, ends []uint32, stride int, at []uint32) bool {
	if t.tiny == nil {
		return false
	}
	tiny := t.tiny
	var lengths, doubt uint32
	for i, j := 0, 0; i < len(at); i, j = i+1, j+stride {
		s, e := cellAt(ends, j)
		r := tiny[tinyPlace(text, s, e-s)]
		lengths |= e - s
		doubt |= r - 1 // 0 is no record
		at[i] = r
	}
	return lengths <= 3 && doubt>>31 == 0
}

// learnTiny makes findTiny know those of the keys, whose records are at, that
// are of one or two bytes.
func (t *table) learnTiny(text []byte, ends []uint32, stride int, at []uint32) {
	for i, j := 0, 0; i < len(at); i, j = i+1, j+stride {
		s, e := cellAt(ends, j)
		if e-s-1 >= 2 {
			continue
		}
		if t.tiny == nil {
			t.tiny = new(tinyIndex[uint32])
		}
		place := tinyPlace(text, s, e-s)
		if place == 0 { // the key of NULLs alone, which is NULs
			continue
		}
		if t.tiny[place] == 0 {
			t.learnt = append(t.learnt, place)
		}
		t.tiny[place] = at[i]
	}
}

// forgetTiny undoes learnTiny: the records are no longer where they were.
func (t *table) forgetTiny() {
	for _, place := range t.learnt {
		t.tiny[place] = 0
	}
	t.learnt = t.learnt[:0]
}

// tinyNumber is set for a number; the bits below are its value.
const tinyNumber = 0x80

// tinyNumbers are the numbers of one or two digits.
var tinyNumbers = func() *tinyIndex[uint8] {
	t := new(tinyIndex[uint8])
	for i := range 10 {
		t['0'+i] = tinyNumber | uint8(i)
		for j := range 10 {
			t['0'+i|('0'+j)<<8] = tinyNumber | uint8(10*i+j)
		}
	}
	return t
}()

// parseTiny does cells of one or two digits and nothing else.
func (c *numbers) parseTiny(text []byte, ends []uint32, stride, n int) bool {
	tiny, values := tinyNumbers, c.values[:n]
	var lengths uint32
	all := uint8(tinyNumber)
	for i, j := 0, 0; i < len(values); i, j = i+1, j+stride {
		s, e := cellAt(ends, j)
		v := tiny[tinyPlace(text, s, e-s)]
		lengths |= e - s
		all &= v
		values[i] = int64(v &^ tinyNumber)
	}
	c.most = 99
	return lengths <= 3 && all&tinyNumber != 0
}
