package resultformat

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Parquet is written here with the library's metadata alone: all of the library is 4.4 MB of a
// binary, and an image has to stay below 20. The files have flat optional columns, PLAIN
// encoding, zstd, data pages of version 1, and bounds of each column of a row group. See
// https://parquet.apache.org/docs/file-format/.

// Bounds of what is in memory.
const (
	groupRows  = 122880 // of a row group, as DuckDB has them
	groupBytes = 8 << 20
	pageBytes  = 256 << 10
	mostBound  = 64 // bytes of a text that is a bound
)

var (
	protocol thrift.CompactProtocol
	magic    = []byte("PAR1")
)

// parquetSink writes Parquet.
type parquetSink struct {
	to      io.Writer
	at      int64
	names   []string
	columns []*parquetColumn
	zstd    *zstd.Encoder
	groups  []format.RowGroup
	rows    int64 // of the row group
	bytes   int
	total   int64
}

// parquetColumn is a column of the row group that is being written.
type parquetColumn struct {
	columnType
	most   int    // bytes of a page
	levels []byte // of the page: runs of NULLs and of values
	run    int
	null   bool // what the run is of
	values []byte
	n      int // values in the page, with the NULLs
	bits   int // values in the page that are booleans

	pages           bytes.Buffer
	uncompressed    int64
	nulls, all      int64
	least, greatest []byte // the bounds, as values are written
	unbound         bool
}

func newParquet(to io.Writer, names []string, types []columnType) (*parquetSink, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(512<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	s := &parquetSink{to: to, names: names, zstd: encoder}
	for _, t := range types {
		s.columns = append(s.columns, &parquetColumn{columnType: t, most: max(4<<10, min(pageBytes, groupBytes/len(types)))})
	}
	return s, s.write(magic)
}

func (s *parquetSink) write(p []byte) error {
	n, err := s.to.Write(p)
	s.at += int64(n)
	return err
}

func (s *parquetSink) row(cells [][]byte) error {
	for i, c := range cells {
		s.bytes += len(c) + 2
		column := s.columns[i]
		if err := column.add(c); err != nil {
			return fmt.Errorf("write Parquet: %s: %w", s.names[i], err)
		}
		if len(column.values) >= column.most || column.n >= 4*column.most {
			if err := s.endPage(column); err != nil {
				return err
			}
		}
	}
	s.rows++
	if s.rows < groupRows && s.bytes < groupBytes {
		return nil
	}
	return s.endGroup()
}

// add appends a cell to the page.
func (c *parquetColumn) add(cell []byte) error {
	null := len(cell) == 0
	if c.run > 0 && c.null != null {
		c.endRun()
	}
	c.null = null
	c.run++
	c.n++
	if null {
		c.nulls++
		return nil
	}
	start := len(c.values)
	switch c.kind {
	case integerKind:
		n, err := strconv.ParseInt(string(cell), 10, 64)
		if err != nil {
			return err
		}
		c.values = binary.LittleEndian.AppendUint64(c.values, uint64(n))
	case doubleKind:
		f, err := strconv.ParseFloat(string(cell), 64)
		if err != nil {
			return err
		}
		c.values = binary.LittleEndian.AppendUint64(c.values, math.Float64bits(f))
	case booleanKind:
		if c.bits%8 == 0 {
			c.values = append(c.values, 0)
		}
		if cell[0] == 't' {
			c.values[c.bits/8] |= 1 << (c.bits % 8)
		}
		c.bits++
	case decimalKind:
		d := decimalOf(cell, c.scale)
		if c.precision > 18 {
			c.values = append(c.values, d[:]...)
		} else {
			c.values = binary.LittleEndian.AppendUint64(c.values, binary.BigEndian.Uint64(d[8:]))
		}
	case dateKind, timestampKind, instantKind:
		at, _, ok := parseTime(cell)
		switch {
		case !ok:
			return fmt.Errorf("%q is no time", cell)
		case c.kind == dateKind:
			c.values = binary.LittleEndian.AppendUint32(c.values, uint32(at.Unix()/(24*60*60)))
		default:
			c.values = binary.LittleEndian.AppendUint64(c.values, uint64(at.UnixMicro()))
		}
	default:
		if !utf8.Valid(cell) {
			cell = bytes.ToValidUTF8(cell, []byte("\ufffd"))
		}
		c.values = binary.LittleEndian.AppendUint32(c.values, uint32(len(cell)))
		c.values = append(c.values, cell...)
		start += 4
	}
	c.bound(c.values[start:])
	return nil
}

// bound widens the bounds by a value. Doubles and booleans have none: NaN has no order, and two
// values need no bounds.
func (c *parquetColumn) bound(value []byte) {
	if c.unbound = c.unbound || c.kind == doubleKind || c.kind == booleanKind || len(value) > mostBound; c.unbound {
		return
	}
	first := c.all+int64(c.n) == c.nulls+1
	if first || c.compare(value, c.least) < 0 {
		c.least = append(c.least[:0], value...)
	}
	if first || c.compare(value, c.greatest) > 0 {
		c.greatest = append(c.greatest[:0], value...)
	}
}

// compare orders values as they are written.
func (c *parquetColumn) compare(a, b []byte) int {
	switch {
	case c.kind == textKind:
		return bytes.Compare(a, b)
	case len(a) == 16:
		if order := cmp.Compare(int8(a[0]), int8(b[0])); order != 0 {
			return order
		}
		return bytes.Compare(a[1:], b[1:])
	case len(a) == 4:
		return cmp.Compare(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	}
	return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
}

// endRun appends a run of definition levels: 0 of NULLs, 1 of values.
func (c *parquetColumn) endRun() {
	c.levels = binary.AppendUvarint(c.levels, uint64(c.run)<<1)
	level := byte(1)
	if c.null {
		level = 0
	}
	c.levels = append(c.levels, level)
	c.run = 0
}

// endPage compresses the page.
func (s *parquetSink) endPage(c *parquetColumn) error {
	if c.n == 0 {
		return nil
	}
	c.endRun()
	page := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(c.levels)+len(c.values)), uint32(len(c.levels)))
	page = append(append(page, c.levels...), c.values...)
	if len(page) > math.MaxInt32 {
		return fmt.Errorf("write Parquet: a value has more than 2 GiB")
	}
	packed := s.zstd.EncodeAll(page, nil)
	header, err := thrift.Marshal(&protocol, &format.PageHeader{
		Type: format.DataPage, UncompressedPageSize: int32(len(page)), CompressedPageSize: int32(len(packed)),
		DataPageHeader: thrift.New(format.DataPageHeader{NumValues: int32(c.n), Encoding: format.Plain, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}),
	})
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	c.pages.Write(header)
	c.pages.Write(packed)
	c.uncompressed += int64(len(header) + len(page))
	c.all += int64(c.n)
	c.levels, c.values, c.n, c.bits = c.levels[:0], c.values[:0], 0, 0
	return nil
}

