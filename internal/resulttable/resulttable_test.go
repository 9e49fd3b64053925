package resulttable_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/resultformat"
	"csv-pipeline/internal/resulttable"
)

// folder is a store with results, and a list of these in the order in which they were put.
type folder struct {
	filestore.Store
	path    string
	results []string
	dates   map[string]time.Time
}

func (f *folder) date(name string) (time.Time, bool) {
	day, ok := f.dates[name]
	return day, ok
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	f := &folder{path: t.TempDir(), dates: map[string]time.Time{}}
	store, err := dirstore.Open(f.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := os.MkdirAll(filepath.Join(f.path, "processed"), 0o777); err != nil {
		t.Fatal(err)
	}
	f.Store = store
	return f
}

// put adds a result, whose name has its format and may have a day before a blank.
func (f *folder) put(t *testing.T, name, csv string) {
	t.Helper()
	if day, rest, ok := strings.Cut(name, " "); ok {
		name = rest
		f.dates[name], _ = time.Parse(time.DateOnly, day)
	}
	text := []byte(csv)
	if format, _ := filestore.FormatOf(name); format != filestore.CSV {
		var out bytes.Buffer
		w := resultformat.New(t.Context(), format, resultformat.Columns{}, &out, "")
		defer w.Discard()
		if _, err := io.WriteString(w, csv); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		text = out.Bytes()
	}
	if err := os.WriteFile(filepath.Join(f.path, "processed", name), text, 0o666); err != nil {
		t.Fatal(err)
	}
	f.results = append(f.results, name)
}

func (f *folder) open(t *testing.T) *resulttable.Table {
	t.Helper()
	table, err := resulttable.Open(t.Context(), f, f.results, f.date)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// The table has the columns of all results, whatever their format, and the texts as they are.
func TestColumnsAreJoinedByName(t *testing.T) {
	f := newFolder(t)
	f.put(t, "2022-01-01 a.csv", "item,price\n1,0.10\n2,-1.50\n")
	f.put(t, "b.jsonl", "price,shop\n12345678901234567890.5,\"x, \"\"y\"\"\"\n")
	f.put(t, "2022-02-01 c.parquet", "item,price\n3,0.20\n")
	f.put(t, "d.csv", "file,date\n\"one\ntwo\",\n")
	table := f.open(t)
	want := "file_1,date_1,item,price,shop,file,date\n" +
		"a.csv,2022-01-01,1,0.10,,,\na.csv,2022-01-01,2,-1.50,,,\n" +
		"b.jsonl,,,12345678901234567890.5,\"x, \"\"y\"\"\",,\n" +
		"c.parquet,2022-02-01,3,0.20,,,\n" +
		"d.csv,,,,,\"one\ntwo\",\n"
	var got bytes.Buffer
	if err := table.Write(t.Context(), &got, resulttable.Output{Format: filestore.CSV}, "", 0); err != nil || got.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got.String(), want)
	}
	if got, want := fmt.Sprint(table.Results, table.Columns), "4 [{item 2} {price 1} {shop 3} {file 3} {date 3}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	got.Reset()
	err := table.Write(t.Context(), &got, resulttable.Output{Format: filestore.JSONLines, Limit: 1}, "", 1<<20)
	if want := `{"file_1":"a.csv","date_1":"2022-01-01","item":1,"price":0.10,"shop":null,"file":null,"date":null}` + "\n"; err != nil || got.String() != want {
		t.Errorf("%v %s", err, got.String())
	}
}

