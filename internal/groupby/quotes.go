package groupby

import "math/bits"

// maskQuotes is classify for text with quotes, which begins with a record. It
// leaves the separators outside quotes, and says false where the quotes are
// not as they should be (or may not be: the text ends in the middle of it).
//
// The parity of the quotes up to a byte tells whether it is within quotes (see
// Langdale and Lemire, "Parsing Gigabytes of JSON per Second"), provided that
// a quote opens only after a separator, or after one that closes, which is
// then a doubled one, and that one that closes is followed by a separator, by
// CR LF, or by one that opens.
func (w *worker) maskQuotes(text []byte) (newlines int, good bool) {
	words := len(text) / 64
	classifyQuoted(text, w.plan.comma, w.masks[:])
	var inside, doubt uint64
	var closed, cr uint64
	mayOpen := uint64(1) // the bit carried over from the word before; so are closed and cr
	for i := range w.masks[:words] {
		m := &w.masks[i]
		in := prefixXor(m.quote) ^ inside
		inside = uint64(int64(in) >> 63)
		newline := m.newline &^ in
		separator := m.delimiter&^in | newline
		newlines += bits.OnesCount64(newline)
		w.separators[i] = separator

		opens, closes := m.quote&in, m.quote&^in
		doubt |= opens &^ ((separator|closes)<<1 | mayOpen)
		mayOpen = (separator | closes) >> 63

		after := closes<<1 | closed
		closed = closes >> 63
		after &^= separator | m.quote
		doubt |= after &^ m.cr
		lineEnd := after & m.cr
		doubt |= (lineEnd<<1 | cr) &^ newline
		cr = lineEnd >> 63
	}
	return newlines, doubt == 0
}
