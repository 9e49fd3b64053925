package resultformat

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// Bounds of what is in memory.
const (
	groupRows  = 122880 // of a row group, as DuckDB has them
	groupBytes = 8 << 20
	batchRows  = 256
	batchBytes = 256 << 10
)

// parquetSink writes Parquet.
type parquetSink struct {
	w     *parquet.GenericWriter[any]
	types []columnType
	batch []parquet.Row
	text  []byte // of the batch; a row of it is not moved
	rows  int64  // of the row group
	bytes int
}

func newParquet(to io.Writer, names []string, types []columnType) *parquetSink {
	root := ordered{Group: parquet.Group{}}
	options := []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: zstd.DefaultLevel, Concurrency: 1}),
		parquet.CreatedBy("csv-pipeline", "1.0.0", "0"), // the same in every build: the same result has the same bytes
		parquet.PageBufferSize(max(4<<10, min(256<<10, groupBytes/max(1, len(names))))),
	}
	for i, name := range names {
		node := parquet.Optional(types[i].node())
		root.Group[name] = node
		root.fields = append(root.fields, &field{node, name})
		if types[i].kind == decimalKind && types[i].precision > 18 {
			// The library compares their bytes as if they had no sign.
			options = append(options, parquet.SkipPageBounds(name), parquet.SkipPageStatistics(name))
		}
	}
	return &parquetSink{w: parquet.NewGenericWriter[any](to, append(options, parquet.NewSchema("result", root))...), types: types}
}

// ordered is a group whose columns are not sorted by name.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

func (o ordered) Fields() []parquet.Field { return o.fields }

type field struct {
	parquet.Node
	name string
}

func (f *field) Name() string { return f.name }

func (f *field) Value(base reflect.Value) reflect.Value {
	return base.MapIndex(reflect.ValueOf(f.name))
}

func (t columnType) node() parquet.Node {
	switch t.kind {
	case integerKind:
		return parquet.Int(64)
	case decimalKind:
		if t.precision <= 18 {
			return parquet.Decimal(t.scale, t.precision, parquet.Int64Type)
		}
		return parquet.Decimal(t.scale, t.precision, parquet.FixedLenByteArrayType(16))
	case doubleKind:
		return parquet.Leaf(parquet.DoubleType)
	case booleanKind:
		return parquet.Leaf(parquet.BooleanType)
	case dateKind:
		return parquet.Date()
	case timestampKind:
		return parquet.TimestampAdjusted(parquet.Microsecond, false)
	case instantKind:
		return parquet.TimestampAdjusted(parquet.Microsecond, true)
	}
	return parquet.String()
}

func (s *parquetSink) row(cells [][]byte) error {
	if len(s.batch) == cap(s.batch) {
		s.batch = append(s.batch, nil)[:len(s.batch)]
	}
	n := len(s.batch)
	s.batch = s.batch[:n+1]
	row := s.batch[n][:0]
	for i, c := range cells {
		s.bytes += len(c) + 8
		v := parquet.NullValue()
		level := 0
		if len(c) > 0 {
			var err error
			if v, err = s.value(c, s.types[i]); err != nil {
				return err
			}
			level = 1
		}
		row = append(row, v.Level(0, level, i))
	}
	s.batch[n] = row
	if len(s.batch) < batchRows && len(s.text) < batchBytes {
		return nil
	}
	return s.flush()
}

// keep copies bytes that have to stay until the batch is written.
func (s *parquetSink) keep(b []byte) []byte {
	if len(s.text)+len(b) > cap(s.text) {
		s.text = make([]byte, 0, max(batchBytes+64<<10, len(b)))
	}
	start := len(s.text)
	s.text = append(s.text, b...)
	return s.text[start:len(s.text):len(s.text)]
}

func (s *parquetSink) value(c []byte, t columnType) (parquet.Value, error) {
	switch t.kind {
	case integerKind:
		n, err := strconv.ParseInt(string(c), 10, 64)
		return parquet.Int64Value(n), err
	case doubleKind:
		f, err := strconv.ParseFloat(string(c), 64)
		return parquet.DoubleValue(f), err
	case booleanKind:
		return parquet.BooleanValue(c[0] == 't'), nil
	case decimalKind:
		d := decimalOf(c, t.scale)
		if t.precision <= 18 {
			return parquet.Int64Value(int64(binary.BigEndian.Uint64(d[8:]))), nil
		}
		return parquet.FixedLenByteArrayValue(s.keep(d[:])), nil
	case dateKind, timestampKind, instantKind:
		at, _, ok := parseTime(c)
		if !ok {
			return parquet.Value{}, fmt.Errorf("%q is no time", c)
		}
		if t.kind == dateKind {
			return parquet.Int32Value(int32(at.Unix() / (24 * 60 * 60))), nil
		}
		return parquet.Int64Value(at.UnixMicro()), nil
	}
	if !utf8.Valid(c) {
		c = bytes.ToValidUTF8(c, []byte("\ufffd"))
	}
	return parquet.ByteArrayValue(s.keep(c)), nil
}

// flush writes the batch, and ends a row group that is large enough.
func (s *parquetSink) flush() error {
	if _, err := s.w.WriteRows(s.batch); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	s.rows += int64(len(s.batch))
	s.batch, s.text = s.batch[:0], s.text[:0]
	if s.rows < groupRows && s.bytes < groupBytes {
		return nil
	}
	s.rows, s.bytes = 0, 0
	if err := s.w.Flush(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

func (s *parquetSink) finish() error {
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.w.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}