// endGroup writes the row group.
func (s *parquetSink) endGroup() error {
	if s.rows == 0 {
		return nil
	}
	group := format.RowGroup{NumRows: s.rows, FileOffset: s.at, Ordinal: int16(min(len(s.groups), math.MaxInt16))}
	for i, c := range s.columns {
		if err := s.endPage(c); err != nil {
			return err
		}
		chunk := format.ColumnMetaData{
			Type: c.physical(), Encoding: thrift.Slice[format.Encoding]{format.Plain, format.RLE}, PathInSchema: thrift.Slice[string]{s.names[i]}, Codec: format.Zstd,
			NumValues: c.all, TotalUncompressedSize: c.uncompressed, TotalCompressedSize: int64(c.pages.Len()), DataPageOffset: s.at,
			Statistics: format.Statistics{NullCount: c.nulls},
		}
		if !c.unbound && c.all > c.nulls {
			chunk.Statistics.MinValue, chunk.Statistics.MaxValue = bytes.Clone(c.least), bytes.Clone(c.greatest)
		}
		group.Columns = append(group.Columns, format.ColumnChunk{MetaData: chunk})
		group.TotalByteSize += c.uncompressed
		group.TotalCompressedSize += int64(c.pages.Len())
		if err := s.write(c.pages.Bytes()); err != nil {
			return err
		}
		c.pages.Reset()
		c.uncompressed, c.nulls, c.all, c.unbound = 0, 0, 0, false
	}
	s.groups = append(s.groups, group)
	s.total += s.rows
	s.rows, s.bytes = 0, 0
	return nil
}

func (s *parquetSink) finish() error {
	if err := s.endGroup(); err != nil {
		return err
	}
	footer := format.FileMetaData{Version: 1, NumRows: s.total, RowGroups: s.groups, CreatedBy: "csv-pipeline",
		Schema: thrift.Slice[format.SchemaElement]{{Name: "result", NumChildren: thrift.New(int32(len(s.columns)))}}}
	for i, c := range s.columns {
		footer.Schema = append(footer.Schema, c.element(s.names[i]))
		footer.ColumnOrders = append(footer.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
	}
	text, err := thrift.Marshal(&protocol, &footer)
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	text = binary.LittleEndian.AppendUint32(text, uint32(len(text)))
	return s.write(append(text, magic...))
}

func (t columnType) physical() format.Type {
	switch t.kind {
	case booleanKind:
		return format.Boolean
	case dateKind:
		return format.Int32
	case doubleKind:
		return format.Double
	case textKind:
		return format.ByteArray
	case decimalKind:
		if t.precision > 18 {
			return format.FixedLenByteArray
		}
	}
	return format.Int64
}

// element is a column in the schema, also as readers of older versions know it.
func (t columnType) element(name string) format.SchemaElement {
	e := format.SchemaElement{Name: name, Type: thrift.New(t.physical()), RepetitionType: thrift.New(format.Optional)}
	annotate := func(older deprecated.ConvertedType, logical format.LogicalTypeValue) {
		e.ConvertedType, e.LogicalType = thrift.New(older), format.LogicalType{Value: logical}
	}
	switch t.kind {
	case textKind:
		annotate(deprecated.UTF8, &format.StringType{})
	case integerKind:
		annotate(deprecated.Int64, &format.IntType{BitWidth: 64, IsSigned: true})
	case dateKind:
		annotate(deprecated.Date, &format.DateType{})
	case decimalKind:
		annotate(deprecated.Decimal, &format.DecimalType{Scale: int32(t.scale), Precision: int32(t.precision)})
		e.Scale, e.Precision = thrift.New(int32(t.scale)), thrift.New(int32(t.precision))
		if t.precision > 18 {
			e.TypeLength = thrift.New(int32(16))
		}
	case timestampKind, instantKind:
		unit := format.TimeUnit{Value: &format.MicroSeconds{}}
		e.LogicalType = format.LogicalType{Value: &format.TimestampType{IsAdjustedToUTC: t.kind == instantKind, Unit: unit}}
		if t.kind == instantKind { // the older type has a zone
			e.ConvertedType = thrift.New(deprecated.TimestampMicros)
		}
	}
	return e
}
