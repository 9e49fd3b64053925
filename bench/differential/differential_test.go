// Package differential compares the engine's results with DuckDB's on random
// files. What they differ in is in docs/engine.md, and pinned by
// TestDifferences.
package differential

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"csv-pipeline/internal/groupby"

	_ "github.com/duckdb/duckdb-go/v2"
)

const cases = 300

func TestAgainstDuckDB(t *testing.T) {
	db := open(t)
	dir := t.TempDir()
	others := 0
	for seed := range uint64(cases) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := randomFile(r)
		f.path = filepath.Join(dir, fmt.Sprintf("%d.csv", seed))
		if err := os.WriteFile(f.path, f.text, 0o600); err != nil {
			t.Fatal(err)
		}
		q := f.randomQuery(r)
		got, err := aggregate(f, q.spec(f))
		if err != nil {
			t.Fatalf("seed %d: %+v: %v", seed, q, err)
		}
		want, err := answers(db, q.sql(f))
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, q.sql(f), err)
		}
		rounded, err := q.compare(got, want)
		if err != nil {
			t.Fatalf("seed %d, %d rows: %+v\n%s\n%v", seed, f.rows, q.spec(f), q.sql(f), err)
		}
		others += rounded
		if err := os.Remove(f.path); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d random files and queries have the same result; DuckDB rounds %d doubles otherwise", cases, others)
}

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "?threads=2")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// answers returns the result's rows; NULL is an empty text.
func answers(db *sql.DB, text string) ([][]string, error) {
	rows, err := db.Query(text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all [][]string
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		places := make([]any, len(columns))
		for i := range cells {
			places[i] = &cells[i]
		}
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		row := make([]string, len(columns))
		for i, c := range cells {
			row[i] = strings.ReplaceAll(c.String, "\r\n", "\n") // as encoding/csv has it
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// aggregate returns the rows of the engine's result.
func aggregate(f *file, spec groupby.Spec) ([][]string, error) {
	plan, err := groupby.Compile(spec)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	in := groupby.Input{Name: f.path, ReaderAt: bytes.NewReader(f.text), Size: int64(len(f.text))}
	if _, err := plan.Run(context.Background(), in, &out, groupby.Options{Workers: 2}); err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		return nil, err
	}
	return rows[1:], nil
}

// column is a column of a random file.
type column struct {
	name  string
	kind  kind
	scale int // of decimals: the most digits after the point there are
}

type kind int

const (
	integer kind = iota
	decimal
	text
	moment
)

// file is a random file; its columns are of known kinds, and any cell may be
// NULL.
type file struct {
	path    string
	text    []byte
	columns []column
	comma   byte
	crlf    bool
	rows    int
}

func randomFile(r *rand.Rand) *file {
	f := &file{comma: ",;|\t"[r.IntN(4)], crlf: r.IntN(3) == 0, rows: r.IntN(300)}
	if r.IntN(4) == 0 {
		f.rows = r.IntN(30_000) // enough for two workers
	}
	for i := range 3 + r.IntN(4) {
		f.columns = append(f.columns, column{name: fmt.Sprintf("c%d", i), kind: kind(i % 4)})
	}
	r.Shuffle(len(f.columns), func(i, j int) { f.columns[i], f.columns[j] = f.columns[j], f.columns[i] })
	var makers []func() string
	for i := range f.columns {
		makers = append(makers, f.columns[i].maker(r))
	}
	nulls, quotes := r.IntN(4), r.IntN(3)
	end := "\n"
	if f.crlf {
		end = "\r\n"
	}
	var b bytes.Buffer
	for i, c := range f.columns {
		if i > 0 {
			b.WriteByte(f.comma)
		}
		b.WriteString(c.name)
	}
	b.WriteString(end)
	for row := range f.rows {
		for i, cell := range makers {
			if i > 0 {
				b.WriteByte(f.comma)
			}
			s := ""
			if nulls == 0 || r.IntN(10*nulls) > 0 {
				s = cell()
			}
			if strings.ContainsAny(s, "\"\r\n"+string(f.comma)) || quotes == 1 || quotes == 2 && r.IntN(3) == 0 {
				s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
			}
			b.WriteString(s)
		}
		if row < f.rows-1 || r.IntN(2) == 0 {
			b.WriteString(end)
		}
	}
	f.text = b.Bytes()
	return f
}

// maker makes the cells of a column.
func (c *column) maker(r *rand.Rand) func() string {
	switch c.kind {
	case integer:
		most := int64(math.Pow10(1 + r.IntN(18)))
		least := int64(0)
		if r.IntN(2) == 0 {
			least = -most
		}
		return func() string { return strconv.FormatInt(least+r.Int64N(most-least), 10) }
	case decimal:
		whole, places := 1+r.IntN(8), r.IntN(7)
		return func() string {
			s := strconv.FormatInt(r.Int64N(int64(math.Pow10(whole))), 10)
			if n := r.IntN(places + 1); n > 0 {
				c.scale = max(c.scale, n)
				s += fmt.Sprintf(".%0*d", n, r.Int64N(int64(math.Pow10(n))))
			}
			if r.IntN(5) == 0 {
				s = "-" + s
			}
			return s
		}
	case moment:
		return func() string {
			s := fmt.Sprintf("20%02d-%02d-%02d", 20+r.IntN(3), 1+r.IntN(12), 1+r.IntN(28))
			switch r.IntN(5) {
			case 0:
				return s
			case 3:
				return fmt.Sprintf("%s %02d:%02d:%02d+01:00", s, r.IntN(24), r.IntN(60), r.IntN(60))
			case 1:
				return fmt.Sprintf("%s %02d:%02d:%02d", s, r.IntN(24), r.IntN(60), r.IntN(60))
			case 2:
				return fmt.Sprintf("%sT%02d:%02d:%02d.%03d", s, r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000))
			}
			return fmt.Sprintf("%sT%02d:%02d:%02dZ", s, r.IntN(24), r.IntN(60), r.IntN(60))
		}
	}
	words := []string{"north", "south-east", "product-1", "product-17", "café", "x", "yz", "5 inch, \"black\"\nor white",
		`"`, `""`, `a"`, `"b`, "a;b", "tab\there", "a|b", "two\r\nlines", "A", "a", " blanks ", "01", "1", "1.0", "n/a"}
	words = words[r.IntN(len(words)-1):]
	return func() string { return words[r.IntN(len(words))] }
}

// aggregation is one column of a result that is no key.
type aggregation struct {
	function string // count, count distinct, or what is before the parenthesis
	fraction string // of a quantile
	column   int    // -1 for count(*)
}

type key struct {
	function string // "", year, month, day or hour
	column   int
}

type aggregationQuery struct {
	keys         []key
	aggregations []aggregation
}

func (f *file) randomQuery(r *rand.Rand) aggregationQuery {
	var q aggregationQuery
	for range r.IntN(4) {
		k := key{column: r.IntN(len(f.columns))}
		if f.columns[k.column].kind == moment {
			k.function = []string{"", "year", "month", "day", "hour"}[r.IntN(5)]
		}
		if !slices.Contains(q.keys, k) {
			q.keys = append(q.keys, k)
		}
	}
	for range 1 + r.IntN(6) {
		a := aggregation{function: functions[r.IntN(len(functions))], column: r.IntN(len(f.columns))}
		if a.function == "quantile" {
			a.fraction = []string{"0", "0.05", "0.25", "0.333", "0.5", "0.95", "0.999", "1"}[r.IntN(8)]
		}
		switch kind := f.columns[a.column].kind; {
		case a.function == "count" && r.IntN(2) == 0:
			a.column = -1
		case inDoubles[a.function] > 0 && kind != integer && kind != decimal:
			continue
		case a.function == "sum" && kind != integer && kind != decimal:
			continue
		case (a.function == "min" || a.function == "max") && kind == text:
			// Texts that are numbers are in another order: see TestDifferences.
			continue
		}
		if !slices.Contains(q.aggregations, a) {
			q.aggregations = append(q.aggregations, a)
		}
	}
	if len(q.keys)+len(q.aggregations) == 0 {
		q.aggregations = append(q.aggregations, aggregation{function: "count", column: -1})
	}
	return q
}

// spec is the query as the engine is told.
func (q aggregationQuery) spec(f *file) groupby.Spec {
	s := groupby.Spec{Comma: f.comma}
	for _, k := range q.keys {
		e := f.columns[k.column].name
		if k.function != "" {
			e = k.function + "(" + e + ")"
		}
		s.GroupBy = append(s.GroupBy, e)
	}
	for _, a := range q.aggregations {
		e := "*"
		if a.column >= 0 {
			e = f.columns[a.column].name
		}
		function, distinct, _ := strings.Cut(a.function, " ")
		if a.fraction != "" {
			e += ", " + a.fraction
		}
		s.Aggregates = append(s.Aggregates, function+"("+strings.TrimSpace(distinct+" "+e)+")")
	}
	return s
}

// sql is the query as DuckDB is told.
func (q aggregationQuery) sql(f *file) string {
	var list, group, order []string
	for i, k := range q.keys {
		c := f.columns[k.column]
		e := c.name
		if format := map[string]string{"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d", "hour": "%Y-%m-%dT%H"}[k.function]; format != "" {
			e = fmt.Sprintf("strftime(%s::timestamp, '%s')", c.name, format)
		}
		list, group = append(list, e), append(group, strconv.Itoa(i+1))
		if c.kind == integer || c.kind == decimal && c.scale == 0 {
			order = append(order, e+"::decimal(30,0) nulls first")
		}
		order = append(order, e+" nulls first")
	}
	for _, a := range q.aggregations {
		list = append(list, a.sql(f))
	}
	text := fmt.Sprintf("select %s from (select *, row_number() over () as row from %s)", strings.Join(list, ", "), f.table())
	if len(q.keys) > 0 {
		text += " group by " + strings.Join(group, ", ") + " order by " + strings.Join(order, ", ")
	}
	return text
}

func (a aggregation) sql(f *file) string {
	if a.column < 0 {
		return "count(*)"
	}
	c := f.columns[a.column]
	e := c.name
	if c.kind == integer || c.kind == decimal {
		e = fmt.Sprintf("%s::decimal(30,%d)", c.name, c.scale)
	}
	switch a.function {
	case "count":
		return "count(" + c.name + ")"
	case "count distinct":
		return "count(distinct " + c.name + ")"
	}
	switch a.function {
	case "median", "variance", "stddev":
		e += "::double" // of decimals DuckDB's are decimals
	case "quantile":
		return fmt.Sprintf("quantile_cont(%s::double, %s)::varchar", e, a.fraction)
	case "first", "last":
		return fmt.Sprintf("%s(%s order by row) filter (where %s is not null)", a.function, c.name, c.name)
	}
	return fmt.Sprintf("%s(%s)::varchar", a.function, e)
}

// table is the file as DuckDB reads it: all text.
func (f *file) table() string {
	var columns []string
	for _, c := range f.columns {
		columns = append(columns, fmt.Sprintf("'%s': 'varchar'", c.name))
	}
	end := `\n`
	if f.crlf {
		end = `\r\n`
	}
	return fmt.Sprintf(`read_csv('%s', auto_detect = false, header = true, delim = '%c', quote = '"', escape = '"', new_line = '%s', nullstr = '', columns = {%s})`,
		f.path, f.comma, end, strings.Join(columns, ", "))
}

var functions = []string{"count", "count", "count distinct", "sum", "sum", "avg", "min", "max", "median", "quantile", "variance", "stddev", "first", "last"}

// inDoubles is how far apart, relative to their value, results may be that DuckDB
// computes in doubles.
var inDoubles = map[string]float64{"avg": 1e-15, "median": 1e-12, "quantile": 1e-12, "variance": 1e-12, "stddev": 1e-12}

// compare wants the same rows in the same order. What DuckDB computes in doubles may be
// other ones, next to ours; it says how many are.
func (q aggregationQuery) compare(got, want [][]string) (rounded int, err error) {
	if len(got) != len(want) {
		return 0, fmt.Errorf("%d groups, DuckDB has %d", len(got), len(want))
	}
	for i := range got {
		for j := range got[i] {
			if got[i][j] == want[i][j] {
				continue
			}
			if a := j - len(q.keys); a >= 0 && inDoubles[q.aggregations[a].function] > 0 {
				x, errX := strconv.ParseFloat(got[i][j], 64)
				y, errY := strconv.ParseFloat(want[i][j], 64)
				if errX == nil && errY == nil && math.Abs(x-y) <= inDoubles[q.aggregations[a].function]*math.Abs(x) {
					if x != y {
						rounded++
					}
					continue
				}
			}
			return rounded, fmt.Errorf("row %d is %q, DuckDB's %q", i, got[i], want[i])
		}
	}
	return rounded, nil
}
