package dialect

import (
	"encoding/binary"
	"io"
	"math/bits"
	"unicode/utf8"

	"csv-pipeline/internal/groupby"
)

// transcoder reads a text, which but for its encoding is plain, in UTF-8. Bytes that the encoding
// does not have are groupby.ErrDoubt: the exact way says what is wrong with them.
type transcoder struct {
	decoder
	charset *charset
	guessed bool                      // the encoding was found in the beginning, and the text may be UTF-8 after all
	text    [3*decodedAtOnce + 8]byte // no character of one byte takes more than three in UTF-8; words are written at its end

	characters [256]uint32 // the bytes of each in UTF-8, 0 where there is none
}

func newTranscoder(in io.Reader, c *charset, guessed bool) *transcoder {
	t := &transcoder{charset: c, guessed: guessed}
	t.in, t.convert = in, t.whole
	if c.table != nil {
		for i, character := range c.table {
			for j, b := range character {
				t.characters[i] |= uint32(b) << (8 * j)
			}
		}
	}
	return t
}

func (t *transcoder) whole(final bool) {
	used := t.n
	if !final && (t.charset.table == nil || t.guessed) {
		for i := used - 1; i >= max(0, used-utf8.UTFMax); i-- {
			if utf8.RuneStart(t.buf[i]) {
				if !utf8.FullRune(t.buf[i:used]) {
					used = i
				}
				break
			}
		}
	}
	text, ok := t.buf[:used], false
	if t.charset.table == nil {
		t.out, ok = append(t.text[:0], text...), utf8.Valid(text)
	} else {
		t.out, ok = t.fromTable(text)
	}
	if !ok {
		t.out, t.err = nil, groupby.ErrDoubt
	}
	t.n = copy(t.buf[:], t.buf[used:t.n])
}

// fromTable appends characters of one byte, those of ASCII up to eight at a time.
func (t *transcoder) fromTable(text []byte) (out []byte, ok bool) {
	const others = 0x8080808080808080
	n := 0
	for i := 0; i < len(text); i++ {
		for i+8 <= len(text) {
			word := binary.LittleEndian.Uint64(text[i:])
			binary.LittleEndian.PutUint64(t.text[n:], word)
			ascii := bits.TrailingZeros64(word&others) / 8
			if i, n = i+ascii, n+ascii; ascii < 8 {
				break
			}
		}
		if i == len(text) {
			break
		}
		c := text[i]
		if c >= utf8.RuneSelf && t.guessed && i+1 < len(text) && !utf8.RuneStart(text[i+1]) {
			if r, size := utf8.DecodeRune(text[i:]); size > 1 && r != utf8.RuneError {
				return nil, false
			}
		}
		character := t.characters[c]
		if character == 0 && c != 0 {
			return nil, false
		}
		binary.LittleEndian.PutUint32(t.text[n:], character)
		n += max(1, (bits.Len32(character)+7)/8)
	}
	return t.text[:n], true
}
