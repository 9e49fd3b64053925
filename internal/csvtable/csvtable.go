// Package csvtable reads the beginning of a CSV file for a page. Time and memory are
// bounded, whatever is in the file.
package csvtable

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// Limits of what is read.
const (
	maxBytes   = 4 << 20 // of text
	maxColumns = 200
	maxCell    = 4 << 10 // bytes; a longer cell is cut
)

// Table is the beginning of a file.
type Table struct {
	Header  []string
	Rows    [][]string // each as long as Header
	Numeric []bool     // for each column: all its values are numbers
	More    bool       // the file has more rows
	Cut     int        // how many columns it has beside these
	// Damage says why no rows after these could be read; "" if all could.
	Damage string
}

// Read reads the header and at most n rows of plain or compressed (gzip, zstd) CSV. The
// delimiter is the most frequent of , ; tab and | in the first line. Text that is not CSV
// and packed data that is damaged are reported in Damage; an error is one of reading r.
func Read(r io.Reader, n int) (*Table, error) {
	source := &failing{r: r}
	unpacked, err := inflate(source)
	switch {
	case source.err != nil:
		return nil, source.err
	case err != nil:
		return &Table{Damage: err.Error()}, nil
	}
	defer unpacked.Close()
	text := &failing{r: io.LimitReader(unpacked, maxBytes)}
	buffered := bufio.NewReaderSize(text, 64<<10)
	if start, _ := buffered.Peek(3); bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		_, _ = buffered.Discard(3)
	}
	c := csv.NewReader(buffered)
	c.Comma = delimiter(buffered)
	c.FieldsPerRecord = -1
	c.LazyQuotes = true
	t := &Table{}
	for len(t.Rows) <= n {
		record, err := c.Read()
		switch {
		case errors.Is(err, io.EOF):
			t.More = t.More || text.n >= maxBytes
			return t.finish(), source.err
		case source.err != nil:
			return nil, source.err
		case text.err != nil:
			t.Damage = "the packed data is damaged: " + text.err.Error()
			return t.finish(), nil
		case err != nil:
			t.Damage = err.Error()
			return t.finish(), nil
		}
		t.add(record)
	}
	t.Rows, t.More = t.Rows[:n], true
	return t.finish(), nil
}

// Collect makes a table of the records that read gives to visit until that returns false: the
// header, which may be empty, and at most n rows.
func Collect(n int, read func(visit func(record [][]byte) bool) error) (*Table, error) {
	t := &Table{}
	err := read(func(record [][]byte) bool {
		cells := make([]string, min(len(record), maxColumns))
		for i := range cells {
			cells[i] = string(record[i][:min(len(record[i]), maxCell+1)])
		}
		t.Cut = max(t.Cut, len(record)-maxColumns)
		t.add(cells)
		return len(t.Rows) <= n
	})
	if len(t.Rows) > n {
		t.Rows, t.More = t.Rows[:n], true
	}
	return t.finish(), err
}

// add takes a record, of which the first is the header.
func (t *Table) add(record []string) {
	if len(record) > maxColumns {
		t.Cut = max(t.Cut, len(record)-maxColumns)
		record = record[:maxColumns]
	}
	for i, cell := range record {
		record[i] = clip(cell)
	}
	if t.Header == nil {
		t.Header = record
		return
	}
	for len(record) > len(t.Header) {
		t.Header = append(t.Header, "")
	}
	t.Rows = append(t.Rows, record)
}

func (t *Table) finish() *Table {
	t.Numeric = make([]bool, len(t.Header))
	for i := range t.Numeric {
		t.Numeric[i] = len(t.Rows) > 0
	}
	for r, row := range t.Rows {
		for len(row) < len(t.Header) {
			row = append(row, "")
		}
		t.Rows[r] = row
		for i, cell := range row {
			if cell != "" && t.Numeric[i] {
				_, t.Numeric[i] = ParseNumber(cell)
			}
		}
	}
	return t
}

// Sort sorts the rows by a column: by value where it is numeric, otherwise by text. Empty
// cells come last in both directions.
func (t *Table) Sort(column int, descending bool) {
	if column < 0 || column >= len(t.Header) {
		return
	}
	slices.SortStableFunc(t.Rows, func(a, b []string) int {
		x, y := a[column], b[column]
		switch {
		case x == y:
			return 0
		case x == "":
			return 1
		case y == "":
			return -1
		}
		order := strings.Compare(x, y)
		if t.Numeric[column] {
			p, _ := ParseNumber(x)
			q, _ := ParseNumber(y)
			order = p.Compare(q)
		}
		if descending {
			return -order
		}
		return order
	})
}

func clip(cell string) string {
	if len(cell) > maxCell {
		cell = cell[:maxCell] + "…"
	}
	if !utf8.ValidString(cell) {
		cell = strings.ToValidUTF8(cell, "\ufffd")
	}
	return cell
}

func delimiter(r *bufio.Reader) rune {
	start, _ := r.Peek(4096)
	line, _, _ := bytes.Cut(start, []byte("\n"))
	best, most := ',', 0
	for _, d := range ",;\t|" {
		if n := bytes.Count(line, []byte(string(d))); n > most {
			best, most = d, n
		}
	}
	return best
}

// failing counts what was read, and keeps the error of the reader.
type failing struct {
	r   io.Reader
	n   int64
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	f.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// inflate returns the text of a plain or compressed file.
func inflate(r io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(r, 32<<10)
	start, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("the gzip data is damaged: %w", err)
		}
		return z, nil
	case bytes.HasPrefix(start, []byte{0x28, 0xb5, 0x2f, 0xfd}), len(start) == 4 && start[0]&0xf0 == 0x50 && bytes.Equal(start[1:], []byte{0x2a, 0x4d, 0x18}): // or a frame to skip, as pzstd writes
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, fmt.Errorf("the zstd data is damaged: %w", err)
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(buffered), nil
}
