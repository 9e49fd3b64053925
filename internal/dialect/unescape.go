package dialect

import (
	"bytes"
	"io"

	"csv-pipeline/internal/groupby"
)

// unescaper reads a text with escapes as RFC 4180 has it: an escaped quote is doubled, and of other
// escapes what they escape is left. An escape outside of quotes, or of a byte that is not printable
// ASCII, is groupby.ErrDoubt.
type unescaper struct {
	decoder
	escape byte
	quoted bool // within quotes, where buf begins
	text   [decodedAtOnce]byte
}

func newUnescaper(in io.Reader, escape byte) *unescaper {
	u := &unescaper{escape: escape}
	u.in, u.convert = in, u.whole
	return u
}

func (u *unescaper) whole(final bool) {
	rest, out := u.buf[:u.n], u.text[:0]
	for {
		i := bytes.IndexByte(rest, u.escape)
		if i < 0 {
			i = len(rest)
		}
		u.quoted = u.quoted != (bytes.Count(rest[:i], []byte{'"'})%2 == 1)
		out, rest = append(out, rest[:i]...), rest[i:]
		if len(rest) < 2 && (len(rest) == 0 || !final) {
			break
		}
		if len(rest) < 2 || !u.quoted || rest[1] < ' ' || rest[1] > '~' {
			u.out, u.err = nil, groupby.ErrDoubt
			return
		}
		if rest[1] == '"' {
			out = append(out, '"')
		}
		out, rest = append(out, rest[1]), rest[2:]
	}
	u.out = out
	u.n = copy(u.buf[:], rest)
}
