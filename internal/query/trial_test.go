package query

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"csv-pipeline/internal/dialect"
)

// trial is a random file with the settings that read it, and a question.
type trial struct {
	questions
	input     dialect.Settings
	delimiter string
	quote     string // "": none
	escape    string // "": a doubled quote alone
	decimal   string
	group     string
	format    string   // of times, as package time has it; "" for ISO 8601
	names     []string // of the columns: their numbers where there is no header
	text      string
	encoding  string
}

var columnNames = []string{"k", "v", "q", "t"}

func newTrial(r questions) *trial {
	o := &trial{questions: r, delimiter: r.pick(",", ";", "\t", "|", "||", "~", ", "), quote: r.pick(`"`, `"`, "'", ""), decimal: r.pick(".", ".", ",")}
	o.input.Delimiter, o.input.QuoteChar = o.delimiter, o.quote
	if o.quote == "" {
		o.input.QuoteChar = dialect.None
	} else if r.IntN(3) == 0 {
		o.escape = `\`
		o.input.EscapeChar = o.escape
	}
	if strings.Contains(o.delimiter, ",") {
		o.decimal = "."
	}
	o.input.DecimalChar = o.decimal
	if r.IntN(3) == 0 {
		if o.group = r.pick(".", ",", "'", " "); o.group == o.decimal || strings.Contains(o.delimiter, o.group) || o.group == o.quote {
			o.group = ""
		}
		if o.input.GroupChar = o.group; o.group == " " {
			o.input.GroupChar = dialect.Space
		}
	}
	if r.IntN(3) == 0 {
		o.format = "02.01.2006"
		o.input.DateFormats = []string{"%d.%m.%Y"}
	}
	if r.IntN(3) == 0 {
		o.input.CommentPrefix = r.pick("#", "//", "rem ")
	}
	if r.IntN(3) == 0 {
		o.input.MissingValues = [][]string{{"NA"}, {"-", "null"}, {"0"}, {dialect.Common}}[r.IntN(4)]
	}
	o.input.Trim = r.IntN(4) == 0
	if r.IntN(3) == 0 {
		o.input.RaggedRows = dialect.Pad
	}
	if r.IntN(2) == 0 {
		o.input.OnBadRow, o.input.MaxBadShare = dialect.Skip, 1
	}
	if r.IntN(5) == 0 {
		o.input.SkipFooter = 1 + r.IntN(3)
	}
	o.names = columnNames
	if r.IntN(5) == 0 {
		o.input.Header.None, o.names = true, []string{"#1", "#2", "#3", "#4"}
	} else if r.IntN(5) == 0 {
		o.input.SkipRowsAfterHeader = 1 + r.IntN(2)
	}
	o.write()
	return o
}

func (o *trial) col(i int) *tree { return &tree{op: "column", text: o.names[i]} }

func (o *trial) number() string {
	whole, digits := strconv.Itoa(o.IntN(3)*o.IntN(2000)), o.IntN(4)
	if o.group != "" && len(whole) > 3 && o.IntN(2) == 0 {
		whole = whole[:len(whole)-3] + o.group + whole[len(whole)-3:]
	}
	if o.IntN(3) == 0 {
		whole = o.pick("-", "-", "+") + whole
	}
	if digits > 0 {
		whole += o.decimal + fmt.Sprintf("%0*d", digits, o.IntN(1000))[:digits]
	}
	return whole
}

// cell writes a cell.
func (o *trial) cell(s string) string {
	if o.quote == "" {
		return strings.NewReplacer(o.delimiter, "", "\n", "").Replace(s)
	}
	special := strings.ContainsAny(s, "\r\n"+o.quote+o.escape) || strings.ContainsAny(s, strings.TrimSpace(o.delimiter)) || strings.Contains(s, o.delimiter)
	if !special && o.IntN(4) > 0 {
		return s
	}
	if o.escape != "" {
		s = strings.NewReplacer(o.escape, o.escape+o.escape, o.quote, o.escape+o.quote).Replace(s)
	} else {
		s = strings.ReplaceAll(s, o.quote, o.quote+o.quote)
	}
	return o.quote + s + o.quote
}

func (o *trial) write() {
	var b strings.Builder
	end := o.pick("\n", "\n", "\r\n", "\r")
	line := func(cells ...string) { b.WriteString(strings.Join(cells, o.delimiter) + end) }
	if n := o.IntN(3); o.IntN(3) == 0 && n > 0 {
		if o.input.SkipRows = n; o.IntN(2) == 0 && !o.input.Header.None {
			o.input.SkipRows, o.input.Header.Lines = 0, []int{n + 1}
		}
		for range n {
			b.WriteString(o.pick("a report", "made on 2024-01-05", "k", "x") + end)
		}
	}
	if !o.input.Header.None {
		line(columnNames...)
	}
	moment := func() string {
		if o.format != "" {
			return o.pick("", "31.01.2024", "01.12.2023", "03.01.2021", "30.12.2024", "soon")
		}
		return o.pick("", "2024-01-31", "2024-01-31T10:00:00Z", "2023-12-01 05:06", "2021-01-03", "2024-12-30 23:59:59", "2024-01-31")
	}
	odd := o.IntN(2) * o.IntN(10)
	rows := o.IntN(40)
	if o.input.Header.None {
		rows++ // whose first says how wide the table is
	}
	for i := range rows {
		if p := o.input.CommentPrefix; p != "" && o.IntN(6) == 0 {
			b.WriteString(p + o.pick("", " a comment", ` "open`, o.delimiter+o.delimiter) + end)
		}
		k := o.pick("a", "b", "c", "A", "", "NA", "-", "é", "two words", " x ", `say "hi"`, "it's", `back\slash`, "a;b", "c,d", "e|f", "ab", "100", "ÄÖ")
		row := []string{o.cell(k), o.cell(o.pick("", o.number(), o.number())), o.cell(o.pick(o.number(), o.number(), "0", "7", "")), o.cell(moment())}
		if odd > 0 && o.IntN(40) < odd && i > 0 {
			switch o.IntN(8) {
			case 0:
				row[1] = o.pick("soon", "NA", "-", " 7 ", "1e3", "x1")
			case 1:
				row = row[:1+o.IntN(3)]
			case 2:
				row = append(row, "")
			case 3:
				row = append(row, "more")
			case 4:
				row = columnNames
			case 5:
				row[3] = o.pick("soon", "2024-13-01", "")
			case 6:
				b.WriteString(o.pick("", " ") + end)
			}
		}
		if row[0] == "" && len(row) == 1 || strings.TrimSpace(strings.Join(row, "")) == "" {
			row[0] = "w"
		}
		line(row...)
	}
	for i := range o.input.SkipFooter {
		b.WriteString("footer " + strconv.Itoa(i) + end)
	}
	o.text = b.String()
	o.encoding = o.pick("", "", "", "windows-1252", "utf-16le", "utf-8")
	o.input.Encoding = o.encoding
}

