package differential

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
)

// said is an expression in our language and in DuckDB's.
type said struct{ ours, theirs string }

// orNull has a text without characters be NULL, which it is in our keys and aggregates.
func (s said) orNull() said { return said{s.ours, "nullif(" + s.theirs + ", '')"} }

func same(text string) said { return said{text, text} }

// with is a format with the same parts in both languages.
func with(format string, parts ...said) said {
	ours, theirs := make([]any, len(parts)), make([]any, len(parts))
	for i, p := range parts {
		ours[i], theirs[i] = p.ours, p.theirs
	}
	return said{fmt.Sprintf(format, ours...), fmt.Sprintf(format, theirs...)}
}

// asker makes random questions of the columns k (texts), v and q (numbers) and t (times).
type asker struct{ *rand.Rand }

func (r asker) pick(of ...string) string { return of[r.IntN(len(of))] }

func (r asker) one(of ...said) said { return of[r.IntN(len(of))] }

func part(function, format string) said {
	return said{function + "(t)", fmt.Sprintf("strftime(t::timestamp, '%s')", format)}
}

// number is an expression that is exact in both.
func (r asker) number(depth int) said {
	if depth == 0 || r.IntN(3) == 0 {
		return r.one(same("v"), same("v"), same("q"), same("q"), same("1"), same("2.50"), same("-3"), same("0.125"), same("100"))
	}
	a, b := r.number(depth-1), r.number(depth-1)
	switch r.IntN(15) {
	case 0, 1, 2:
		return with("(%s) * (%s)", a, b)
	case 3, 4:
		return with("%s + %s", a, b)
	case 5, 6:
		return with("(%s - (%s))", a, b)
	case 7:
		return with("-(%s)", a)
	case 8:
		return with("abs(%s)", a)
	case 9:
		return with(fmt.Sprintf("round(%%s, %d)", r.IntN(4)), a)
	case 10: // which make doubles of DuckDB's integers
		f := r.pick("floor", "ceil", "round")
		return said{f + "(" + a.ours + ")", f + "((" + a.theirs + ") * 1.0)"}
	case 11:
		return with("case when %s then %s else %s end", r.condition(depth-1), a, b)
	case 12:
		return with("coalesce(%s, %s)", a, b)
	case 13:
		return r.one(said{"year(t)", "year(t::timestamp)"}, said{"weekday(t)", "isodow(t::timestamp)"}, same("length(k)"), same("nullif(v, 3)"), said{"number(v)", "v"})
	}
	return with("case when %s then %s end", r.condition(depth-1), a)
}

// quotient is an expression that is a double in both.
func (r asker) quotient() said {
	a, b := r.number(1), r.number(1)
	return said{fmt.Sprintf("(%s) / (%s)", a.ours, b.ours), fmt.Sprintf("(%s)::double / nullif(%s, 0)::double", a.theirs, b.theirs)}
}

func (r asker) condition(depth int) said {
	if depth > 0 && r.IntN(2) == 0 {
		if r.IntN(3) == 0 {
			return with("not (%s)", r.condition(depth-1))
		}
		return with(r.pick("(%s or %s)", "(%s and %s)"), r.condition(depth-1), r.condition(depth-1))
	}
	a, b := r.number(max(depth-1, 0)), r.number(max(depth-1, 0))
	switch r.IntN(14) {
	case 0:
		return same(r.pick("k = 'a'", "k <> 'a'", "'b' < k", "k >= 'A'", "upper(k) = 'A'"))
	case 1:
		return same(r.pick("k in ('a', 'c')", "k not in ('a', 'say \"hi\"')", "k in ('a', null)", "k not in ('a', null)"))
	case 2:
		return same(r.pick("k like 'd%'", "k not like '_'", "k like '%e%'", "k like '__'", "k like '%é'", "k like ''"))
	case 3:
		return same(r.pick("k is null", "k is not null", "v is null", "t is not null", "v * q is null", "(v > q) is null"))
	case 4:
		return r.one(same("t >= '2024'"), said{"month(t) = '2024-01'", "strftime(t::timestamp, '%Y-%m') = '2024-01'"}, said{"weekday(t) > 3", "isodow(t::timestamp) > 3"},
			same("lower(k) || 'x' = 'ax'"), same("k between 'a' and 'c'"), same("coalesce(k, t) = 'a'"))
	case 5:
		return same(r.pick("v in (1, 2, 2.5)", "q not in (1, 2, 5)", "v between 10 and 500.5", "v not between q and 100", "k = t", "v = q", "v < q", "v in (q, 0)"))
	}
	return with("%s "+r.pick("=", "<>", "<", "<=", ">", ">=")+" %s", a, b)
}

