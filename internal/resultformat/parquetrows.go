package resultformat

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// parquetRows reads the rows of a Parquet file as Writer writes it. In memory is one page of each
// column.
type parquetRows struct {
	names  []string
	in     io.ReaderAt
	footer *format.FileMetaData
	unpack *zstd.Decoder

	group   int   // that follows the one that is read
	left    int64 // rows of the one that is read
	columns []*columnCursor
	record  [][]byte
}

func openParquet(r io.ReaderAt, size, footer int64) (p *parquetRows, err error) {
	defer damaged(&err)
	p = &parquetRows{in: r}
	if p.footer, err = footerOf(r, size, footer); err != nil {
		return nil, err
	}
	for _, e := range p.footer.Schema[1:] {
		p.names = append(p.names, e.Name)
	}
	p.record = make([][]byte, len(p.names))
	p.unpack, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(mostPage))
	return p, err
}

// damaged makes an error of what a footer that is damaged breaks.
func damaged(err *error) {
	if broken := recover(); broken != nil {
		*err = errDamaged
	}
}

// next is the next row, valid until the one after it, or io.EOF. A cell of NULL is empty.
func (p *parquetRows) next() (record [][]byte, err error) {
	defer damaged(&err)
	for p.left == 0 {
		if p.group == len(p.footer.RowGroups) {
			return nil, io.EOF
		}
		if err := p.open(&p.footer.RowGroups[p.group]); err != nil {
			return nil, err
		}
		p.group++
	}
	p.left--
	for i, c := range p.columns {
		if p.record[i], err = c.next(); err != nil {
			return nil, err
		}
	}
	return p.record, nil
}

func (p *parquetRows) open(group *format.RowGroup) error {
	if len(group.Columns) != len(p.names) || group.NumRows < 0 {
		return errDamaged
	}
	p.left, p.columns = group.NumRows, p.columns[:0]
	for i := range p.names {
		chunk := &group.Columns[i].MetaData
		if chunk.Codec != format.Zstd || chunk.DictionaryPageOffset != 0 {
			return errForeign
		}
		p.columns = append(p.columns, &columnCursor{of: &p.footer.Schema[i+1], unpack: p.unpack,
			in: bufio.NewReaderSize(io.NewSectionReader(p.in, chunk.DataPageOffset, chunk.TotalCompressedSize), 16<<10)})
	}
	return nil
}

func (p *parquetRows) close() { p.unpack.Close() }

// columnCursor reads the cells of a column of a row group.
type columnCursor struct {
	of     *format.SchemaElement
	in     *bufio.Reader
	unpack *zstd.Decoder

	packed, page   []byte
	levels, values []byte // of the page, from where it is read on
	run            uint64 // cells left that are alike
	defined        bool   // they have values
	bit            int    // of a boolean
}

func (c *columnCursor) next() ([]byte, error) {
	for c.run == 0 {
		if len(c.levels) == 0 {
			if err := c.nextPage(); err != nil {
				return nil, err
			}
			continue
		}
		run, n := binary.Uvarint(c.levels)
		if n <= 0 || n == len(c.levels) {
			return nil, errDamaged
		}
		if run&1 == 1 {
			return nil, errForeign
		}
		c.run, c.defined, c.levels = run>>1, c.levels[n] == 1, c.levels[n+1:]
	}
	c.run--
	if !c.defined {
		return nil, nil
	}
	cell, size, ok := readValue(c.values, c.bit, c.of)
	if !ok {
		return nil, errDamaged
	}
	if c.bit++; c.of.Type.V == format.Boolean {
		size = 0
		if c.bit%8 == 0 {
			size = 1
		}
	}
	c.values = c.values[size:]
	return cell, nil
}

func (c *columnCursor) nextPage() error {
	var header format.PageHeader
	if err := thrift.NewDecoder(protocol.NewReader(c.in)).Decode(&header); err != nil {
		return errDamaged
	}
	if header.Type != format.DataPage || header.DataPageHeader.V.Encoding != format.Plain {
		return errForeign
	}
	if header.CompressedPageSize < 0 || header.CompressedPageSize > mostPage || header.UncompressedPageSize > mostPage {
		return fmt.Errorf("a value of %s is too large to be read here", c.of.Name)
	}
	c.packed = append(c.packed[:0], make([]byte, header.CompressedPageSize)...)
	if _, err := io.ReadFull(c.in, c.packed); err != nil {
		return errDamaged
	}
	page, err := c.unpack.DecodeAll(c.packed, c.page[:0])
	if err != nil {
		return errDamaged
	}
	if c.page = page; len(page) < 4 || int64(binary.LittleEndian.Uint32(page)) > int64(len(page)-4) {
		return errDamaged
	}
	c.levels = page[4 : 4+binary.LittleEndian.Uint32(page)]
	c.values, c.bit = page[4+len(c.levels):], 0
	return nil
}
