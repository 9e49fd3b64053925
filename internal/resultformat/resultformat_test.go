package resultformat

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/filestore"
)

// write writes a CSV in parts of random sizes.
func write(t *testing.T, format filestore.Format, told Columns, text string, r *rand.Rand) []byte {
	t.Helper()
	var out bytes.Buffer
	w := New(t.Context(), format, told, &out, t.TempDir())
	defer w.Discard()
	for rest := text; rest != ""; {
		n := min(1+r.IntN(200), len(rest))
		if _, err := io.WriteString(w, rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func schema(t *testing.T, file []byte) (columns []string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Root().Columns() {
		kind := c.Type().String()
		if logical := c.Type().LogicalType(); logical != nil {
			kind = logical.String()
		}
		columns = append(columns, c.Name()+" "+kind)
	}
	return columns
}

// TestTypes: types follow from the question where they can, and the values decide the others.
func TestTypes(t *testing.T) {
	const d38 = "DECIMAL(38,18)"
	for _, c := range []struct {
		told  Column
		cells string // parted by |
		want  string
		json  string // the first value
	}{
		{Column{}, "1|-20|", "INT(64,true)", "1"},
		{Column{}, "9223372036854775808|1", "DECIMAL(38,0)", "9223372036854775808"},
		{Column{}, "9223372036854775807|-9223372036854775808", "INT(64,true)", "9223372036854775807"},
		{Column{}, "10|10.50|-.5", "DECIMAL(18,2)", "10"},
		{Column{}, "-.5|1", "DECIMAL(18,1)", "-0.5"},
		{Column{}, "12345678901234567.25|1", "DECIMAL(38,2)", "12345678901234567.25"},
		{Column{}, "1.5e-03|2", "DOUBLE", "1.5e-03"},
		{Column{}, "12E4|2", "STRING", `"12E4"`},
		{Column{}, "007|8", "STRING", `"007"`},
		{Column{}, "+4930|8", "STRING", `"+4930"`},
		{Column{}, "1.|8", "STRING", `"1."`},
		{Column{}, "-|8", "STRING", `"-"`},
		{Column{}, strings.Repeat("9", 39), "STRING", `"` + strings.Repeat("9", 39) + `"`},
		{Column{}, strings.Repeat("9", 309) + ".5", "STRING", `"` + strings.Repeat("9", 309) + `.5"`},
		{Column{}, "1e+999|2", "STRING", `"1e+999"`},
		{Column{}, "1.5|-1e+309", "STRING", `"1.5"`},
		{Column{}, "1e-999|1e+308", "DOUBLE", "1e-999"},
		{Column{Told: Numbers}, "1|1e+999", "STRING", `"1"`},
		{Column{}, "1|a", "STRING", `"1"`},
		{Column{}, "|", "STRING", "null"},
		{Column{}, "true|false|", "BOOLEAN", "true"},
		{Column{}, "true|1", "STRING", `"true"`},
		{Column{}, "True", "STRING", `"True"`},
		{Column{}, "2024-02-29|1969-12-31", "DATE", `"2024-02-29"`},
		{Column{}, "2023-02-29", "STRING", `"2023-02-29"`},
		{Column{}, "2024-02-29T10:00|1969-12-31 23:59:59.123456", "TIMESTAMP(isAdjustedToUTC=false,unit=MICROS)", `"2024-02-29T10:00"`},
		{Column{}, "2024-02-29T10:00Z|1969-12-31 23:59:59.5+01:00", "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)", `"2024-02-29T10:00Z"`},
		{Column{}, "2024-02-29T10:00Z|2024-02-29T10:00", "STRING", `"2024-02-29T10:00Z"`},
		{Column{}, "2024-02-29|2024-02-29T10:00", "STRING", `"2024-02-29"`},
		{Column{}, "2024-02-29T10:00:00.1234567", "STRING", `"2024-02-29T10:00:00.1234567"`},
		{Column{}, "2024-02-29T10", "STRING", `"2024-02-29T10"`},
		{Column{Told: Integer}, "|", "INT(64,true)", "null"},
		{Column{Told: Integer}, "9223372036854775808", "DECIMAL(38,0)", "9223372036854775808"},
		{Column{Told: Integer}, "1.5", "DOUBLE", "1.5"},
		{Column{Told: Integer}, "x", "STRING", `"x"`},
		{Column{Told: Decimal, Scale: 18}, "1|2.25", d38, "1"},
		{Column{Told: Decimal, Scale: 18}, "99999999999999999999.999999999999999999", d38, "99999999999999999999.999999999999999999"},
		{Column{Told: Decimal, Scale: 18}, "100000000000000000000", "DOUBLE", "100000000000000000000"},
		{Column{Told: Decimal, Scale: 18}, "|", d38, "null"},
		{Column{Told: Decimal, Scale: 2}, "1|2.5", "DECIMAL(38,2)", "1"},
		{Column{Told: Double}, "1|1e+21", "DOUBLE", "1"},
		{Column{Told: Text}, "1|2", "STRING", `"1"`},
		{Column{Told: Date}, "|2024-01-31", "DATE", "null"},
		{Column{Told: Boolean}, "|", "BOOLEAN", "null"},
		{Column{Told: Numbers}, "1|2", d38, "1"},
		{Column{Told: Numbers}, "|", d38, "null"},
		{Column{Told: Numbers}, "1|2024-01-31", "STRING", `"1"`},
		{Column{Told: Numbers}, "2024-01-31", "DATE", `"2024-01-31"`},
	} {
		text := "a,k\n"
		for cell := range strings.SplitSeq(c.cells, "|") {
			text += cell + ",k\n"
		}
		r := rand.New(rand.NewPCG(1, 1))
		told := Columns{First: []Column{c.told, {}}}
		if got := schema(t, write(t, filestore.Parquet, told, text, r)); got[0] != "a "+c.want {
			t.Errorf("%v %s: %s, want %s", c.told, c.cells, got[0], c.want)
		}
		line, _, _ := strings.Cut(string(write(t, filestore.JSONLines, told, text, r)), "\n")
		if want := `{"a":` + c.json + `,"k":"k"}`; line != want || !json.Valid([]byte(line)) {
			t.Errorf("%v %s: %s, want %s", c.told, c.cells, line, want)
		}
	}
}

// TestColumns: their order stays, names are made unique, and what is told belongs to the first
// and the last of a selection with * in it.
func TestColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	told := Columns{First: []Column{{Told: Text}}, Rest: []Column{{Told: Double}}}
	got := schema(t, write(t, filestore.Parquet, told, "z,a,,a,a_1,x\n1,2,3,4,5,6\n", r))
	want := []string{"z STRING", "a INT(64,true)", "#3 INT(64,true)", "a_2 INT(64,true)", "a_1 INT(64,true)", "x DOUBLE"}
	if !slices.Equal(got, want) {
		t.Errorf("the columns are %q, want %q", got, want)
	}
	got = schema(t, write(t, filestore.Parquet, Columns{Headless: true}, "1,a\n", r))
	if want := []string{"#1 INT(64,true)", "#2 STRING"}; !slices.Equal(got, want) {
		t.Errorf("the columns are %q, want %q", got, want)
	}
}

func TestEmpty(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	told := Columns{First: []Column{{}, {Told: Integer}}}
	if got := schema(t, write(t, filestore.Parquet, told, "k,n\n", r)); !slices.Equal(got, []string{"k STRING", "n INT(64,true)"}) {
		t.Errorf("the columns are %q", got)
	}
	if got := write(t, filestore.JSONLines, told, "k,n\n", r); len(got) != 0 {
		t.Errorf("the lines are %q", got)
	}
}

// random makes a table whose cells are written in the one way in which they are read back.
func random(r *rand.Rand) (records [][]string, told Columns) {
	digits := func(n int) string {
		b := []byte{byte('1' + r.IntN(9))}
		for range r.IntN(n) {
			b = append(b, byte('0'+r.IntN(10)))
		}
		return string(b)
	}
	sign := func() string { return []string{"", "-"}[r.IntN(2)] }
	kinds := []func() string{
		func() string { return sign() + digits(18) },
		func() string { return sign() + digits(10) + "." + digits(1) + digits(1)[:1] },
		func() string { return sign() + digits(30) + "." + digits(1) },
		func() string { return strconv.FormatFloat(r.NormFloat64(), 'g', -1, 64) + "e-05" },
		func() string { return []string{"true", "false"}[r.IntN(2)] },
		func() string { return fmt.Sprintf("%04d-%02d-%02d", 1+r.IntN(9999), 1+r.IntN(12), 1+r.IntN(28)) },
		func() string { return []string{"a", "ü, \"", "x\ny", "\t\x01", "\r", " ", "0", "𝄞\\"}[r.IntN(8)] },
	}
	var of []func() string
	var header []string
	for i := range 1 + r.IntN(6) {
		of = append(of, kinds[r.IntN(len(kinds))])
		header = append(header, fmt.Sprint("c", i, []string{"", ",", "\"", "é"}[r.IntN(4)]))
	}
	records = append(records, header)
	for range r.IntN(600) {
		row := make([]string, len(of))
		for i := range row {
			if r.IntN(5) > 0 {
				row[i] = of[i]()
			}
		}
		if len(row) > 1 || row[0] != "" {
			records = append(records, row)
		}
	}
	return records, Columns{First: make([]Column, len(header))}
}

// TestRoundTrips: what is read back has the values and the order of the CSV.
func TestRoundTrips(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 3))
		records, told := random(r)
		var text bytes.Buffer
		c := csv.NewWriter(&text)
		if err := c.WriteAll(records); err != nil {
			t.Fatal(err)
		}
		columnar := write(t, filestore.Parquet, told, text.String(), r)
		if again := write(t, filestore.Parquet, told, text.String(), r); !bytes.Equal(columnar, again) {
			t.Fatalf("seed %d: the same result has other bytes", seed)
		}
		readByLibrary(t, seed, records, columnar)
		fromParquet, err := ParquetTable(bytes.NewReader(columnar), int64(len(columnar)), 1000)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, seed, records, fromParquet)
		if len(records) == 1 {
			continue
		}
		fromLines, err := LinesTable(bytes.NewReader(write(t, filestore.JSONLines, told, text.String(), r)), 1000)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, seed, records, fromLines)
	}
}