// text is an expression for a key.
func (r asker) text(depth int) said {
	switch r.IntN(9) {
	case 0:
		return same(r.pick("lower(k)", "upper(k)", "trim(k)"))
	case 1:
		return same(r.pick("coalesce(k, 'none')", "nullif(k, 'a')", "coalesce(nullif(k, 'b'), t, 'x')"))
	case 2:
		return with("case when %s then 'x' else k end", r.condition(depth))
	case 3:
		return with("case when %s then 'small' when %s then 'large' end", r.condition(depth), r.condition(depth))
	case 4:
		return r.one(part("month", "%Y-%m"), part("week", "%G-W%V"), part("day", "%Y-%m-%d"), part("hour", "%Y-%m-%dT%H"), part("date", "%Y-%m-%d"),
			said{"quarter(t)", "year(t::timestamp) || '-Q' || quarter(t::timestamp)"})
	case 5:
		return same(r.pick("substr(k, 1, 1)", "substr(k, 2)", "substr(k, 3, 2)", "upper(k) || '-'", "replace(k, '\"', '')", "replace(k, 'a', 'bb')", "concat(k, '/', t)", "k || t", "case k when 'a' then 'first' when 'b' then 'second' else k end"))
	}
	return same("k")
}

// measured is how an item's cells are compared.
type measured int

const (
	asText measured = iota
	exact           // numbers with the same digits after the point
	byValue
	inDouble
)

func digitsOf(e said) measured {
	if strings.Contains(e.ours, "round(") { // DuckDB keeps fewer digits than said
		return byValue
	}
	return exact
}

// aggregate is one of the new question's items.
func (r asker) aggregate() (said, measured) {
	filter, more := said{}, ""
	if r.IntN(3) == 0 {
		c := r.condition(1)
		filter, more = said{" filter (where " + c.ours + ")", " filter (where " + c.theirs + ")"}, " and ("+c.theirs+")"
	}
	a := with("(%s)", r.number(2)) // without parentheses a number is the name of a column
	switch r.IntN(14) {
	case 0:
		return with("count(*)%s", filter), exact
	case 1:
		return with("count(distinct %s)%s", r.one(r.text(1).orNull(), with("%s + 0", a)), filter), exact // a column alone is texts
	case 2:
		x, f := r.text(1).orNull(), r.pick("first", "last")
		return said{fmt.Sprintf("%s(%s)%s", f, x.ours, filter.ours), fmt.Sprintf("%s(%s order by row) filter (where (%s) is not null%s)", f, x.theirs, x.theirs, more)}, asText
	case 3:
		return with(r.pick("min", "max")+"(%s)%s", r.one(said{"day(t)", "strftime(t::timestamp, '%Y-%m-%d')"}, same("t")), filter), asText
	case 4, 5:
		f := r.pick("avg", "median", "stddev", "variance", "quantile")
		if f == "quantile" {
			return said{fmt.Sprintf("quantile(%s, 0.3)%s", a.ours, filter.ours), fmt.Sprintf("quantile_cont((%s)::double, 0.3)%s", a.theirs, filter.theirs)}, inDouble
		}
		return said{fmt.Sprintf("%s(%s)%s", f, a.ours, filter.ours), fmt.Sprintf("%s((%s)::double)%s", f, a.theirs, filter.theirs)}, inDouble
	case 6:
		return with(r.pick("sum", "avg", "min", "max")+"(%s)%s", r.quotient(), filter), inDouble
	case 7, 8:
		return with(r.pick("min", "max")+"(%s)%s", a, filter), byValue
	case 9:
		return with("count(%s)%s", r.one(a, r.text(1).orNull(), same("v")), filter), exact
	}
	return with("sum(%s)%s", a, filter), digitsOf(a)
}

// asked is a question in both languages.
type asked struct {
	spec     query.Spec
	sql      string
	keys     int
	measured []measured
	ordered  bool // by the first aggregate alone
	limited  bool
}

