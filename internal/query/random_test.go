package query

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"csv-pipeline/internal/dialect"
)

// questions makes random questions of the columns k (texts), v and q (numbers) and t (times).
type questions struct{ *rand.Rand }

func (r questions) pick(of ...string) string { return of[r.IntN(len(of))] }

func (r questions) number(depth int) string {
	if depth == 0 || r.IntN(3) == 0 {
		return r.pick("v", "v", "q", "q", "1", "2.50", "-3", "0.125", "100")
	}
	a, b := r.number(depth-1), r.number(depth-1)
	switch r.IntN(16) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s) * (%s)", a, b)
	case 3, 4:
		return fmt.Sprintf("%s + %s", a, b)
	case 5, 6:
		return fmt.Sprintf("(%s - (%s))", a, b)
	case 7:
		return fmt.Sprintf("-(%s)", a)
	case 8:
		return fmt.Sprintf("abs(%s)", a)
	case 9:
		return fmt.Sprintf("round(%s, %d)", a, r.IntN(4))
	case 10:
		return r.pick("floor", "ceil", "round") + "(" + a + ")"
	case 11:
		return fmt.Sprintf("case when %s then %s else %s end", r.condition(depth-1), a, b)
	case 12:
		return fmt.Sprintf("coalesce(%s, %s)", a, b)
	case 13:
		return r.pick("year(t)", "weekday(t)", "length(k)", "nullif(v, 3)", "number(v)")
	case 14:
		return fmt.Sprintf("case when %s then %s end", r.condition(depth-1), a)
	}
	return fmt.Sprintf("(%s) / (%s)", a, b)
}

func (r questions) condition(depth int) string {
	if depth > 0 && r.IntN(2) == 0 {
		a, b := r.condition(depth-1), r.condition(depth-1)
		return r.pick("("+a+" or "+b+")", a+" and "+b, "not ("+a+")")
	}
	a, b := r.number(max(depth-1, 0)), r.number(max(depth-1, 0))
	switch r.IntN(16) {
	case 0:
		return "k = 'a'"
	case 1:
		return "k <> 'a'"
	case 2:
		return r.pick("k in ('a', 'c')", "k not in ('a', 'say \"hi\"')", "k like 'd%'", "k not like '_'")
	case 3:
		return r.pick("k is null", "k is not null", "v is null", "t is not null", "v * q is null")
	case 4:
		return r.pick("t >= '2024'", "month(t) = '2024-01'", "weekday(t) > 3", "lower(k) || 'x' = 'ax'")
	case 5:
		return r.pick("v in (1, 2, 2.5)", "v between 10 and 500.5", "v not between q and 100", "k = t", "v = q", "v < q")
	case 6:
		return "t " + r.pick("=", "<>", "<", "<=", ">", ">=") + " '" + r.pick("2024-01-31", "31.01.2024", "2024-01-31T10:00:00", "2024-01-31 10:00", "2024-01-31T10:00:00.25Z", "2024-01-31 10:00:00,25", "01/15/2024", "05", "soon", "20231201", "1706700000") + "'"
	case 7:
		return r.pick("t in ('31.01.2024', '2023-12-01', 'soon')", "t between '01.01.2024' and '2024-02-01'", "hour(t) = '2024-01-31T10'", "k < t", "coalesce(t, '2024-01-01') > '2023-12-31'")
	}
	return a + " " + r.pick("=", "<>", "<", "<=", ">", ">=") + " " + b
}

func (r questions) text(depth int) string {
	switch r.IntN(9) {
	case 0:
		return "lower(k)"
	case 1:
		return "coalesce(k, 'none')"
	case 2:
		return fmt.Sprintf("case when %s then 'x' else k end", r.condition(depth))
	case 3:
		return fmt.Sprintf("case when %s then 'small' when %s then 'large' end", r.condition(depth), r.condition(depth))
	case 4:
		return r.pick("month(t)", "week(t)", "quarter(t)", "day(t)", "hour(t)")
	case 5:
		return r.pick("t", "substr(k, 1, 1)", "upper(k) || '-'", "replace(k, '\"', '')", "concat(k, '/', t)")
	case 6:
		return r.number(depth)
	}
	return "k"
}

