package differential

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/filestore"
	question "csv-pipeline/internal/query"
)

// resultsIn writes the results of files in a format, one file each.
func resultsIn(t *testing.T, spec question.Spec, format filestore.Format, texts []string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	spec.Output.Format = format
	q, err := question.Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		var out bytes.Buffer
		_, err := q.Run(context.Background(), dialect.File{Name: "f.csv", ReaderAt: strings.NewReader(text), Size: int64(len(text))}, func() (io.Writer, io.Writer, error) {
			out.Reset()
			return &out, nil, nil
		}, question.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d.%s", i, format)), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func one(t *testing.T, db *sql.DB, text string) string {
	t.Helper()
	var value sql.NullString
	if err := db.QueryRow(text).Scan(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value.String
}

// TestManyResultsAtOnce: DuckDB reads the Parquet results of many files as one table, and it is
// that of the CSV results. What is whole in one file, and is first, has decimals in the next.
func TestManyResultsAtOnce(t *testing.T) {
	db := open(t)
	var texts []string
	r := rand.New(rand.NewPCG(7, 7))
	for i := range 30 {
		var b strings.Builder
		b.WriteString("store,at,qty,amount,flag\n")
		for range r.IntN(400) * min(i, 1) {
			amount := fmt.Sprint(r.IntN(2000) - 1000)
			if i > 3 && r.IntN(2) > 0 {
				amount += "." + fmt.Sprint(r.IntN(10000))
			}
			if r.IntN(9) == 0 {
				amount = ""
			}
			fmt.Fprintf(&b, "%s,2024-0%d-1%d,%d,%s,%s\n", []string{"A", "\"B,\"\"\"", "", "Ü"}[r.IntN(4)], 1+r.IntN(9), r.IntN(9), r.IntN(9), amount, []string{"x", ""}[r.IntN(2)])
		}
		texts = append(texts, b.String())
	}
	spec := question.Spec{GroupBy: []string{"coalesce(store, '?') as store", "day(at) as day", "year(at) as year"}, Aggregate: []string{
		"count(*) as n", "sum(qty) as qty", "sum(amount) as amount", "avg(amount) as mean", "min(amount) as least", "sum(round(amount, 2)) as cents",
		"sum(amount) / count(*) as ratio", "sum(amount) > 0 as gain", "stddev(amount) as spread"}}
	columnar := "'" + resultsIn(t, spec, filestore.Parquet, texts) + "/*.parquet'"
	const columns = "day::date as day, year::bigint as year, n::bigint as n, qty::decimal(38,18) as qty, amount::decimal(38,18) as amount, mean::double as mean, least::decimal(38,18) as least, cents::decimal(38,2) as cents, ratio::double as ratio, gain::boolean as gain, spread::double as spread"
	const table = "as_csv"
	if _, err := db.Exec("create table " + table + " as select store, " + columns + " from read_csv('" + resultsIn(t, spec, filestore.CSV, texts) +
		"/*.csv', all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')"); err != nil {
		t.Fatal(err)
	}
	left, right := "select * from "+columnar, "select * from "+table
	if n := one(t, db, "select count(*) from ("+left+")"); n == "0" || n != one(t, db, "select count(*) from ("+right+")") {
		t.Fatalf("there are %s rows of Parquet", n)
	}
	for _, text := range []string{left + " except all " + right, right + " except all " + left} {
		if n := one(t, db, "select count(*) from ("+text+")"); n != "0" {
			t.Errorf("%s rows are not the same: %s", n, text)
		}
	}
	// What is left out by the statistics of row groups is what has to be.
	for _, condition := range []string{"amount < 0", "amount > 100", "least < -900", "cents < -100", "day >= '2024-05-01'", "qty = 8", "n > 2", "mean < 0", "gain"} {
		got := one(t, db, "select count(*) from "+columnar+" where "+condition)
		want := one(t, db, "select count(*) from "+table+" where "+condition)
		if got != want || want == "0" {
			t.Errorf("%s: %s rows, want %s", condition, got, want)
		}
	}
	types := one(t, db, "select string_agg(column_type, ' ') from (describe "+left+")")
	if want := "VARCHAR DATE BIGINT BIGINT DECIMAL(38,18) DECIMAL(38,18) DOUBLE DECIMAL(38,18) DECIMAL(38,2) DOUBLE BOOLEAN DOUBLE"; types != want {
		t.Errorf("the types are %s, want %s", types, want)
	}
	lines := "read_json('" + resultsIn(t, spec, filestore.JSONLines, texts) + "/*.jsonl')"
	if got, want := one(t, db, "select sum(n)::varchar from "+lines), one(t, db, "select sum(n)::varchar from "+columnar); got != want {
		t.Errorf("JSON Lines: %s, want %s", got, want)
	}
}

// TestSelectedColumns: the types of columns that are taken as they are come from the values, and
// DuckDB unites them where it is told to.
func TestSelectedColumns(t *testing.T) {
	db := open(t)
	folder := resultsIn(t, question.Spec{Select: []string{"*", "round(number(x), 1) as rounded"}}, filestore.Parquet, []string{
		"x,y\n1,1\n2,2\n", "x,y\n1.25,a\n-10,b\n,\n"})
	rows, err := answers(db, "select x::varchar, y, rounded::varchar from read_parquet('"+folder+"/*.parquet', union_by_name = true)")
	if err != nil {
		t.Fatal(err)
	}
	got := shown(rows, err)
	if want := "1.00,1,1.0;2.00,2,2.0;1.25,a,1.3;-10.00,b,-10.0;,,"; got != want {
		t.Errorf("DuckDB reads %s, want %s", got, want)
	}
}