func (r asker) question(table string) asked {
	var q asked
	var list, group []string
	item := func(e said, name string, m measured) string {
		q.measured = append(q.measured, m)
		list = append(list, fmt.Sprintf("(%s)::varchar as %s", e.theirs, name))
		return fmt.Sprintf("%s as %s", e.ours, name)
	}
	where := ""
	if r.IntN(2) == 0 {
		c := r.condition(2)
		q.spec.Where, where = c.ours, " where "+c.theirs
	}
	if r.IntN(4) == 0 { // every row
		for i := range 1 + r.IntN(4) {
			switch r.IntN(5) {
			case 0:
				q.spec.Select = append(q.spec.Select, item(r.text(2), fmt.Sprint("s", i), asText))
			case 1:
				q.spec.Select = append(q.spec.Select, item(r.quotient(), fmt.Sprint("s", i), inDouble))
			case 2:
				q.spec.Select = append(q.spec.Select, item(r.condition(2), fmt.Sprint("s", i), asText))
			default: // whose digits are those of the cell, not of the column
				q.spec.Select = append(q.spec.Select, item(with("(%s)", r.number(2)), fmt.Sprint("s", i), byValue))
			}
		}
		q.keys = -1
		q.sql = fmt.Sprintf("select %s from %s%s order by row", strings.Join(list, ", "), table, where)
		return q
	}
	for i := range r.IntN(3) {
		e, m := r.text(1).orNull(), asText
		if r.IntN(5) == 0 {
			e = with("%s + 0", r.number(2)) // a column alone is a text
			m = digitsOf(e)
		}
		name := fmt.Sprint("g", i)
		q.spec.GroupBy = append(q.spec.GroupBy, item(e, name, m))
		group = append(group, fmt.Sprint(i+1))
	}
	q.keys = len(group)
	for i := range 1 + r.IntN(3) {
		e, m := r.aggregate()
		q.spec.Aggregate = append(q.spec.Aggregate, item(e, fmt.Sprint("a", i), m))
	}
	if r.IntN(4) == 0 {
		e := r.one(
			said{"sum(v) / sum(q) + 1", "sum(v)::double / nullif(sum(q), 0)::double + 1"},
			said{"max(v * q) / count(*)", "max(v * q)::double / nullif(count(*), 0)"},
			same("sum(v) - min(q) * 2"), same("coalesce(sum(v), 0) + count(k)"), same("case when count(k) > 2 then max(v) else -min(v) end"), same("upper(max(k)) || '!'"))
		m := inDouble
		if strings.Contains(e.ours, "max(k)") {
			m = asText
		}
		q.spec.Aggregate = append(q.spec.Aggregate, item(e, "e", m))
	}
	q.sql = fmt.Sprintf("select %s from %s%s", strings.Join(list, ", "), table, where)
	if len(group) > 0 {
		q.sql += " group by " + strings.Join(group, ", ")
	}
	if r.IntN(6) == 0 {
		having := r.pick("count(*) > 1", "sum(v) > 10 or count(k) = 1", "min(q) < max(q)", "count(*) in (1, 3)", "max(v) is null")
		q.spec.Having = having
		q.sql += " having " + having
	}
	if m := q.measured[q.keys]; m != asText && r.IntN(4) == 0 {
		q.ordered = true
		q.spec.OrderBy = []string{"a0"}
		order := "a0::double nulls first"
		if r.IntN(2) == 0 {
			q.spec.OrderBy[0] += " desc"
			order = "a0::double desc nulls last"
		}
		q.sql = fmt.Sprintf("select * from (%s) order by %s", q.sql, order)
		if q.spec.Limit = r.IntN(3) * r.IntN(8); q.spec.Limit > 0 {
			q.limited = true
			q.sql += fmt.Sprint(" limit ", q.spec.Limit)
		}
	}
	return q
}