func (r questions) aggregate() string {
	filter := ""
	if r.IntN(3) == 0 {
		filter = " filter (where " + r.condition(1) + ")"
	}
	switch r.IntN(8) {
	case 0:
		return "count(*)" + filter
	case 1:
		return "count(distinct " + r.text(1) + ")" + filter
	case 2:
		return r.pick("first", "last") + "(" + r.text(1) + ")" + filter
	case 3:
		return r.pick("min", "max", "count") + "(" + r.pick("k", "v", "v", "t", "lower(k)") + ")" + filter
	}
	return fmt.Sprintf(r.pick("sum(%s)", "sum(%s)", "avg(%s)", "min(%s)", "max(%s)", "count(%s)", "median(%s)", "quantile(%s, 0.3)", "stddev(%s)"), r.number(2)) + filter
}

func (r questions) spec() Spec {
	var s Spec
	for i := range r.IntN(3) {
		s.GroupBy = append(s.GroupBy, fmt.Sprintf("%s as g%d", r.text(1), i))
	}
	for i := range 1 + r.IntN(3) {
		s.Aggregate = append(s.Aggregate, fmt.Sprintf("%s as a%d", r.aggregate(), i))
	}
	if r.IntN(6) == 0 {
		s.Aggregate = append(s.Aggregate, fmt.Sprintf("round(%s / %s, 3) + 1 as e", r.pick("sum(v)", "max(v * q)", "count(*)"), r.pick("sum(q)", "count(*)", "2")))
	}
	if r.IntN(2) == 0 {
		s.Where = r.condition(2)
	}
	if r.IntN(8) == 0 {
		s.Having = r.pick("count(*) > 1", "a0 is not null", "sum(v) > 10 or count(k) = 1")
	}
	if r.IntN(6) == 0 {
		s.OrderBy = []string{r.pick("a0", "a0 desc")}
		s.Limit = r.IntN(4)
	}
	return s
}

// table is a file that is regular, or has a few oddities. narrow: all numbers have as many
// digits after the point.
func (r questions) table() []byte {
	odd, digits := r.IntN(2)*r.IntN(10), r.IntN(4)
	var b strings.Builder
	b.WriteString("k,v,q,t\n")
	for range r.IntN(60) {
		if odd > 0 && r.IntN(60) < odd {
			b.WriteString(r.pick("x,NA,1,\n", "é,1,2,\n", "\xe9,1,2,\n", "k,v,q,t\n", "a,1e3, 7 ,\n", "a,1,2,soon\n", "a,12345678901234567,99999999999,\n", "a,1.5\n", "a,-9223372036854775808,9223372036854775807,\n", "\"say \"\"hi\"\"\",2,3,2024-02-01 10:00\n", "a,0.12345678901234567,3.5,\n"))
			continue
		}
		if r.IntN(3) == 0 {
			digits = r.IntN(4)
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s\n", r.pick("a", "b", "c", "", "A", "a longer text than that", `"d,e"`),
			r.pick("", strconv.FormatFloat(r.Float64()*1000-300, 'f', digits, 64), strconv.FormatFloat(r.Float64()*100, 'f', digits, 64)),
			r.pick("", strconv.Itoa(r.IntN(10)), strconv.Itoa(r.IntN(1000)-100), "0", "2.5"),
			r.pick("", "2024-01-31", "2024-01-31T10:00:00Z", "2023-12-01 05:06", "2024-01-31 10", "2024-01-31 09:59:60", "2024-01-31t10:00:00.2500", `"2024-01-31 10:00:00,2"`))
	}
	return []byte(b.String())
}

