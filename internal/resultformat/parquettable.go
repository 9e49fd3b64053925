package resultformat

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"csv-pipeline/internal/csvtable"
)

const (
	mostFooter = 4 << 20  // bytes of a footer that is read for a page
	mostPage   = 16 << 20 // and of a page of a column
)

var (
	errDamaged = errors.New("the Parquet file is damaged")
	errForeign = errors.New("the Parquet file is not written as the results here are: open it with another program")
)

// ParquetTable is the beginning of a Parquet file as Writer writes it, at most n rows. What cannot
// be read is told in its Damage; an error is one of reading r.
func ParquetTable(r io.ReaderAt, size int64, n int) (*csvtable.Table, error) {
	source := &failing{ReaderAt: r, size: size}
	rows, err := openParquet(source, size, mostFooter)
	if err == nil {
		defer rows.close()
		var t *csvtable.Table
		t, err = csvtable.Collect(n, func(visit func(record [][]byte) bool) error {
			header := make([][]byte, len(rows.names))
			for i, name := range rows.names {
				header[i] = []byte(name)
			}
			for more := visit(header); more; {
				record, err := rows.next()
				if err == io.EOF {
					return nil
				}
				if err != nil {
					return err
				}
				more = visit(record)
			}
			return nil
		})
		if source.err != nil {
			return nil, source.err
		}
		if err != nil {
			t.Damage = err.Error()
		}
		return t, nil
	}
	if source.err != nil {
		return nil, source.err
	}
	return &csvtable.Table{Damage: err.Error()}, nil
}

// footerOf reads the footer of a file of flat columns, of at most so many bytes.
func footerOf(r io.ReaderAt, size, most int64) (*format.FileMetaData, error) {
	var end [8]byte
	if size < 12 {
		return nil, errDamaged
	}
	if _, err := r.ReadAt(end[:], size-8); err != nil || string(end[4:]) != string(magic) {
		return nil, errDamaged
	}
	length := int64(binary.LittleEndian.Uint32(end[:4]))
	if length > size-12 {
		return nil, errDamaged
	}
	if length > most {
		return nil, errors.New("the footer of the Parquet file is too large to be read here")
	}
	text := make([]byte, length)
	if _, err := r.ReadAt(text, size-8-length); err != nil {
		return nil, errDamaged
	}
	footer := new(format.FileMetaData)
	if err := thrift.Unmarshal(&protocol, text, footer); err != nil || len(footer.Schema) == 0 {
		return nil, errDamaged
	}
	for _, e := range footer.Schema[1:] {
		if !e.Type.Valid || e.RepetitionType.V != format.Optional {
			return nil, errForeign
		}
	}
	return footer, nil
}

// readValue writes the first of values as a result of CSV has it, and says how many bytes it
// takes. bit is the place of a boolean in its byte, times any number of eights.
func readValue(values []byte, bit int, e *format.SchemaElement) (cell []byte, size int, ok bool) {
	switch e.Type.V {
	case format.Boolean:
		size = 1
	case format.Int32:
		size = 4
	case format.Int64, format.Double:
		size = 8
	case format.FixedLenByteArray:
		size = int(e.TypeLength.V)
	case format.ByteArray:
		if len(values) < 4 || int64(binary.LittleEndian.Uint32(values)) > int64(len(values)-4) {
			return nil, 0, false
		}
		size = 4 + int(binary.LittleEndian.Uint32(values))
	}
	if size <= 0 || size > len(values) {
		return nil, 0, false
	}
	v := values[:size]
	switch e.Type.V {
	case format.Boolean:
		return strconv.AppendBool(nil, v[0]>>(bit%8)&1 == 1), size, true
	case format.ByteArray:
		return v[4:], size, true
	case format.Double:
		return doubleText(math.Float64frombits(binary.LittleEndian.Uint64(v))), size, true
	}
	n := new(big.Int)
	switch size {
	case 4:
		n.SetInt64(int64(int32(binary.LittleEndian.Uint32(v))))
	case 8:
		n.SetInt64(int64(binary.LittleEndian.Uint64(v)))
	default:
		if n.SetBytes(v); v[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
		}
	}
	switch t := e.LogicalType.Value.(type) {
	case *format.DecimalType:
		return decimalText(n, int(t.Scale)), size, true
	case *format.DateType:
		return time.Unix(n.Int64()*24*60*60, 0).UTC().AppendFormat(nil, time.DateOnly), size, true
	case *format.TimestampType:
		layout := "2006-01-02T15:04:05.999999"
		if t.IsAdjustedToUTC {
			layout += "Z"
		}
		return time.UnixMicro(n.Int64()).UTC().AppendFormat(nil, layout), size, true
	}
	return n.Append(nil, 10), size, true
}

// decimalText leaves out zeros at the end that no cell has, as with a scale of MaxScale.
func decimalText(n *big.Int, scale int) []byte {
	digits := new(big.Int).Abs(n).String()
	if scale > 0 && scale <= 38 {
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
