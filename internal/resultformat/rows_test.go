package resultformat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"csv-pipeline/internal/filestore"
)

// allRows reads a result as texts.
func allRows(t *testing.T, text []byte, format filestore.Format) ([]string, [][]string, error) {
	t.Helper()
	r, err := OpenRows(bytes.NewReader(text), int64(len(text)), format)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	var rows [][]string
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Names(), rows, nil
		}
		if err != nil {
			return r.Names(), rows, err
		}
		texts := make([]string, len(row))
		for i, cell := range row {
			texts[i] = string(cell)
		}
		rows = append(rows, texts)
	}
}

// Whatever the format, every row comes back with the text that it had, also over many row groups
// and pages.
func TestRowsOfEveryFormatAreTheSame(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("key,exact,double,flag,day,note\n")
	var want [][]string
	for i := range 130_000 {
		row := []string{fmt.Sprintf("k%06d", i), fmt.Sprintf("-%d.%02d", i, i%100), "1e-9", "true", "2022-01-31", "a \"b\",\nc"}
		if i%7 == 0 {
			row[1], row[3], row[5] = "", "", ""
		}
		want = append(want, row)
		fmt.Fprintf(&csv, `%s,%s,%s,%s,%s,"%s"`+"\n", row[0], row[1], row[2], row[3], row[4], strings.ReplaceAll(row[5], `"`, `""`))
	}
	text := csv.String()
	for _, format := range filestore.Formats {
		stored := []byte(text)
		if format != filestore.CSV {
			var out bytes.Buffer
			w := New(context.Background(), format, Columns{}, &out, t.TempDir())
			if _, err := io.WriteString(w, text); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			w.Discard()
			stored = out.Bytes()
		}
		names, rows, err := allRows(t, stored, format)
		if err != nil || strings.Join(names, ",") != "key,exact,double,flag,day,note" || len(rows) != len(want) {
			t.Fatalf("%s: %v, %d rows, %v", format, names, len(rows), err)
		}
		for i, row := range rows {
			if !slices.Equal(row, want[i]) {
				t.Fatalf("%s: row %d: %q, want %q", format, i, row, want[i])
			}
		}
	}
}

// What other programs write is read, and what cannot be is told with its line.
func TestRowsOfOtherPrograms(t *testing.T) {
	for _, c := range []struct {
		format     filestore.Format
		text, want string
	}{
		{filestore.CSV, "\xef\xbb\xbfa,b\r\n1,\"x\r\ny\"\r\n\r\n2,z", `[a b] [["1" "x\r\ny"] ["2" "z"]] `},
		{filestore.CSV, "a\n\"\"\n", `[a] [[""]] `},
		{filestore.CSV, "a,a,\n1,2,3\n", `[a a_1 #3] [["1" "2" "3"]] `},
		{filestore.CSV, "a,b\n1\n", `[a b] [] line 2 has 1 cells, expected 2 as in the header`},
		{filestore.CSV, "a,b\n1,\"2\n", `[a b] [] line 2: a quote is not closed`},
		{filestore.CSV, "", `[] [] it is empty`},
		{filestore.JSONLines, "{\"a\":1.10,\"b\":\"x\"}\n\n{\"b\":null,\"a\":123456789012345678901234567890}\n", `[a b] [["1.10" "x"] ["123456789012345678901234567890" ""]] `},
		{filestore.JSONLines, "{\"a\":1}\n{\"a\":1,\"c\":2}\n", `[a] [["1"]] line 2 has a key "c", which the first line has not`},
		{filestore.JSONLines, "{\"a\":1}\n[1]\n", `[a] [["1"]] line 2: it is no JSON object`},
		{filestore.JSONLines, "", `[] [] `},
		{filestore.Parquet, "PAR1 and no more", `[] [] the Parquet file is damaged`},
	} {
		names, rows, err := allRows(t, []byte(c.text), c.format)
		got := fmt.Sprintf("%v %q ", names, rows)
		if err != nil {
			got += err.Error()
			if damaged := new(DamagedError); !errors.As(err, &damaged) {
				t.Errorf("%q: %v is no DamagedError", c.text, err)
			}
		}
		if got != c.want {
			t.Errorf("%s %q: %s\nwant %s", c.format, c.text, got, c.want)
		}
	}
}

// A store that fails is told from a damaged result.
func TestRowsTellAFailingStore(t *testing.T) {
	for _, format := range filestore.Formats {
		_, err := OpenRows(failingSource{}, 1000, format)
		if damaged := new(DamagedError); !errors.Is(err, errStore) || errors.As(err, &damaged) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

var errStore = errors.New("the store fails")

type failingSource struct{}

func (failingSource) Read([]byte) (int, error)          { return 0, errStore }
func (failingSource) ReadAt([]byte, int64) (int, error) { return 0, errStore }
