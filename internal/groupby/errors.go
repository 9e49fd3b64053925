package groupby

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// InputError says that the input itself is wrong. It is permanent: reading
// the same bytes again cannot help.
type InputError struct {
	Name    string  // the input's name, as in Input.Name
	Line    int64   // physical line on which the record starts, from 1; 0 where the whole file is meant
	Column  string  // the column's name, "" where no single one is meant
	Field   string  // the offending value, "" where it is of no use
	Problem string  // what is wrong and what was expected
	Row     Excerpt // of the record; zero where the whole file is meant, or a row that is skipped
	// Header is the first record, where a column that the plan names is not in it.
	Header []string

	// TooWide says that numbers of a column, PlanColumn of Plan.Columns or -1 for any,
	// take more digits than a decimal here has: doubles would hold them.
	TooWide    bool
	PlanColumn int

	number int // of the field in the record, from 1; 0 where no single one is meant
}

// show adds the text of the record, which text begins with and size bytes of it take.
func (e *InputError) show(text []byte, size int, delimiter byte) {
	e.Row = excerpt(text[:size], delimiter, e.number-1)
}

// What is wrong with a record.
const (
	fewDelimiters   = "a delimiter that stands fewer times than between fields" // is ErrDoubt
	bareQuote       = "a quote within a field that does not begin with one: expected the whole field in quotes and quotes within it doubled"
	textAfterQuote  = "text after a closing quote: expected a delimiter or a line break there, or quotes within a field doubled"
	openQuote       = "a quote is opened and never closed"
	recordTooLong   = "a record of more than 16 MiB: expected a line break, or a quote to be closed, before"
	tooManyFields   = "more than 65536 columns: expected fewer, or another delimiter"
	nulByte         = "a NUL byte: expected text in UTF-8 or another ASCII-compatible encoding"
	notNumber       = "is not a number"
	otherNumber     = "is a number in another format than that of the file"
	tooManyDecimals = "has more than 18 digits after the point"
	tooManyDigits   = "has more than 37 digits"
)

func wrongWidth(got, want int) string {
	fields := "fields"
	if got == 1 {
		fields = "field"
	}
	return fmt.Sprintf("%d %s, expected %d as in the first record", got, fields, want)
}

// tooManyBadRows is the error of the first bad row, which says why and where to look.
func tooManyBadRows(first *InputError, bad, total int64, share float64) error {
	e := *first
	e.Problem = fmt.Sprintf("%s; %d of %d rows are bad, expected at most %.4g %%; this is the first", first.Problem, bad, total, 100*share)
	return &e
}

// noRecord is the error of an input without a header, or without rows where there is
// none: most often the program that writes the file has not begun, or has failed.
func (p *Plan) noRecord(name string, size int64) error {
	problem := "the file is empty"
	if size > 0 {
		problem = "the file has no line that is not blank"
	}
	if p.noHeader {
		return &InputError{Name: name, Problem: problem + ": expected rows"}
	}
	var names []string
	for _, ref := range p.columns {
		if ref.number == 0 && !slices.Contains(names, ref.name) {
			names = append(names, ref.name)
		}
	}
	if problem += ": expected a header line"; len(names) > 0 {
		problem += " with " + QuoteList(names)
	}
	return &InputError{Name: name, Problem: problem}
}

// QuoteList is names for a message, the first few of them.
func QuoteList(names []string) string {
	const most, mostBytes = 12, 120
	var b strings.Builder
	for i, name := range names {
		if i == most || b.Len() > mostBytes {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if runes := []rune(name); len(runes) > 32 {
			name = string(runes[:32]) + "…"
		}
		fmt.Fprintf(&b, "%q", name)
	}
	return b.String()
}

// fieldInMessage bounds how much of an offending field is quoted, in bytes.
const fieldInMessage = 64

// Error formats as `20220101.csv:17: quantity: "abc" is not a number`.
func (e *InputError) Error() string {
	var b strings.Builder
	b.WriteString(e.Name)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	b.WriteString(e.Reason())
	return b.String()
}

// inMessage is a name of the file's as a message has it, in one line and not too long.
func inMessage(name string) string {
	if strings.ContainsFunc(name, unicode.IsControl) {
		name = strconv.Quote(name)
	}
	if len(name) > fieldInMessage {
		name = strings.ToValidUTF8(name[:fieldInMessage], "") + "…"
	}
	return name
}

// Reason is the message without the position.
func (e *InputError) Reason() string {
	var b strings.Builder
	if e.Column != "" {
		b.WriteString(inMessage(e.Column) + ": ")
	}
	if e.Field != "" {
		field, more := e.Field, ""
		if len(field) > fieldInMessage {
			field, more = field[:fieldInMessage], "…"
		}
		b.WriteString(strconv.Quote(field) + more + " ")
	}
	b.WriteString(e.Problem)
	return b.String()
}
