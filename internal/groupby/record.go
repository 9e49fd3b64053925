package groupby

import (
	"bytes"
	"strings"
)

// Fields stay CSV-escaped, with each quote in them doubled: no copy is needed,
// escaping preserves equality and order, and results need them escaped again. What
// is shown to people is unescaped.

// unescape returns a field without its escapes.
func unescape(field []byte) string { return strings.ReplaceAll(string(field), `""`, `"`) }

// record is one record, read the exact way.
type record struct {
	text   []byte   // the fields' bytes, escaped, and padding after them
	ends   []uint32 // of each field in text; a field starts where the one before ends
	size   int      // bytes of the record in the input, with its line break
	blank  bool
	hasNUL int // the first field with a NUL, -1 for none
}

// parse reads the record at the beginning of data, where the delimiter stands the given number of
// times between two fields. incomplete means that data ends before the record does. problem says
// what is wrong with the quotes or the delimiters; size is then that of the record's first line.
func (r *record) parse(data []byte, delimiter byte, times int) (problem string, incomplete bool) {
	r.text, r.ends, r.hasNUL, r.blank = r.text[:0], r.ends[:0], -1, false
	wrong := func(p string) (string, bool) {
		r.size = bytes.IndexByte(data, '\n') + 1
		return p, r.size == 0 || p == openQuote
	}
	for i := 0; ; {
		if i < len(data) && data[i] == '"' {
			for i++; ; {
				n := bytes.IndexByte(data[i:], '"')
				if n < 0 {
					return wrong(openQuote)
				}
				r.text = append(r.text, data[i:i+n]...)
				i += n + 1
				if i == len(data) || data[i] != '"' {
					break
				}
				r.text = append(r.text, `""`...)
				i++
			}
			if i == len(data) {
				return "", true
			}
		} else {
			start := i
			for i < len(data) && data[i] != delimiter && data[i] != '\n' && data[i] != '"' {
				i++
			}
			if i == len(data) {
				return "", true
			}
			if data[i] == '"' {
				return wrong(bareQuote)
			}
			end := i
			if data[i] == '\n' && end > start && data[end-1] == '\r' {
				end--
			}
			r.text = append(r.text, data[start:end]...)
			r.blank = data[i] == '\n' && start == 0 && end == 0
		}
		if data[i] == '\r' {
			if i+1 == len(data) {
				return "", true
			}
			if data[i+1] == '\n' {
				i++
			}
		}
		if data[i] != delimiter && data[i] != '\n' {
			return wrong(textAfterQuote)
		}
		if len(r.ends) > maxFields {
			return wrong(tooManyFields)
		}
		r.ends = append(r.ends, uint32(len(r.text)))
		if data[i] == '\n' {
			r.size = i + 1
			break
		}
		for end := i + times; i < end; i++ {
			if i == len(data) {
				return "", true
			}
			if data[i] != delimiter {
				return wrong(fewDelimiters)
			}
		}
	}
	if n := bytes.IndexByte(r.text, 0); n >= 0 {
		for r.hasNUL = 0; r.ends[r.hasNUL] <= uint32(n); r.hasNUL++ {
		}
	}
	r.text = append(r.text, padding[:]...)
	return "", false
}

// maxFields bounds the fields of a record, which are held together.
const maxFields = 1 << 16

// padding follows every text, so that whole words can be read at its end.
var padding [64]byte

// field is the i-th field.
func (r *record) field(i int) []byte {
	return r.text[r.start(i):r.ends[i]]
}

func (r *record) start(i int) uint32 {
	if i == 0 {
		return 0
	}
	return r.ends[i-1]
}
