package resultformat

import (
	"bytes"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// eachRow gives the rows of a Parquet file as another program reads them: by the library's reader.
func eachRow(t *testing.T, r io.ReaderAt, size int64, visit func(cells []string)) {
	t.Helper()
	file, err := parquet.OpenFile(r, size)
	if err != nil {
		t.Fatal(err)
	}
	var types []*format.LogicalType
	for _, c := range file.Root().Columns() {
		types = append(types, c.Type().LogicalType())
	}
	cells := make([]string, len(types))
	buffer := make([]parquet.Row, 64)
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		for {
			n, err := rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				if len(row) != len(cells) {
					t.Fatalf("a row has %d values, want %d", len(row), len(cells))
				}
				for i, v := range row {
					cells[i] = libraryText(v, types[i])
				}
				visit(cells)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func libraryText(v parquet.Value, t *format.LogicalType) string {
	if v.IsNull() {
		return ""
	}
	if t != nil {
		switch of := t.Value.(type) {
		case *format.DecimalType:
			n := big.NewInt(0)
			if v.Kind() == parquet.Int64 {
				n.SetInt64(v.Int64())
			} else if n.SetBytes(v.ByteArray()); v.ByteArray()[0] >= 0x80 {
				n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
			}
			return new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(of.Scale)), nil)).FloatString(int(of.Scale))
		case *format.DateType:
			return time.Unix(int64(v.Int32())*24*60*60, 0).UTC().Format(time.DateOnly)
		case *format.StringType:
			return string(v.ByteArray())
		}
	}
	return v.String()
}

// readByLibrary compares a file with the records that it was made of.
func readByLibrary(t *testing.T, seed uint64, records [][]string, file []byte) {
	t.Helper()
	next := 1
	eachRow(t, bytes.NewReader(file), int64(len(file)), func(cells []string) {
		for i, cell := range cells {
			if want := records[next][i]; cell != want && !sameNumber(cell, want) && strings.TrimRight(cell, "0") != want+"." {
				t.Fatalf("seed %d, row %d, %s: the library reads %q, want %q", seed, next, records[0][i], cell, want)
			}
		}
		next++
	})
	if next != len(records) {
		t.Fatalf("seed %d: the library reads %d rows, want %d", seed, next-1, len(records)-1)
	}
}
