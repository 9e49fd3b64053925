package query

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"csv-pipeline/internal/dialect"
)

// The simple twin of reading: a text, as the settings of a trial say, is a header and rows.

// trial is a random file with the settings that read it, and a question.
type trial struct {
	questions
	input     dialect.Settings
	delimiter string
	quote     string // "": none
	escape    string // "": a doubled quote alone
	decimal   string
	group     string
	format    string // of times, as package time has it; "" for ISO 8601
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
	if r.IntN(5) == 0 {
		o.input.SkipRowsAfterHeader = 1 + r.IntN(2)
	}
	o.write()
	return o
}

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
		if o.input.SkipRows = n; o.IntN(2) == 0 {
			o.input.SkipRows, o.input.Header.Lines = 0, []int{n + 1}
		}
		for range n {
			b.WriteString(o.pick("a report", "made on 2024-01-05", "k", "x") + end)
		}
	}
	line(columnNames...)
	moment := func() string {
		if o.format != "" {
			return o.pick("", "31.01.2024", "01.12.2023", "03.01.2021", "30.12.2024", "soon")
		}
		return o.pick("", "2024-01-31", "2024-01-31T10:00:00Z", "2023-12-01 05:06", "2021-01-03", "2024-12-30 23:59:59", "2024-01-31")
	}
	odd := o.IntN(2) * o.IntN(10)
	for range o.IntN(40) {
		if p := o.input.CommentPrefix; p != "" && o.IntN(6) == 0 {
			b.WriteString(p + o.pick("", " a comment", ` "open`, o.delimiter+o.delimiter) + end)
		}
		k := o.pick("a", "b", "c", "A", "", "NA", "-", "é", "two words", " x ", `say "hi"`, "it's", `back\slash`, "a;b", "c,d", "e|f", "ab", "100", "ÄÖ")
		row := []string{o.cell(k), o.cell(o.pick("", o.number(), o.number())), o.cell(o.pick(o.number(), o.number(), "0", "7", "")), o.cell(moment())}
		if odd > 0 && o.IntN(40) < odd {
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

// field is a cell as it stands, between its quotes if it has any, and what it says.
type field struct{ raw, text string }

// records splits the text, whose first lines are no table.
func (o *trial) records() (all [][]field) {
	rest := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(o.text)
	skip := o.input.SkipRows
	if len(o.input.Header.Lines) > 0 {
		skip = o.input.Header.Lines[0] - 1
	}
	for range skip {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		if p := o.input.CommentPrefix; p != "" && strings.HasPrefix(line, p) || strings.TrimSpace(line) == "" {
			rest = after
			continue
		}
		var record []field
		for {
			var f field
			f, rest = o.field(rest)
			record = append(record, f)
			if rest == "" || rest[0] == '\n' {
				rest = strings.TrimPrefix(rest, "\n")
				break
			}
			rest = rest[len(o.delimiter):]
		}
		all = append(all, record)
	}
	return all
}

// field is the first of a text, and what follows it, from a delimiter or a line's end on.
func (o *trial) field(s string) (field, string) {
	var f field
	blanks := len(s) - len(strings.TrimLeft(s, " \t"))
	if strings.Trim(o.delimiter, " \t") == "" {
		blanks = 0
	}
	if o.quote != "" && strings.HasPrefix(s[blanks:], o.quote) {
		i := blanks + 1
		for {
			switch {
			case o.escape != "" && strings.HasPrefix(s[i:], o.escape):
				f.raw += s[i : i+2]
				f.text += s[i+1 : i+2]
				i += 2
			case strings.HasPrefix(s[i:], o.quote+o.quote) && o.escape == "":
				f.raw += s[i : i+2]
				f.text += o.quote
				i += 2
			case strings.HasPrefix(s[i:], o.quote):
				rest := s[i+1:]
				if t := strings.TrimLeft(rest, " "); o.delimiter != ", " {
					rest = t
				}
				return f, rest
			default:
				f.raw += s[i : i+1]
				f.text += s[i : i+1]
				i++
			}
		}
	}
	for i := 0; ; {
		if i == len(s) || s[i] == '\n' || strings.HasPrefix(s[i:], o.delimiter) {
			return f, s[i:]
		}
		if o.escape != "" && strings.HasPrefix(s[i:], o.escape) && i+1 < len(s) {
			f.raw += s[i : i+1]
			i++
		}
		f.raw += s[i : i+1]
		f.text += s[i : i+1]
		i++
	}
}

// rows are the data, NULLs left out; bad says which cannot be read.
func (o *trial) rows() (rows []map[string]string, bad []bool) {
	records := o.records()
	missing := map[string]bool{"": true}
	for _, word := range o.input.MissingValues {
		if word == dialect.Common {
			for w := range strings.SplitSeq(`NA N/A #N/A n/a NULL null None NaN nan \N - ? .`, " ") {
				missing[w] = true
			}
		}
		missing[word] = true
	}
	data := records[1:]
	data = data[min(o.input.SkipRowsAfterHeader, len(data)):]
	data = data[:len(data)-min(o.input.SkipFooter, len(data))]
	for _, record := range data {
		row := map[string]string{}
		again := len(record) >= len(columnNames)
		for i, f := range record {
			again = again && (i < len(columnNames) && strings.TrimSpace(f.text) == columnNames[i] || i >= len(columnNames) && f.text == "")
		}
		if again {
			continue
		}
		wrong := len(record) < len(columnNames) && o.input.RaggedRows != dialect.Pad
		for i, f := range record {
			if o.input.Trim {
				f.raw, f.text = strings.TrimSpace(f.raw), strings.TrimSpace(f.text)
			}
			switch {
			case i >= len(columnNames):
				wrong = wrong || f.text != ""
			case !missing[f.raw]:
				row[columnNames[i]] = f.text
			}
		}
		rows, bad = append(rows, row), append(bad, wrong)
	}
	return rows, bad
}

func (o *trial) world() *world {
	grouped := regexp.MustCompile(`^[+-]?\d{1,3}(` + regexp.QuoteMeta(o.group) + `\d{3})+(` + regexp.QuoteMeta(o.decimal) + `\d*)?$`)
	return &world{
		number: func(s string) (decimal, bool) {
			s = strings.TrimSpace(s)
			if o.group != "" && grouped.MatchString(s) {
				s = strings.ReplaceAll(s, o.group, "")
			}
			if o.decimal == "," {
				if strings.Contains(s, ".") {
					return decimal{}, false
				}
				s = strings.Replace(s, ",", ".", 1)
			}
			return plainNumber(s)
		},
		time: func(s string) (at time.Time, ok bool) {
			formats := []string{"2006-01-02", "2006-01-02T15:04:05Z", "2006-01-02 15:04", "2006-01-02 15:04:05"}
			if o.format != "" {
				formats = []string{o.format}
			}
			for _, format := range formats {
				if at, err := time.Parse(format, s); err == nil {
					return at, true
				}
			}
			return at, false
		},
	}
}

// The questions.

func (o *trial) numeric(depth int) *tree {
	if depth == 0 || o.IntN(4) == 0 {
		switch o.IntN(6) {
		case 0, 1:
			return col("v")
		case 2, 3:
			return col("q")
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
		return o.either(node("year", col("t")), node("weekday", col("t")), node("length", o.textual(depth-1)))
	}
	return node("/", a(), b())
}

func (o *trial) either(of ...*tree) *tree { return of[o.IntN(len(of))] }

func (o *trial) textual(depth int) *tree {
	if depth <= 0 || o.IntN(3) == 0 {
		return o.either(col("k"), col("k"), col("k"), col("t"), col("v"), str("x"), str("it's"))
	}
	x := o.textual(depth - 1)
	switch o.IntN(10) {
	case 0:
		return node(o.pick("lower", "upper", "trim"), x)
	case 1:
		return node("coalesce", x, str("none"))
	case 2:
		return node("case", o.logical(depth-1), x, o.logical(depth-1), str("second"), col("k"))
	case 3, 4:
		return node(o.pick("quarter", "month", "week", "day", "date", "hour"), col("t"))
	case 5:
		return node("substr", x, num(strconv.Itoa(o.IntN(4))), num(strconv.Itoa(o.IntN(4))))
	case 6:
		return node("replace", x, str("a"), str("''b"))
	case 7:
		return node("concat", x, o.numeric(depth-1), col("k"))
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
	switch o.IntN(10) {
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
		return compare(col("v"), o.either(col("q"), col("k"), col("t")))
	}
	return compare(o.numeric(d), o.numeric(d))
}

// aggregation is an aggregate with what the twin needs of it.
type aggregation struct {
	function  string
	distinct  bool
	argument  *tree // nil: *
	filter    *tree
	inDoubles bool
}

// unnamed is an expression, in parentheses where it is a number alone, which would be the
// name of a column.
func unnamed(x *tree) string {
	number := x
	for number.op == "minus" {
		number = number.args[0]
	}
	if number.op == "number" {
		return "(" + x.String() + ")"
	}
	return x.String()
}

func (a *aggregation) String() string {
	s := "*"
	if a.argument != nil {
		s = unnamed(a.argument)
	}
	if a.distinct {
		s = "distinct " + s
	}
	if a.function == "quantile" {
		s += ", 0.25"
	}
	if s = a.function + "(" + s + ")"; a.filter != nil {
		s += " filter (where " + a.filter.String() + ")"
	}
	return s
}

func (o *trial) aggregation() *aggregation {
	a := &aggregation{function: o.pick("count", "count", "first", "last", "sum", "sum", "avg", "min", "max", "median", "quantile", "stddev", "variance"), argument: o.numeric(2)}
	switch a.function {
	case "count":
		if a.argument = o.either(nil, o.textual(2), o.numeric(2)); a.argument != nil {
			a.distinct = o.IntN(2) == 0
		}
	case "first", "last":
		a.argument = o.textual(2)
	case "min", "max": // of a column alone they are of numbers and texts
		a.argument = node("+", a.argument, num("0"))
	}
	if o.IntN(3) == 0 {
		a.filter = o.logical(1)
	}
	a.inDoubles = a.argument != nil && a.argument.kind() == isDouble || slices.Contains([]string{"avg", "median", "quantile", "stddev", "variance"}, a.function)
	return a
}

// of is the aggregate of its values, in the file's order, NULLs left out.
func (a *aggregation) of(values []any) any {
	if a.function == "count" {
		if a.distinct {
			different := map[string]bool{}
			for _, v := range values {
				different[keyOf(v)] = true
			}
			return strconv.Itoa(len(different))
		}
		return strconv.Itoa(len(values))
	}
	if len(values) == 0 {
		return ""
	}
	switch a.function {
	case "first":
		return asString(values[0])
	case "last":
		return asString(values[len(values)-1])
	case "min":
		return slices.MinFunc(values, order)
	case "max":
		return slices.MaxFunc(values, order)
	}
	var exact []*big.Rat
	sum := new(big.Rat)
	for _, v := range values {
		r := new(big.Rat)
		if d, ok := v.(decimal); ok {
			r = d.Rat
		} else {
			r.SetFloat64(v.(float64))
		}
		exact = append(exact, r)
		sum.Add(sum, r)
	}
	slices.SortFunc(exact, func(a, b *big.Rat) int { return a.Cmp(b) })
	mean := new(big.Rat).Quo(sum, big.NewRat(int64(len(exact)), 1))
	quantile := func(p *big.Rat) any {
		at := new(big.Rat).Mul(p, big.NewRat(int64(len(exact)-1), 1))
		i := int(new(big.Int).Quo(at.Num(), at.Denom()).Int64())
		if i == len(exact)-1 {
			return exact[i]
		}
		part := new(big.Rat).Sub(at, big.NewRat(int64(i), 1))
		return part.Add(exact[i], part.Mul(part, new(big.Rat).Sub(exact[i+1], exact[i])))
	}
	switch a.function {
	case "sum":
		return sum
	case "avg":
		return mean
	case "median":
		return quantile(big.NewRat(1, 2))
	case "quantile":
		return quantile(big.NewRat(1, 4))
	}
	if len(exact) == 1 {
		return ""
	}
	squares := new(big.Rat)
	for _, r := range exact {
		d := new(big.Rat).Sub(r, mean)
		squares.Add(squares, d.Mul(d, d))
	}
	squares.Quo(squares, big.NewRat(int64(len(exact)-1), 1))
	if f, _ := squares.Float64(); a.function == "stddev" {
		return math.Sqrt(f)
	}
	return squares
}

// keyOf is the same text for equal values.
func keyOf(v any) string {
	if d, ok := v.(decimal); ok {
		return "number " + d.RatString()
	}
	if f, ok := v.(float64); ok {
		return "double " + shortest(f)
	}
	return "text " + asString(v)
}

// null is a text without characters as keys and aggregates have it.
func null(v any) any {
	if v == "" {
		return nil
	}
	return v
}

// answer is the rows of a result: texts, or numbers that are compared by value.
func (o *trial) answer(keys []*tree, aggregates []*aggregation, selected []*tree, where *tree) (out [][]any, rejected int, err error) {
	w := o.world()
	rows, bad := o.rows()
	type group struct {
		keys   []any
		values [][]any
	}
	groups := map[string]*group{}
	if len(keys) == 0 {
		groups[""] = &group{values: make([][]any, len(aggregates))}
	}
	read := func(row map[string]string) error {
		w.row = row
		if where != nil {
			if is, err := w.eval(where); err != nil || is != true {
				return err
			}
		}
		var cells []any
		for _, x := range selected {
			v, err := w.eval(x)
			if err != nil {
				return err
			}
			cells = append(cells, asString(v))
		}
		name := ""
		var of []any
		for _, k := range keys {
			v, err := w.eval(k)
			if err != nil {
				return err
			}
			of = append(of, null(v))
			name += keyOf(null(v)) + "\x00"
		}
		values := make([]any, len(aggregates))
		for i, a := range aggregates {
			if a.filter != nil {
				if is, err := w.eval(a.filter); err != nil || is != true {
					if err != nil {
						return err
					}
					continue
				}
			}
			if a.argument == nil {
				values[i] = true
				continue
			}
			v, err := w.eval(a.argument)
			if err == nil && !slices.Contains([]string{"count", "first", "last"}, a.function) {
				v, err = w.asNumber(v)
			}
			if err != nil {
				return err
			}
			values[i] = null(v)
		}
		if len(selected) > 0 {
			out = append(out, cells)
			return nil
		}
		g := groups[name]
		if g == nil {
			g = &group{of, make([][]any, len(aggregates))}
			groups[name] = g
		}
		for i, v := range values {
			if v != nil {
				g.values[i] = append(g.values[i], v)
			}
		}
		return nil
	}
	for i, row := range rows {
		wrong := bad[i]
		if !wrong {
			wrong = read(row) != nil
		}
		if !wrong {
			continue
		}
		if rejected++; o.input.OnBadRow != dialect.Skip {
			return nil, rejected, errBadCell
		}
	}
	if len(selected) > 0 {
		return out, rejected, nil
	}
	for _, g := range groups {
		row := slices.Clone(g.keys)
		for i, a := range aggregates {
			row = append(row, a.of(g.values[i]))
		}
		out = append(out, row)
	}
	return out, rejected, nil
}

// like says whether a cell of a result is what the twin says.
func like(cell string, v any, inDoubles bool) bool {
	switch v := v.(type) {
	case nil:
		return cell == ""
	case string:
		return cell == v
	case bool:
		return cell == asString(v)
	case float64:
		f, err := strconv.ParseFloat(cell, 64)
		return err == nil && math.Abs(f-v) <= 1e-9*max(1, math.Abs(v))
	case decimal:
		return like(cell, v.Rat, inDoubles)
	case *big.Rat:
		if inDoubles {
			f, _ := v.Float64()
			return like(cell, f, false)
		}
		r, ok := new(big.Rat).SetString(cell)
		return ok && r.Cmp(v) == 0
	}
	return false
}

// try asks a random question of a random file, and says where the answer is not the twin's.
func try(t *testing.T, r *rand.Rand) error {
	o := newTrial(questions{r})
	var spec Spec
	var keys, selected []*tree
	var aggregates []*aggregation
	var where *tree
	inDoubles := map[int]bool{}
	if r.IntN(2) == 0 {
		where = o.logical(2)
		spec.Where = where.String()
	}
	if r.IntN(3) == 0 {
		for i := range 1 + r.IntN(3) {
			x := []*tree{o.textual(2), o.numeric(3), o.logical(2)}[r.IntN(3)]
			selected = append(selected, x)
			spec.Select = append(spec.Select, fmt.Sprintf("%s as s%d", unnamed(x), i))
		}
	} else {
		for i := range r.IntN(3) {
			x := []*tree{o.textual(1), o.textual(2), o.numeric(2)}[r.IntN(3)]
			keys = append(keys, x)
			spec.GroupBy = append(spec.GroupBy, fmt.Sprintf("%s as g%d", unnamed(x), i))
		}
		for i := range 1 + r.IntN(3) {
			a := o.aggregation()
			inDoubles[len(keys)+len(aggregates)] = a.inDoubles
			aggregates = append(aggregates, a)
			spec.Aggregate = append(spec.Aggregate, fmt.Sprintf("%s as a%d", a, i))
		}
	}
	spec.Input = o.input
	named := strings.Join(append(append(append(slices.Clone(spec.Select), spec.GroupBy...), spec.Aggregate...), spec.Where), " ")
	if w := regexp.MustCompile(`\b[kvqt]\b`); w.MatchString(named) && len(o.input.Header.Lines) == 0 && o.input.SkipRows == 0 && r.IntN(2) == 0 && slices.Contains([]string{",", ";", "\t", "|"}, o.delimiter) && strings.Count(named, "k") > 0 && strings.Count(named, "v") > 0 {
		spec.Input.Delimiter = dialect.Auto
	}
	got := ask(t, spec, o.bytes(), 1+r.IntN(3))
	want, rejected, err := o.answer(keys, aggregates, selected, where)
	fail := func(format string, args ...any) error {
		return fmt.Errorf("select %q, group by %q, aggregate %q, where %q\n%+v\n%q\n%s\nours %+v\ntwin %d %v %v", spec.Select, spec.GroupBy, spec.Aggregate, spec.Where, spec.Input, o.text, fmt.Sprintf(format, args...), got, rejected, err, want)
	}
	if (err != nil) != (got.err != "") {
		return fail("refused by one")
	}
	if err != nil {
		return nil
	}
	if int(got.rejected) != rejected {
		return fail("%d rejected, twin %d", got.rejected, rejected)
	}
	rows, parseErr := csv.NewReader(bytes.NewReader([]byte(strings.ReplaceAll(got.result, "\r", "\n")))).ReadAll()
	if parseErr != nil {
		return fail("%v", parseErr)
	}
	if rows = rows[1:]; len(rows) != len(want) {
		return fail("%d rows, twin %d", len(rows), len(want))
	}
	same := func(row []string, v []any) bool {
		for i, cell := range row {
			if !like(cell, v[i], inDoubles[i]) {
				return false
			}
		}
		return true
	}
	for i, row := range rows {
		at := 0
		if len(selected) == 0 {
			if at = slices.IndexFunc(want, func(v []any) bool { return same(row, v) }); at < 0 {
				return fail("row %d %q is none of the twin's", i, row)
			}
		} else if !same(row, want[0]) {
			return fail("row %d is %q, twin %q", i, row, want[0])
		}
		want = slices.Delete(slices.Clone(want), at, at+1)
	}
	return nil
}

// TestTwin compares answers with those of the simple twin, on random files with random
// settings and questions.
func TestTwin(t *testing.T) {
	n := 1500
	if more, err := strconv.Atoi(os.Getenv("ROUND_TRIPS")); err == nil {
		n = more
	}
	seed := rand.Uint64()
	if given, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = given
	}
	var failed []error
	for i := range n {
		if err := try(t, rand.New(rand.NewPCG(seed, uint64(i)))); err != nil {
			failed = append(failed, fmt.Errorf("seed %d, %d: %w", seed, i, err))
			if len(failed) == 10 {
				break
			}
		}
	}
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
}

// FuzzTwin is TestTwin where what is chosen is fuzzed.
func FuzzTwin(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		if err := try(t, rand.New(rand.NewPCG(a, b))); err != nil {
			t.Fatal(err)
		}
	})
}
