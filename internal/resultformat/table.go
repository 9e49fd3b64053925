package resultformat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"csv-pipeline/internal/csvtable"
)

const (
	// mostShown bounds what is read of a file for a page, in bytes.
	mostShown = 64 << 20
	maxLine   = 1 << 20
)

// ParquetTable is the beginning of a Parquet file of flat columns, at most n rows. What cannot
// be read is told in its Damage; an error is one of reading r.
func ParquetTable(r io.ReaderAt, size int64, n int) (t *csvtable.Table, err error) {
	source := &failing{ReaderAt: r, size: size}
	defer func() {
		if broken := recover(); broken != nil { // the library trusts its files
			t = &csvtable.Table{Damage: "the Parquet file is damaged"}
		}
		if source.err != nil {
			t, err = nil, source.err
		}
	}()
	file, err := parquet.OpenFile(source, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return &csvtable.Table{Damage: err.Error()}, nil
	}
	columns := file.Schema().Columns()
	leaves := make([]*columnText, len(columns))
	header := make([][]byte, len(columns))
	for i, path := range columns {
		leaf, _ := file.Schema().Lookup(path...)
		leaves[i] = &columnText{leaf.Node.Type().LogicalType()}
		header[i] = []byte(strings.Join(path, "."))
	}
	t, err = csvtable.Collect(n, func(visit func(record [][]byte) bool) error {
		visit(header)
		return eachRow(file, leaves, visit)
	})
	if err != nil {
		t.Damage = err.Error()
	}
	return t, nil
}

func eachRow(file *parquet.File, leaves []*columnText, visit func(record [][]byte) bool) error {
	record := make([][]byte, len(leaves))
	for i, group := range file.RowGroups() {
		for _, c := range file.Metadata().RowGroups[i].Columns {
			if c.MetaData.TotalUncompressedSize > mostShown {
				return fmt.Errorf("a row group has more than %d MiB, too many for a page", mostShown>>20)
			}
		}
		rows := group.Rows()
		defer rows.Close()
		buffer := make([]parquet.Row, 64)
		for {
			n, err := rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				clear(record)
				for _, v := range row {
					if at := v.Column(); record[at] == nil && !v.IsNull() {
						record[at] = leaves[at].text(v)
					}
				}
				if !visit(record) {
					return nil
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// columnText writes the values of a column as a result of CSV has them.
type columnText struct{ *format.LogicalType }

func (c *columnText) text(v parquet.Value) []byte {
	if c.LogicalType != nil {
		switch t := c.Value.(type) {
		case *format.DecimalType:
			return decimalText(v, int(t.Scale))
		case *format.DateType:
			return time.Unix(int64(v.Int32())*24*60*60, 0).UTC().AppendFormat(nil, time.DateOnly)
		case *format.TimestampType:
			if _, micro := t.Unit.Value.(*format.MicroSeconds); micro {
				layout := "2006-01-02T15:04:05.999999"
				if t.IsAdjustedToUTC {
					layout += "Z"
				}
				return time.UnixMicro(v.Int64()).UTC().AppendFormat(nil, layout)
			}
		}
	}
	switch v.Kind() {
	case parquet.Double:
		return doubleText(v.Double())
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return v.ByteArray()
	}
	return []byte(v.String())
}

// decimalText leaves out zeros at the end that no cell has, as with a scale of 18.
func decimalText(v parquet.Value, scale int) []byte {
	n := new(big.Int)
	switch v.Kind() {
	case parquet.Int32:
		n.SetInt64(int64(v.Int32()))
	case parquet.Int64:
		n.SetInt64(v.Int64())
	default:
		b := v.ByteArray()
		if n.SetBytes(b); len(b) > 0 && b[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	digits := new(big.Int).Abs(n).String()
	if scale > 0 {
		if len(digits) <= scale {
			digits = strings.Repeat("0", scale-len(digits)+1) + digits
		}
		whole, behind := digits[:len(digits)-scale], digits[len(digits)-scale:]
		if scale == MaxScale {
			behind = strings.TrimRight(behind, "0")
		}
		if digits = whole; behind != "" {
			digits += "." + behind
		}
	}
	if n.Sign() < 0 {
		digits = "-" + digits
	}
	return []byte(digits)
}

func doubleText(f float64) []byte {
	b, _ := json.Marshal(f)
	if b == nil { // no finite number
		b = strconv.AppendFloat(nil, f, 'g', -1, 64)
	}
	return b
}

// LinesTable is ParquetTable for JSON Lines.
func LinesTable(r io.Reader, n int) (*csvtable.Table, error) {
	lines := bufio.NewScanner(io.LimitReader(r, mostShown))
	lines.Buffer(nil, maxLine)
	var names []string
	t, err := csvtable.Collect(n, func(visit func(record [][]byte) bool) error {
		for number := 1; lines.Scan(); number++ {
			keys, values, err := object(lines.Bytes())
			if err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
			if names == nil {
				names = keys
				header := make([][]byte, len(keys))
				for i, key := range keys {
					header[i] = []byte(key)
				}
				visit(header)
			}
			record := make([][]byte, len(names))
			for i, name := range names {
				record[i] = values[name]
			}
			if !visit(record) {
				return nil
			}
		}
		return nil
	})
	switch {
	case err != nil:
		t.Damage = err.Error()
	case errors.Is(lines.Err(), bufio.ErrTooLong):
		t.Damage = fmt.Sprintf("a line has more than %d MiB", maxLine>>20)
	case lines.Err() != nil:
		return nil, lines.Err()
	}
	return t, nil
}

// object is a JSON object: its keys in their order, and the values as texts; null is empty.
func object(line []byte) (keys []string, values map[string][]byte, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, nil, errors.New("it is no JSON object")
	}
	values = map[string][]byte{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		name, _ := key.(string)
		keys = append(keys, name)
		switch {
		case string(value) == "null":
			values[name] = nil
		case value[0] == '"':
			var text string
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, nil, err
			}
			values[name] = []byte(text)
		default:
			values[name] = value
		}
	}
	_, err = d.Token()
	return keys, values, err
}

// failing keeps the error of the reader.
type failing struct {
	io.ReaderAt
	size int64
	err  error
}

func (f *failing) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at > f.size { // as a damaged file has it
		return 0, io.EOF
	}
	n, err := f.ReaderAt.ReadAt(p, at)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}