// typed is a random file, and DuckDB's view of it with typed columns.
func (r asker) typed(path string) (text []byte, table string) {
	digits := r.IntN(4)
	most := 0
	var b strings.Builder
	b.WriteString("k,v,q,t\n")
	for range r.IntN(80) {
		if r.IntN(3) == 0 {
			digits = r.IntN(4)
		}
		v := r.pick("", strconv.FormatFloat(r.Float64()*1000-300, 'f', digits, 64), strconv.FormatFloat(r.Float64()*100, 'f', digits, 64), "3", "0")
		if _, after, ok := strings.Cut(v, "."); ok {
			most = max(most, len(after))
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s\n", r.pick("a", "b", "c", "", "A", "a longer text than that", `"d,e"`, "é", `"say ""hi"""`, "caf\u00e9", " x ", "100"), v,
			r.pick("", strconv.Itoa(r.IntN(10)), strconv.Itoa(r.IntN(1000)-100), "0", "7"),
			r.pick("", "2024-01-31", "2024-01-31T10:00:00Z", "2023-12-01 05:06", "2021-01-03", "2024-12-30 23:59:59"))
	}
	table = fmt.Sprintf(`(select k, v::decimal(22,%d) as v, q::decimal(20,0) as q, t, row from (select *, row_number() over () as row from read_csv('%s', auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', nullstr = '', new_line = '\n', columns = {'k': 'varchar', 'v': 'varchar', 'q': 'varchar', 't': 'varchar'})))`, most, path)
	return []byte(b.String()), table
}

// ask has our program answer.
func ask(spec query.Spec, text []byte, workers int) ([][]string, error) {
	q, err := query.Compile(spec)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	file := dialect.File{Name: "f.csv", ReaderAt: bytes.NewReader(text), Size: int64(len(text))}
	if _, err := q.Run(context.Background(), file, func() (io.Writer, io.Writer, error) {
		out.Reset()
		return &out, io.Discard, nil
	}, query.Options{Engine: groupby.Options{Workers: workers}}); err != nil {
		return nil, err
	}
	return csv.NewReader(&out).ReadAll()
}

// TestQuestionsAgainstDuckDB has random expressions, conditions, filters and orders answered
// both by the engine, many rows together, and row by row.
func TestQuestionsAgainstDuckDB(t *testing.T) {
	n := 600
	if more, err := strconv.Atoi(os.Getenv("QUESTIONS")); err == nil {
		n = more
	}
	db := open(t)
	dir := t.TempDir()
	for seed := range uint64(n) {
		r := asker{rand.New(rand.NewPCG(seed, 3))}
		path := filepath.Join(dir, "q.csv")
		text, table := r.typed(path)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			q := r.question(table)
			want, err := answers(db, q.sql)
			if err != nil {
				t.Fatalf("seed %d: DuckDB: %s: %v", seed, q.sql, err)
			}
			rowwise := q.spec
			rowwise.Input.CommentPrefix = "%never%"
			for _, spec := range []query.Spec{q.spec, rowwise} {
				got, err := ask(spec, text, 2)
				if err == nil {
					err = q.compare(got[1:], want)
				}
				if err != nil {
					t.Errorf("seed %d: group by %q, aggregate %q, select %q, where %q, having %q, order %q\n%s\n%s\n%v", seed, spec.GroupBy, spec.Aggregate, spec.Select, spec.Where, spec.Having, spec.OrderBy, q.sql, text, err)
					if os.Getenv("ALL") == "" {
						t.FailNow()
					}
				}
			}
		}
	}
	t.Logf("%d random questions have the same answer both ways", 4*n)
}

// compare wants the same rows; those that have no order in any.
func (q *asked) compare(got, want [][]string) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d rows, DuckDB has %d:\n%q\n%q", len(got), len(want), got, want)
	}
	if q.ordered {
		for i := range got {
			if !agree(got[i][q.keys], want[i][q.keys], q.measured[q.keys]) {
				return fmt.Errorf("in order: row %d is %q, DuckDB's %q", i, got[i], want[i])
			}
		}
	}
	if q.limited { // rows that tie may be others
		return nil
	}
	if q.keys >= 0 {
		byKeys := func(a, b []string) int {
			for i := range q.keys {
				x, y := a[i], b[i]
				if q.measured[i] != asText {
					x, y = plainNumber(x), plainNumber(y)
				}
				if c := strings.Compare(x, y); c != 0 {
					return c
				}
			}
			return 0
		}
		got, want = slices.Clone(got), slices.Clone(want)
		slices.SortFunc(got, byKeys)
		slices.SortFunc(want, byKeys)
	}
	for i := range got {
		for j := range got[i] {
			if !agree(got[i][j], want[i][j], q.measured[j]) {
				return fmt.Errorf("row %d is %q, DuckDB's %q", i, got[i], want[i])
			}
		}
	}
	return nil
}

func plainNumber(s string) string {
	if n, ok := new(big.Rat).SetString(s); ok {
		return n.RatString()
	}
	return s
}

func agree(a, b string, how measured) bool {
	if a == b {
		return true
	}
	if how == asText || how == exact || a == "" || b == "" {
		return false
	}
	if how == byValue {
		return plainNumber(a) == plainNumber(b)
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && math.Abs(x-y) <= 1e-9*max(1, math.Abs(x))
}
