package dialect

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"csv-pipeline/internal/chardet"
	"csv-pipeline/internal/encodings"
	"csv-pipeline/internal/groupby"
)

// charset is an encoding. UTF-8 and those of one byte a character have the bytes of
// ASCII as they are, so that a file is split before its cells are decoded; of the
// others all is decoded first.
type charset struct {
	name   string
	table  *[256][]byte // of one byte a character: each in UTF-8, nil where there is none
	wide   encoding.Encoding
	utf16  bool
	bigEnd bool
}

var (
	utf8Charset   = &charset{name: "utf-8"}
	utf16LE       = &charset{name: "utf-16le", utf16: true}
	utf16BE       = &charset{name: "utf-16be", utf16: true, bigEnd: true}
	windows1252   = tableCharset("windows-1252", charmap.Windows1252)
	byteOrderMark = []byte("\uFEFF")
)

// charsetNamed finds an encoding by the names that package encodings has.
func charsetNamed(name string) (*charset, error) {
	e, canonical, ok := encodings.Named(name)
	if !ok {
		return nil, &SettingError{"encoding", name, "auto, a name of the WHATWG encoding list such as utf-8, windows-1252, utf-16le or shift_jis, or a code page of DOS such as ibm850"}
	}
	switch canonical {
	case "utf-8":
		return utf8Charset, nil
	case "utf-16le", "utf-16":
		return utf16LE, nil
	case "utf-16be":
		return utf16BE, nil
	case "replacement":
		return nil, &SettingError{"encoding", name, "an encoding that can be read"}
	}
	if m, ok := e.(*charmap.Charmap); ok {
		return tableCharset(canonical, m), nil
	}
	return &charset{name: canonical, wide: e}, nil
}

func tableCharset(name string, m *charmap.Charmap) *charset {
	var table [256][]byte
	for i := range table {
		if r := m.DecodeByte(byte(i)); r != utf8.RuneError {
			table[i] = utf8.AppendRune(nil, r)
		}
	}
	return &charset{name: name, table: &table}
}

// first says whether all has to be decoded before a file is split.
func (c *charset) first() bool { return c.utf16 || c.wide != nil }

// reader decodes all of a text. What cannot be decoded becomes U+FFFD.
func (c *charset) reader(name string, r io.Reader) io.Reader {
	if c.utf16 {
		u := &utf16Reader{name: name, order: binary.LittleEndian, bigEnd: c.bigEnd}
		u.in, u.convert = r, u.whole
		if c.bigEnd {
			u.order = binary.BigEndian
		}
		return u
	}
	return c.wide.NewDecoder().Reader(r)
}

// decode is the cell in UTF-8; in scratch where it had to be made.
func (c *charset) decode(cell, scratch []byte) (decoded, used []byte) {
	if c.table == nil || isASCII(cell) {
		return cell, scratch
	}
	start := len(scratch)
	for _, b := range cell {
		scratch = append(scratch, c.table[b]...)
	}
	return scratch[start:], scratch
}

// undecodable is the place of the first byte of a text that the encoding does not
// have, or -1.
func (c *charset) undecodable(text []byte) int {
	switch {
	case c.table != nil:
		for i, b := range text {
			if c.table[b] == nil {
				return i
			}
		}
		return -1
	case c.first():
		return bytes.IndexRune(text, utf8.RuneError)
	}
	return invalidUTF8(text)
}

// invalidUTF8 is the place of the first byte that is no UTF-8, or -1.
func invalidUTF8(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	for i := 0; ; {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
}

// multiByte is the place of the first character of valid UTF-8 that takes several
// bytes, or -1.
func multiByte(text []byte) int {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		if r, n := utf8.DecodeRune(text[i:]); n > 1 && r != utf8.RuneError {
			return i
		}
		i++
	}
	return -1
}

func isASCII(s []byte) bool {
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

const decodedAtOnce = 32 << 10 // bytes

// decoder reads a text in UTF-8, of one that is not, piece by piece.
type decoder struct {
	in  io.Reader
	buf [decodedAtOnce]byte
	n   int // bytes in buf
	out []byte
	err error // after out

	// convert turns the whole characters of buf to UTF-8 in out, and leaves the rest in buf. It may
	// set err. final says that nothing follows.
	convert func(final bool)
}

func (d *decoder) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		n, err := d.in.Read(d.buf[d.n:])
		d.n += n
		d.err = err
		d.convert(err == io.EOF)
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// utf16Reader decodes UTF-16.
type utf16Reader struct {
	decoder
	name   string
	order  binary.ByteOrder
	bigEnd bool
	strict bool                        // U+FFFD is groupby.ErrDoubt
	text   [3 * decodedAtOnce / 2]byte // no character takes more in UTF-8 than its double
}

func (u *utf16Reader) whole(final bool) {
	out, i := u.text[:0], 0
	for i+1 < u.n {
		out, i = u.ascii(out, i)
		if i+1 >= u.n {
			break
		}
		c := rune(u.order.Uint16(u.buf[i:]))
		i += 2
		if utf16.IsSurrogate(c) {
			if i+1 >= u.n && (!final || c < 0xDC00) { // the other half is missing
				i -= 2
				break
			}
			pair := rune(utf8.RuneError)
			if i+1 < u.n {
				pair = utf16.DecodeRune(c, rune(u.order.Uint16(u.buf[i:])))
			}
			if c = pair; pair != utf8.RuneError {
				i += 2
			}
		}
		if u.strict && c == utf8.RuneError {
			u.err = groupby.ErrDoubt
		}
		out = utf8.AppendRune(out, c)
	}
	if final && i < u.n {
		u.err = &groupby.InputError{Name: u.name, Problem: "the UTF-16 text ends in the middle of a character: expected the whole file"}
		i = u.n
	}
	u.n = copy(u.buf[:], u.buf[i:u.n])
	u.out = out
}

// ascii appends characters of ASCII from buf[i:], four at a time, until there are others, and
// returns where it ended.
func (u *utf16Reader) ascii(out []byte, i int) ([]byte, int) {
	// Of each unit the high byte and the first bit of the low byte are zero.
	const others = 0xFF80FF80FF80FF80
	shift := 0
	if u.bigEnd {
		shift = 8
	}
	n := len(out)
	text := out[:cap(out)]
	for ; i+8 <= u.n && n+4 <= len(text); i, n = i+8, n+4 {
		units := bits.RotateLeft64(binary.LittleEndian.Uint64(u.buf[i:]), -shift)
		if units&others != 0 {
			break
		}
		units |= units >> 8
		units = units&0xFFFF | units>>16&0xFFFF0000
		binary.LittleEndian.PutUint32(text[n:], uint32(units))
	}
	return text[:n], i
}

// encodingName is how messages call a charset.
func (c *charset) String() string { return c.name }

// contradictory is the error of a text that is no UTF-8 in one line, and has letters of it in another:
// it is in two encodings, or in one of several that can look like UTF-8.
func contradictory(name string, text []byte, utf8Line, otherLine int64) error {
	e := &groupby.InputError{Name: name, Line: otherLine}
	if chardet.Mixed(text) {
		e.Problem = fmt.Sprintf("mixed encodings: this line is no UTF-8, line %d has letters of it; expected one encoding in all of the file; encoding: windows-1252 reads it all the same", utf8Line)
		return e
	}
	var names []string
	for _, g := range chardet.Rank(text) {
		names = append(names, g.Encoding)
	}
	e.Problem = fmt.Sprintf("the text is no UTF-8, and nothing tells its encoding, which may be %s; expected encoding to name it (processor describe shows what each makes of it)", strings.Join(names[:min(len(names), 5)], ", "))
	return e
}