// escaped is a table with escapes between its quotes, and now and then outside of them.
func (r questions) escaped(text []byte, spec *Spec) []byte {
	spec.Input.EscapeChar = r.pick(`\`, `\`, "^")
	text = regexp.MustCompile(`"d`).ReplaceAllFunc(text, func([]byte) []byte {
		return []byte(r.pick(`"d`, `"@"d`, `"@@`, `"@d`, `"d@@@"`, `"d""`, `"@,`))
	})
	if r.IntN(4) == 0 {
		text = bytes.Replace(text, []byte("a,"), []byte(r.pick("@a,", "a@,", "\"a@\n\",", "a@@,", "\"@\xe9\",")), 1)
	}
	if r.IntN(8) == 0 {
		spec.Input.MissingValues = append(spec.Input.MissingValues, r.pick(spec.Input.EscapeChar+"d,e", ",,e"))
	}
	return bytes.ReplaceAll(text, []byte("@"), []byte(spec.Input.EscapeChar))
}

// repeated is a table with a delimiter that is repeated, and now and then another number of times.
func (r questions) repeated(text []byte, spec *Spec) []byte {
	before, one := byte(','), r.pick("|", "|", ":", "~")
	if spec.Input.DecimalChar != "" {
		before = ';'
	}
	times, odd := 2+r.IntN(2), r.IntN(2)*r.IntN(5)
	spec.Input.Delimiter = strings.Repeat(one, times)
	var out []byte
	quoted := false
	for _, c := range text {
		switch {
		case c == before && !quoted:
			out = append(out, spec.Input.Delimiter...)
			if odd > 0 && r.IntN(300) < odd {
				out = append(out, one...)
			}
		case c == 'b' && odd > 0 && r.IntN(100) < odd:
			out = append(append(out, c), one...)
		default:
			quoted = quoted != (c == '"')
			out = append(out, c)
		}
	}
	return out
}

// dated is a table whose times are written in another way, or told in another zone.
func (r questions) dated(text []byte, spec *Spec) []byte {
	form := r.pick("$3.$2.$1", "$2/$3/$1", "$1$2$3", "$1-$2-$3", "17067$3$2")
	spec.Input.DateFormats = map[string][]string{
		"$3.$2.$1":  {"%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%YT%H:%M:%S%z", "%d.%m.%Yt%H:%M:%S.%f"},
		"$2/$3/$1":  {"%D", "%m/%d/%Y", "%m/%d/%Y %R"},
		"$1$2$3":    {"%Y%m%d", "iso"},
		"$1-$2-$3":  {"iso"},
		"17067$3$2": {"iso", "epoch"},
	}[form]
	if r.IntN(2) == 0 {
		spec.Input.TimeZone = r.pick("Europe/Berlin", "Asia/Kathmandu", "UTC")
	}
	return regexp.MustCompile("([0-9]{4})-([0-9]{2})-([0-9]{2})").ReplaceAllFunc(text, func(day []byte) []byte {
		if r.IntN(100) == 0 {
			return day
		}
		return []byte(strings.NewReplacer("$1", string(day[:4]), "$2", string(day[5:7]), "$3", string(day[8:])).Replace(form))
	})
}

