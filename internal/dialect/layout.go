package dialect

import (
	"bytes"
	"fmt"

	"csv-pipeline/internal/chardet"
	"csv-pipeline/internal/groupby"
)

// Layout is how a file is written, as it was said or found.
type Layout struct {
	Container   string // gzip, zstd, bzip2, xz, lz4, zip; "" for none
	Encoding    string
	Delimiter   string
	Quote       string   // "" where quotes mean nothing
	Escape      string   // "" where only a doubled quote is one
	HeaderLine  int64    // the last line of the header, from 1; 0 where there is none
	Header      []string // names, without the blanks around them
	headerText  string   // the header's last line as it stands
	headerStart int64    // where that begins, in bytes of the text after its mark
	passed      [2]int64 // the first and the last line before the header; 0 where none has anything

	charset    *charset
	delimiter  []byte
	blankAfter bool
	quote      byte
	escape     byte
	bom        int64 // bytes of the byte order mark
	start      int64 // of the first record, in bytes of the text after its mark
	line       int64 // on which that is
	width      int   // fields of the header, or of the first record
	required   int   // fields that every row needs
	fields     []int // for each column of the question its field
	found      assumptions
	before     *groupby.InputError // what was wrong before the assumptions were changed
	foreign    []byte              // some text that is no UTF-8, where its encoding is assumed
}

// Width is how many fields the header has, or the first record.
func (l *Layout) Width() int { return l.width }

// repeated says whether the delimiter is one byte, or one that is repeated.
func (l *Layout) repeated() bool {
	return len(l.delimiter) == 1 || l.delimiter[0] != ' ' && len(bytes.Trim(l.delimiter, string(l.delimiter[:1]))) == 0
}

// Guessed says whether the encoding is windows-1252 only since the bytes are no UTF-8.
func (l *Layout) Guessed() bool { return l.found.charset && l.charset == windows1252 }

// GuessNote says so, for whoever sees nothing else of the layout. It is "" where the encoding is sure.
func (l *Layout) GuessNote() string {
	if !l.Guessed() {
		return ""
	}
	note := "the text is no UTF-8 and was read as " + l.Encoding + "; where its letters are wrong, encoding names another"
	if len(l.foreign) > 0 {
		if likely := chardet.Rank(l.foreign)[0].Encoding; likely != l.Encoding {
			note += ", such as " + likely + ", which is likelier"
		}
	}
	return note
}

// Blank says whether a blank belongs to each delimiter.
func (l *Layout) Blank() bool { return l.blankAfter }

// Found are sentences on what a layout has that the simplest files have not.
func (l *Layout) Found() (found []string) {
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if l.Container != "" {
		add("packed by %s", l.Container)
	}
	if l.Encoding != utf8Charset.name {
		add("encoding %s", l.Encoding)
	}
	if l.Delimiter != "," {
		add("delimiter %q", l.Delimiter)
	}
	if l.blankAfter {
		add("a blank after each delimiter")
	}
	if l.Quote != `"` && l.Quote != "" {
		add("quotes %s", l.Quote)
	}
	if l.Escape != "" {
		add("escape character %s", l.Escape)
	}
	if l.HeaderLine > 1 && l.passed[0] == 0 {
		add("header in line %d", l.HeaderLine)
	}
	return found
}

// Passed says which lines before the header were left out: they may be another table. It is "" where
// there are none.
func (l *Layout) Passed() string {
	switch first, last := l.passed[0], l.passed[1]; {
	case first == 0:
		return ""
	case first == last:
		return fmt.Sprintf("line %d was left out: the header is in line %d", first, l.HeaderLine)
	default:
		return fmt.Sprintf("lines %d to %d were left out: the header is in line %d", first, last, l.HeaderLine)
	}
}
