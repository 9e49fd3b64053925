package separators

import "math/bits"

// Kinds says which bytes that need care occur in a piece of text.
type Kinds uint8

// The bytes, which may occur together.
const (
	CR Kinds = 1 << iota
	Quote
)

// separate leaves in separators the delimiters and newlines outside quotes of
// a text that begins with a record, and counts the newlines. good is false
// where the quotes are not as they should be (or may not be: the text ends in
// the middle of it).
//
// The parity of the quotes up to a byte tells whether it is within quotes (see
// Langdale and Lemire, "Parsing Gigabytes of JSON per Second"), provided that
// a quote opens only after a separator, or after one that closes, which is
// then a doubled one, and that one that closes is followed by a separator, by
// CR LF, or by one that opens.
func separate(masks []masks64, separators []uint64) (newlines int, seen Kinds, good bool) {
	separators = separators[:len(masks)]
	var inside, doubt, anyCR, anyQuote uint64
	var closed, cr uint64
	mayOpen := uint64(1) // the bit carried over from the word before; so are closed and cr
	for i := range masks {
		m := &masks[i]
		anyCR |= m.cr
		anyQuote |= m.quote
		in := m.odd ^ inside
		inside = uint64(int64(in) >> 63)
		newline := m.newline &^ in
		separator := m.delimiter&^in | newline
		newlines += bits.OnesCount64(newline)
		separators[i] = separator

		opens, closes := m.quote&in, m.quote&^in
		doubt |= opens &^ ((separator|closes)<<1 | mayOpen)
		mayOpen = (separator | closes) >> 63

		after := (closes<<1 | closed) &^ (separator | m.quote)
		closed = closes >> 63
		doubt |= after &^ m.cr
		lineEnd := after & m.cr
		doubt |= (lineEnd<<1 | cr) &^ newline
		cr = lineEnd >> 63
	}
	if anyCR != 0 {
		seen |= CR
	}
	if anyQuote != 0 {
		seen |= Quote
	}
	return newlines, seen, doubt == 0
}