// A question has the engine add up the rows of all results, exactly.
func TestAsk(t *testing.T) {
	f := newFolder(t)
	for i := range 300 {
		f.put(t, fmt.Sprintf("2022-%02d-01 %03d.csv", i%12+1, i), "item,Total Price,note\n1,0.10,\"a \"\"b\"\"\nc\"\n2,0.20,\n")
	}
	table := f.open(t)
	for _, c := range []struct {
		spec query.Spec
		want string
	}{
		{query.Spec{GroupBy: []string{"item"}, Aggregate: []string{`sum("total price") as total`, "count(*) as n"}}, "item,total,n\n1,30.00,300\n2,60.00,300\n"},
		{query.Spec{GroupBy: []string{"month(date) as month"}, Aggregate: []string{`sum("Total Price" * 2)`}, Where: "item = '2' and file < '002'", OrderBy: []string{"month desc"}, Limit: 1}, "month,\"sum(\"\"Total Price\"\" * 2)\"\n2022-02,0.40\n"},
		{query.Spec{Select: []string{"file", "note"}, Where: "item = '1'", Limit: 1}, "file,note\n000.csv,\"a \"\"b\"\"\nc\"\n"},
		{query.Spec{Select: []string{"*"}, Where: "file = '299.csv' and item = '2'"}, "file,date,item,Total Price,note\n299.csv,2022-12-01,2,0.20,\n"},
		{query.Spec{GroupBy: []string{"#3"}, Aggregate: []string{"max(#4)"}}, "column_3,max_column_4\n1,0.10\n2,0.20\n"},
	} {
		q, err := query.Compile(resulttable.Spec(c.spec))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := table.Ask(t.Context(), q, t.TempDir(), 1<<20)
		if err != nil {
			t.Errorf("%+v: %v", c.spec, err)
			continue
		}
		var got bytes.Buffer
		if _, err := answer.WriteTo(&got); err != nil || got.String() != c.want {
			t.Errorf("%+v: %v\n%s\nwant\n%s", c.spec, err, got.String(), c.want)
		}
		answer.Close()
	}
	q, err := query.Compile(resulttable.Spec(query.Spec{GroupBy: []string{"itme"}, Aggregate: []string{"count(*)"}}))
	if err != nil {
		t.Fatal(err)
	}
	var wrong *groupby.InputError
	if _, err := table.Ask(t.Context(), q, "", 1<<20); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "item") {
		t.Errorf("a column that is not there: %v", err)
	}
	if _, err := table.Ask(t.Context(), q, "", 1000); !errors.Is(err, resulttable.ErrTooLarge) {
		t.Errorf("more than may be kept: %v", err)
	}
}

// What cannot be read is told with the name of its result, also where it changed after its columns
// were read.
func TestResultsThatCannotBeRead(t *testing.T) {
	f := newFolder(t)
	f.put(t, "a.csv", "item,n\n1,2\n")
	f.put(t, "gone.csv", "item,n\n1,2\n")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(f.path, "processed", name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	check := func(err error, want string, changed bool) {
		t.Helper()
		var read *resulttable.ReadError
		if !errors.As(err, &read) || err.Error() != want || read.Changed != changed {
			t.Errorf("%v, want %s", err, want)
		}
	}
	table := f.open(t)
	write("a.csv", "item,other\n1,2\n")
	check(table.CSV(t.Context(), io.Discard, resulttable.Output{}), `a.csv: it has a column "other" now, which it had not`, true)
	write("a.csv", "item,n\n1,2\n1,2,3\n")
	check(table.CSV(t.Context(), io.Discard, resulttable.Output{}), "a.csv: line 3 has 3 cells, expected 2 as in the header", false)
	write("a.csv", "n,item\n2,1\n")
	if err := os.Remove(filepath.Join(f.path, "processed", "gone.csv")); err != nil {
		t.Fatal(err)
	}
	check(table.CSV(t.Context(), io.Discard, resulttable.Output{}), "gone.csv: it was removed meanwhile", true)
	table = f.open(t) // without what was removed since it was listed
	var got bytes.Buffer
	if err := table.CSV(t.Context(), &got, resulttable.Output{}); table.Results != 1 {
		t.Errorf("%d results, %v", table.Results, err)
	}
	write("a.csv", "")
	_, err := resulttable.Open(t.Context(), f, f.results, f.date)
	check(err, "a.csv: it is empty", false)
}

// The rows of many results pass through little memory, and whoever stops reading stops all of it.
func TestMemoryDoesNotGrowWithResults(t *testing.T) {
	f := newFolder(t)
	f.put(t, "one.csv", "item,text\n"+strings.Repeat("1,"+strings.Repeat("x", 1000)+"\n", 200))
	one := f.results[0]
	for len(f.results) < 500 { // 100 MB
		f.results = append(f.results, one)
	}
	table := f.open(t)
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	most, n := uint64(0), 0
	err := table.Rows(t.Context(), func([][]byte) (bool, error) {
		if n++; n%20_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
		return true, nil
	})
	if err != nil || n != 100_000 || most > before.HeapAlloc+20<<20 {
		t.Errorf("%d rows, %v, from %d to %d bytes", n, err, before.HeapAlloc, most)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n = 0
	err = table.Rows(ctx, func([][]byte) (bool, error) {
		if n++; n == 10 {
			cancel()
		}
		return true, nil
	})
	if !errors.Is(err, context.Canceled) || n > 200*20 {
		t.Errorf("canceled: %d rows, %v", n, err)
	}
}
