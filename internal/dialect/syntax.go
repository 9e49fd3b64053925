package dialect

import "bytes"

// syntax is how records are written.
type syntax struct {
	delimiter  []byte
	blankAfter bool // a blank follows each delimiter and belongs to it
	quote      byte // 0: none
	escape     byte // 0: none
	comment    []byte
	stops      [256]bool // what may end an unquoted run
}

func newSyntax(delimiter []byte, quote, escape byte, comment []byte) *syntax {
	s := &syntax{delimiter: delimiter, quote: quote, escape: escape, comment: comment}
	s.stops[delimiter[0]], s.stops['\n'], s.stops['\r'] = true, true, true
	if escape != 0 {
		s.stops[escape] = true
	}
	return s
}

// field is a cell of a record: the bytes between start and end, without its quotes.
type field struct {
	from       int // where it begins, with its quote and the blanks before that
	start, end int
	quoted     bool
	doubled    bool // a doubled quote in it is one
	escaped    bool // it has escapes
}

// kind is what the parser found.
type kind uint8

const (
	row kind = iota
	blank
	incomplete // the text ends before the record
	malformed
)

// What is wrong with a record.
const (
	textAfterQuote = "text after a closing quote: expected a delimiter or a line break there, or quotes within a field doubled"
	openQuote      = "a quote is opened and never closed"
	recordTooLong  = "a record of more than 16 MiB: expected a line break, or a quote to be closed, before"
	nulByte        = "a NUL byte: expected text"
	tooManyFields  = "more than 65536 columns: expected fewer, or another delimiter"
)

// maxColumns bounds the fields of a record, which are held together.
const maxColumns = 1 << 16

// maxRecord is the most bytes of a record, which the engine has to hold, too.
const maxRecord = 16<<20 - 1

// record is what the parser found at the beginning of a text.
type record struct {
	fields  []field
	size    int    // bytes, with the line end
	end     int    // bytes, without it
	quoted  bool   // some field is in quotes
	noBlank bool   // a delimiter is not followed by the blank that belongs to it
	problem string // of one that is malformed
	field   int    // where the problem is: the field's number, from 0
	at      int    // and its first byte
}

// parse reads the record at the beginning of data, after which nothing comes where
// final is set. A malformed record is its first line.
func (s *syntax) parse(data []byte, final bool, r *record) kind {
	r.fields, r.quoted, r.noBlank = r.fields[:0], false, false
	if k, done := s.blankLine(data, final, r); done {
		return k
	}
	delimiter, d0, single := s.delimiter, s.delimiter[0], len(s.delimiter) == 1
	i := 0
	for {
		f := field{from: i, start: i}
		if s.quote != 0 {
			at := i
			for at < len(data) && (data[at] == ' ' || data[at] == '\t') && data[at] != d0 {
				at++
			}
			if at == len(data) && !final {
				return incomplete
			}
			if at < len(data) && data[at] == s.quote {
				next, k, problem := s.quoted(data, at+1, final, &f)
				if k != row {
					r.at = at
					return s.wrong(data, final, r, k, problem)
				}
				r.quoted = true
				i = next
				goto separator
			}
		}
		for {
			for i < len(data) && !s.stops[data[i]] {
				i++
			}
			if i == len(data) {
				if !final {
					return incomplete
				}
				break
			}
			if c := data[i]; c == s.escape && c != 0 {
				if i+1 == len(data) {
					if !final {
						return incomplete
					}
					i++
					break
				}
				f.escaped = true
				i += 2
				continue
			}
			if c := data[i]; c == d0 && !single {
				if len(data)-i < len(delimiter) && !final {
					return incomplete
				}
				if !bytes.HasPrefix(data[i:], delimiter) {
					i++
					continue
				}
			}
			break
		}
		f.end = i
	separator:
		if len(r.fields) > maxColumns { // one more, for a delimiter at the end
			r.at = f.from
			return s.wrong(data, final, r, malformed, tooManyFields)
		}
		r.fields = append(r.fields, f)
		if i == len(data) {
			r.end, r.size = i, i
			return row
		}
		if data[i] == '\n' || data[i] == '\r' {
			return s.finish(data, i, final, r)
		}
		i += len(delimiter)
		if s.blankAfter {
			if i == len(data) && !final {
				return incomplete
			}
			if i < len(data) && data[i] == ' ' {
				i++
			} else if i < len(data) && data[i] != '\n' && data[i] != '\r' {
				r.noBlank = true
			}
		}
	}
}

// finish takes the line end at i.
func (s *syntax) finish(data []byte, i int, final bool, r *record) kind {
	size, ok := lineEnd(data, i, final)
	if !ok {
		return incomplete
	}
	r.end, r.size = i, i+size
	return row
}

// lineEnd is the length of the line end at i, which is LF, CR LF or CR.
func lineEnd(data []byte, i int, final bool) (size int, ok bool) {
	if data[i] == '\n' {
		return 1, true
	}
	if i+1 == len(data) {
		return 1, final
	}
	if data[i+1] == '\n' {
		return 2, true
	}
	return 1, true
}