func (o *trial) bytes() []byte {
	var out []byte
	var err error
	switch out = []byte(o.text); o.encoding {
	case "windows-1252":
		out, err = charmap.Windows1252.NewEncoder().Bytes(out)
	case "utf-16le":
		out, err = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().Bytes(out)
	}
	if err != nil {
		panic(err)
	}
	return out
}

// The questions.

func (o *trial) numeric(depth int) *tree {
	if depth == 0 || o.IntN(4) == 0 {
		switch o.IntN(6) {
		case 0, 1:
			return o.col(1)
		case 2, 3:
			return o.col(2)
		}
		return num(o.pick("1", "2.50", "0.125", "100", "7"))
	}
	a, b := func() *tree { return o.numeric(depth - 1) }, func() *tree { return o.numeric(depth - 1) }
	switch o.IntN(15) {
	case 0, 1:
		return node("*", a(), b())
	case 2, 3:
		return node("+", a(), b())
	case 4, 5:
		return node("-", a(), b())
	case 6:
		return node("minus", a())
	case 7:
		return node(o.pick("abs", "floor", "ceil", "round", "number()"), a())
	case 8:
		return node("round", a(), num(strconv.Itoa(o.IntN(4))))
	case 9:
		return node("case", o.logical(depth-1), a(), b())
	case 10:
		return node("case", o.logical(depth-1), a())
	case 11:
		return node("coalesce", a(), b())
	case 12:
		return node("nullif", a(), b())
	case 13:
		return o.either(node("year", o.col(3)), node("weekday", o.col(3)), node("length", o.textual(depth-1)))
	}
	return node("/", a(), b())
}

func (o *trial) either(of ...*tree) *tree { return of[o.IntN(len(of))] }

func (o *trial) textual(depth int) *tree {
	if depth <= 0 || o.IntN(3) == 0 {
		return o.either(o.col(0), o.col(0), o.col(0), o.col(3), o.col(1), str("x"), str("it's"))
	}
	x := o.textual(depth - 1)
	switch o.IntN(10) {
	case 0:
		return node(o.pick("lower", "upper", "trim"), x)
	case 1:
		return node("coalesce", x, str("none"))
	case 2:
		return node("case", o.logical(depth-1), x, o.logical(depth-1), str("second"), o.col(0))
	case 3, 4:
		return node(o.pick("quarter", "month", "week", "day", "date", "hour"), o.col(3))
	case 5:
		return node("substr", x, num(strconv.Itoa(o.IntN(4))), num(strconv.Itoa(o.IntN(4))))
	case 6:
		return node("replace", x, str("a"), str("''b"))
	case 7:
		return node("concat", x, o.numeric(depth-1), o.col(0))
	case 8:
		return node("||", x, o.either(str("-"), o.numeric(depth-1)))
	}
	return node("nullif", x, str("a"))
}

func (o *trial) logical(depth int) *tree {
	if depth > 0 && o.IntN(2) == 0 {
		switch o.IntN(3) {
		case 0:
			return node("not", o.logical(depth-1))
		case 1:
			return node("and", o.logical(depth-1), o.logical(depth-1))
		}
		return node("or", o.logical(depth-1), o.logical(depth-1))
	}
	d := max(0, depth-1)
	compare := func(a, b *tree) *tree { return node(o.pick("=", "<>", "<", "<=", ">", ">="), a, b) }
	switch o.IntN(11) {
	case 10:
		return compare(o.either(o.col(3), o.textual(d)), o.either(str("31.01.2024"), str("2024-02-05"), o.col(3)))
	case 0, 1:
		return compare(o.textual(d), o.either(str("a"), str("b"), str("100"), str("2024")))
	case 2:
		return node(o.pick("in", "not in"), o.textual(d), str("a"), str("NA"), o.either(str("x"), node("null")))
	case 3:
		return node(o.pick("in", "not in"), o.numeric(d), num("7"), o.numeric(d))
	case 4:
		return node(o.pick("like", "not like"), o.textual(d), str(o.pick("a%", "_", "%x%", "%", "", "a.", "é")))
	case 5:
		return node(o.pick("is null", "is not null"), o.either(o.textual(d), o.numeric(d), o.logical(d)))
	case 6:
		return node(o.pick("between", "not between"), o.numeric(d), o.numeric(d), num("100"))
	case 7:
		return compare(o.col(1), o.either(o.col(2), o.col(0), o.col(3)))
	}
	return compare(o.numeric(d), o.numeric(d))
}