// written is a table as others write it: with decimal commas, or in another encoding. spec is told.
func (r questions) written(text []byte, spec *Spec) []byte {
	if r.IntN(3) == 0 {
		spec.Input.DecimalChar = ","
		quoted := false
		for i, c := range text {
			switch {
			case c == '"':
				quoted = !quoted
			case c == ',' && !quoted:
				text[i] = ';'
			case c == '.':
				text[i] = ','
			}
		}
		if r.IntN(2) == 0 {
			spec.Input.GroupChar = "."
			text = regexp.MustCompile(`([0-9])([0-9]{3})([,;])`).ReplaceAll(text, []byte("$1.$2$3"))
		}
	}
	if r.IntN(3) == 0 {
		spec.Input.MissingValues = []string{r.pick("common", "a", "\"d", "0")}
		text = regexp.MustCompile(`([,;])[0-9]([,;])`).ReplaceAll(text, []byte(r.pick("$1 - $2", "${1}NA$2", "$1-$2", "$1\u00a0$2")))
	}
	if r.IntN(3) == 0 {
		spec.Input.BareNumber = new(bool)
		text = regexp.MustCompile(`([,;])([0-9]+)([,;\n])`).ReplaceAll(text, []byte(r.pick("$1$$$2$3", "$1$2 kr$3", "$1($2)$3", "$1$2%$3", "${1}EUR $2$3", "$1$2-$3")))
		if r.IntN(4) == 0 {
			text = bytes.Replace(text, []byte("$"), []byte("£"), 1)
		}
	}
	if r.IntN(3) == 0 {
		text = r.dated(text, spec)
	}
	if r.IntN(3) == 0 {
		spec.Input.Trim = true
		text = regexp.MustCompile(`([,;])(a|[0-9]+)([,;\n])`).ReplaceAll(text, []byte(r.pick("$1 $2 $3", "$1\u00a0$2$3", "$1\t$2 $3", "$1\" $2 \"$3")))
	}
	if r.IntN(4) == 0 {
		text = r.repeated(text, spec)
	}
	if r.IntN(4) == 0 {
		text = r.escaped(text, spec)
	}
	switch r.IntN(4) {
	case 0:
		spec.Input.Encoding = r.pick("", "utf-8", "windows-1252", "iso-8859-8")
	case 1:
		spec.Input.Encoding = r.pick("", "windows-1252")
		text = bytes.ReplaceAll(text, []byte("é"), []byte("\xe9"))
	case 2:
		units := utf16.Encode([]rune("\uFEFF" + string(text)))
		text = text[:0]
		for _, unit := range units {
			text = binary.LittleEndian.AppendUint16(text, unit)
		}
	}
	return text
}

// rounds is how many random questions a test asks: ROUND_TRIPS, or else n, with -short a quarter of them.
func rounds(n int) int {
	if more, err := strconv.Atoi(os.Getenv("ROUND_TRIPS")); err == nil {
		return more
	}
	if testing.Short() {
		return n / 4
	}
	return n
}

// TestBothWaysCompute has random questions answered by the engine, which computes many rows
// together, and row by row. Both have to say the same, also of what they refuse.
func TestBothWaysCompute(t *testing.T) {
	n := rounds(1500)
	seed := rand.Uint64()
	if given, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = given
	}
	engine, others := 0, 0
	for i := range n {
		r := questions{rand.New(rand.NewPCG(seed, uint64(i)))}
		spec := r.spec()
		text := r.written(r.table(), &spec)
		q, err := Compile(spec)
		if err != nil {
			t.Fatalf("seed %d, %d: %q %q %q: %v", seed, i, spec.GroupBy, spec.Aggregate, spec.Where, err)
		}
		if _, plain, err := q.Look(t.Context(), dialect.File{Name: "f.csv", ReaderAt: bytes.NewReader(text), Size: int64(len(text))}); err == nil && plain {
			if engine++; !bytes.HasPrefix(text, []byte("k,")) || spec.Input.Encoding != "" {
				others++
			}
		}
		together := ask(t, spec, text, 1+r.IntN(3))
		rowwise := spec
		rowwise.Input.CommentPrefix = "%never%"
		again := ask(t, rowwise, text, 1+r.IntN(3))
		if strings.Contains(fmt.Sprint(again), "may divide or group") && spec.Where != "" {
			continue // row by row only the rows that where keeps tell what a point means
		}
		if again != together {
			t.Fatalf("seed %d, %d: group by %q, aggregate %q, where %q, having %q\n%s\ntogether   %+v\nrow by row %+v", seed, i, spec.GroupBy, spec.Aggregate, spec.Where, spec.Having, text, together, again)
		}
	}
	if engine < n/8 || others < n/16 {
		t.Errorf("the engine took %d of %d questions, %d of them of tables as others write them", engine, n, others)
	}
}

// TestTheSmallestNumber of 64 bits has no opposite of as many.
func TestTheSmallestNumber(t *testing.T) {
	got := ask(t, Spec{Aggregate: []string{"sum(abs(v)) as size", "sum(-v) as opposite"}}, []byte("v,w\n-9223372036854775808,\n"), 1)
	if want := "size,opposite\n9223372036854775808,9223372036854775808\n"; got.result != want {
		t.Errorf("%+v, want %q", got, want)
	}
}