// quoted reads a field from behind its opening quote, and returns what comes behind
// it: a delimiter, a line end, or the end of data.
func (s *syntax) quoted(data []byte, i int, final bool, f *field) (next int, k kind, problem string) {
	f.start, f.quoted = i, true
	for {
		if s.escape == 0 {
			n := bytes.IndexByte(data[i:], s.quote)
			if n < 0 {
				return i, incomplete, openQuote
			}
			i += n
		} else {
			for i < len(data) && data[i] != s.quote && data[i] != s.escape {
				i++
			}
			if i < len(data) && data[i] == s.escape {
				f.escaped = true
				i += 2
				continue
			}
			if i >= len(data) {
				return i, incomplete, openQuote
			}
		}
		if i+1 < len(data) && data[i+1] == s.quote {
			f.doubled = true
			i += 2
			continue
		}
		break
	}
	f.end = i
	i++
	for i < len(data) && (data[i] == ' ' || data[i] == '\t') && data[i] != s.delimiter[0] {
		i++
	}
	switch {
	case i == len(data):
		if final {
			return i, row, ""
		}
		return i, incomplete, ""
	case data[i] == '\n' || data[i] == '\r' || bytes.HasPrefix(data[i:], s.delimiter):
		return i, row, ""
	case !final && len(data)-i < len(s.delimiter):
		return i, incomplete, ""
	}
	return i, malformed, textAfterQuote
}

// wrong ends a record whose quotes are wrong with its first line.
func (s *syntax) wrong(data []byte, final bool, r *record, k kind, problem string) kind {
	if k == incomplete && !final && len(data) <= maxRecord {
		return incomplete
	}
	if problem == openQuote && !final {
		problem = recordTooLong
	}
	r.problem, r.field = problem, len(r.fields)
	r.end = bytes.IndexAny(data, "\r\n")
	if r.end < 0 {
		if !final && len(data) <= maxRecord {
			return incomplete
		}
		r.end, r.size = len(data), len(data)
		return malformed
	}
	size, ok := lineEnd(data, r.end, final)
	if !ok {
		return incomplete
	}
	r.size = r.end + size
	return malformed
}

// blankLine passes over a line of nothing but blanks, and over a comment.
func (s *syntax) blankLine(data []byte, final bool, r *record) (k kind, done bool) {
	i := 0
	if len(s.comment) > 0 {
		if len(data) < len(s.comment) && !final && bytes.HasPrefix(s.comment, data) {
			return incomplete, true
		}
		if bytes.HasPrefix(data, s.comment) {
			i = bytes.IndexAny(data, "\r\n")
			if i < 0 {
				i = len(data)
			}
			return s.endBlank(data, i, final, r), true
		}
	}
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\v' || data[i] == '\f') && (data[i] != s.delimiter[0] || data[i] == ' ') {
		i++
	}
	if i < len(data) && data[i] != '\n' && data[i] != '\r' {
		return row, false
	}
	if i == len(data) && i == 0 && !final {
		return incomplete, true
	}
	return s.endBlank(data, i, final, r), true
}

func (s *syntax) endBlank(data []byte, i int, final bool, r *record) kind {
	r.end, r.size = i, i
	if i == len(data) {
		if !final {
			return incomplete
		}
		return blank
	}
	size, ok := lineEnd(data, i, final)
	if !ok {
		return incomplete
	}
	r.size += size
	return blank
}

// lines counts the line ends of a text that ends with one.
func lines(text []byte) int64 {
	n := bytes.Count(text, []byte{'\n'})
	for i := bytes.IndexByte(text, '\r'); i >= 0; {
		if i+1 == len(text) || text[i+1] != '\n' {
			n++
		}
		next := bytes.IndexByte(text[i+1:], '\r')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return int64(n)
}

// appendCell appends a field as it is meant: its quotes and escapes undone.
func (s *syntax) appendCell(dst, data []byte, f field) []byte {
	cell := data[f.start:f.end]
	if !f.doubled && !f.escaped {
		return append(dst, cell...)
	}
	for i := 0; i < len(cell); i++ {
		c := cell[i]
		switch {
		case f.escaped && c == s.escape && i+1 < len(cell):
			i++
			c = cell[i]
		case f.doubled && c == s.quote && i+1 < len(cell) && cell[i+1] == s.quote:
			i++
		}
		dst = append(dst, c)
	}
	return dst
}

// cell is a field as it is meant; in scratch where it had to be made.
func (s *syntax) cell(data []byte, f field, scratch []byte) (cell, used []byte) {
	if !f.doubled && !f.escaped {
		return data[f.start:f.end], scratch
	}
	start := len(scratch)
	scratch = s.appendCell(scratch, data, f)
	return scratch[start:], scratch
}
