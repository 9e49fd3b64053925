package groupby

import "encoding/binary"

// The state of first and last is a text and the position of its record, so that groups
// may be merged in any order: the record's position in the input plus one, 0 for no value
// yet; then the text's place in the arena, as that of a minimum, and its length.

// places holds where the rows of a batch are in the input: each begins where the one before
// it ends.
type places struct {
	base   int64
	ends   []uint32 // of the i-th row at i*stride, in the text that begins at base
	stride int
}

func (p *places) of(i int) uint64 { return uint64(p.base + int64(p.ends[i*p.stride]+1)) }

// offerCells takes the cells of n rows into account.
func (b *batch) offerCells(t *table, st state, text []byte, n int) {
	c := &b.columns[st.column]
	for i := range n {
		if st.kind == cellLast {
			i = n - 1 - i // so that what comes after it is passed over
		}
		if !c.empty(i) {
			t.offerCell(int(b.at[i])+st.offset, st.kind, b.places.of(i), c.of(text, i))
		}
	}
}

// offerCell takes a cell of the record at a place into account.
func (t *table) offerCell(at int, kind stateKind, place uint64, text []byte) {
	words := t.records[at:][:3]
	switch have := words[0] - 1; {
	case words[0] == 0:
		words[1] = t.keepText(0, 0, text)
	case (place < have) == (kind == cellFirst):
		words[1] = t.keepText(words[1], t.room(words[1]), text)
	default:
		return
	}
	words[0], words[2] = place+1, uint64(len(text))
}

// cellText is the text of a state that has one.
func (t *table) cellText(at int) []byte {
	start := t.records[at+1] + roomSize
	return t.arena[start : start+t.records[at+2]]
}

// appendCell encodes a state for a spilled record.
func (t *table) appendCell(dst []byte, at int) []byte {
	place := t.records[at]
	if dst = binary.AppendUvarint(dst, place); place == 0 {
		return dst
	}
	text := t.cellText(at)
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func (rd *runReader) cell(words []uint64) (err error) {
	if words[0], err = binary.ReadUvarint(rd.in); err != nil || words[0] == 0 {
		return unexpected(err)
	}
	if words[2], err = binary.ReadUvarint(rd.in); err != nil {
		return unexpected(err)
	}
	words[1], err = rd.text(words[2])
	return err
}

// appendCell writes the text of a first or a last.
func (o *output) appendCell(dst []byte, i int, t *table, at uint32) ([]byte, error) {
	st := t.list[t.output[i]]
	if t.records[int(at)+st.offset] == 0 {
		return dst, nil
	}
	text := t.cellText(int(at) + st.offset)
	if o.doubt != nil && o.doubt(st.column, text) {
		return dst, ErrDoubt
	}
	return appendEscaped(dst, text), nil
}
