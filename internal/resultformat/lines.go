package resultformat

import (
	"bufio"
	"unicode/utf8"
)

// lines writes JSON Lines.
type lines struct {
	to    *bufio.Writer
	names [][]byte // as JSON, with the colon
	types []columnType
	line  []byte
}

func newLines(to *bufio.Writer, names []string, types []columnType) *lines {
	l := &lines{to: to, types: types}
	for _, name := range names {
		l.names = append(l.names, append(appendText(nil, []byte(name)), ':'))
	}
	return l
}

func (l *lines) row(cells [][]byte) error {
	b := append(l.line[:0], '{')
	for i, c := range cells {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, l.names[i]...)
		switch kind := l.types[i].kind; {
		case len(c) == 0:
			b = append(b, "null"...)
		case kind == booleanKind:
			b = append(b, c...)
		case kind.number():
			b = appendNumber(b, c)
		default:
			b = appendText(b, c)
		}
	}
	l.line = append(b, '}', '\n')
	_, err := l.to.Write(l.line)
	return err
}

func (l *lines) finish() error { return nil }

// appendNumber writes a number as it is, but for .5, which JSON does not have.
func appendNumber(b, c []byte) []byte {
	if c[0] == '-' {
		b, c = append(b, '-'), c[1:]
	}
	if c[0] == '.' {
		b = append(b, '0')
	}
	return append(b, c...)
}

func appendText(b, text []byte) []byte {
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return appendEscaped(b, text)
		}
	}
	b = append(append(b, '"'), text...)
	return append(b, '"')
}

const hex = "0123456789abcdef"

func appendEscaped(b, text []byte) []byte {
	b = append(b, '"')
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r == '\t':
			b = append(b, '\\', 't')
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		case r == utf8.RuneError && n == 1:
			b = append(b, "\ufffd"...)
		default:
			b = append(b, text[:n]...)
		}
		text = text[n:]
	}
	return append(b, '"')
}