func equal(t *testing.T, seed uint64, want [][]string, got *csvtable.Table) {
	t.Helper()
	if got.Damage != "" || !slices.Equal(got.Header, want[0]) || len(got.Rows) != len(want)-1 {
		t.Fatalf("seed %d: %q of %d rows (%s), want %q of %d", seed, got.Header, len(got.Rows), got.Damage, want[0], len(want)-1)
	}
	for i, row := range got.Rows {
		for j, cell := range row {
			if w := want[i+1][j]; cell != w && !sameNumber(cell, w) {
				t.Fatalf("seed %d, row %d, %s: %q, want %q", seed, i, want[0][j], cell, w)
			}
		}
	}
}

func sameNumber(a, b string) bool {
	if !strings.ContainsAny(b, ".e") || a == "" {
		return false
	}
	x, ok := csvtable.ParseNumber(a)
	y, also := csvtable.ParseNumber(b)
	if ok && also && x.Compare(y) == 0 {
		return true
	}
	p, err := strconv.ParseFloat(a, 64)
	q, wrong := strconv.ParseFloat(b, 64)
	return strings.Contains(b, "e") && err == nil && wrong == nil && p == q
}

// TestMemory: 2 million rows take no more memory than a job has.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("2 million rows")
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(90 << 20))
	const rows = 2_000_000
	var most uint64
	peak := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse+m.StackInuse)
	}
	path := t.TempDir() + "/result"
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := New(t.Context(), filestore.Parquet, Columns{First: make([]Column, 4)}, watched{out, peak}, t.TempDir())
	defer w.Discard()
	var part []byte
	part = append(part, "id,name,amount,at\n"...)
	for i := range rows {
		part = fmt.Appendf(part, "%d,customer %d,%d.%02d,2024-01-%02d\n", i, i*7919%rows, i, i%100, 1+i%28)
		if len(part) > 32<<10 || i == rows-1 {
			if _, err := w.Write(part); err != nil {
				t.Fatal(err)
			}
			part = part[:0]
			peak()
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("at most %d MiB", most>>20)
	if most > 90<<20 {
		t.Errorf("it took %d MiB", most>>20)
	}
	fi, err := out.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(out, fi.Size())
	if err != nil {
		t.Fatal(err)
	}
	if f.NumRows() != rows || len(f.RowGroups()) < rows/groupRows {
		t.Errorf("%d rows in %d row groups", f.NumRows(), len(f.RowGroups()))
	}
	i := 0
	eachRow(t, out, fi.Size(), func(cells []string) {
		if want := fmt.Sprintf("%d,customer %d,%d.%02d,2024-01-%02d", i, i*7919%rows, i, i%100, 1+i%28); strings.Join(cells, ",") != want {
			t.Fatalf("row %d is %s, want %s", i, cells, want)
		}
		i++
	})
}

// watched calls seen at each write.
type watched struct {
	io.Writer
	seen func()
}

func (w watched) Write(p []byte) (int, error) {
	w.seen()
	return w.Writer.Write(p)
}

// TestDamagedFiles: a page shows that a file cannot be read, whatever is in it.
func TestDamagedFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	whole := write(t, filestore.Parquet, Columns{First: make([]Column, 2)}, "a,b\n1,x\n2,y\n", r)
	for range 300 {
		broken := slices.Clone(whole)
		for range 1 + r.IntN(4) {
			broken[r.IntN(len(broken))] = byte(r.Uint32())
		}
		if _, err := ParquetTable(bytes.NewReader(broken), int64(len(broken)), 10); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"[1]\n", "{\"a\":", "x", "{\"a\":1}\n{}\n{\"b\":2}\n", strings.Repeat("x", 2<<20)} {
		if _, err := LinesTable(strings.NewReader(text), 10); err != nil {
			t.Fatal(err)
		}
	}
}
