package resultformat

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"csv-pipeline/internal/filestore"
)

const (
	mostRecord    = 64 << 20 // bytes of a row that is read, and of the footer of a Parquet file
	recordAtFirst = 32 << 10
)

// Source is a file that is read from its beginning, and of Parquet anywhere.
type Source interface {
	io.Reader
	io.ReaderAt
}

// DamagedError says why a result cannot be read, whatever the store does.
type DamagedError struct{ Problem string }

func (e *DamagedError) Error() string { return e.Problem }

// Rows reads all rows of a result, whatever its size: about one of them is in memory, and of
// Parquet a page of each column. Close it.
type Rows struct {
	names []string
	next  func() ([][]byte, error)
	close func()
	in    *failing
}

// OpenRows reads the names of the columns of a result, which are unique. Of JSON Lines they are
// those of the first line; none where there is no line. Errors are *DamagedError and those of
// reading.
func OpenRows(in Source, size int64, format filestore.Format) (*Rows, error) {
	r := &Rows{in: &failing{ReaderAt: in, size: size}, close: func() {}}
	text := bufio.NewReaderSize(&failingReader{in, r.in}, recordAtFirst)
	var err error
	switch format {
	case filestore.Parquet:
		var p *parquetRows
		if p, err = openParquet(r.in, size, mostRecord); err == nil {
			r.names, r.next, r.close = p.names, p.next, p.close
		}
	case filestore.JSONLines:
		l := &lineRows{in: text}
		r.names, err = l.first()
		r.next = l.next
	case filestore.CSV:
		c := &csvRows{in: text}
		r.names, err = c.names()
		r.next = c.next
	}
	r.names = DistinctNames(r.names)
	return r, r.blame(err)
}

// Names are those of the columns.
func (r *Rows) Names() []string { return r.names }

// Next is the next row, which has a cell for each column and is valid until the one after it. A
// cell of NULL is empty. After the last row it returns io.EOF. Errors are those of OpenRows.
func (r *Rows) Next() ([][]byte, error) {
	row, err := r.next()
	return row, r.blame(err)
}

// blame tells a damaged result from a store that fails.
func (r *Rows) blame(err error) error {
	switch {
	case err == nil, err == io.EOF:
		return err
	case r.in.err != nil:
		return r.in.err
	}
	return &DamagedError{err.Error()}
}

// Close releases what reading took. The file is the caller's.
func (r *Rows) Close() { r.close() }

// failingReader keeps the error of the reader.
type failingReader struct {
	io.Reader
	keep *failing
}

func (f *failingReader) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && err != io.EOF {
		f.keep.err = err
	}
	return n, err
}

// readLine appends a line to text, with its line break if it has one. At the end of the text it
// returns io.EOF and nothing.
func readLine(in *bufio.Reader, text []byte) ([]byte, error) {
	before := len(text)
	for {
		part, err := in.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case len(text) > mostRecord:
			return text, fmt.Errorf("a row has more than %d MiB", mostRecord>>20)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(text) > before:
			return text, nil
		}
		return text, err
	}
}

// csvRows reads CSV.
type csvRows struct {
	in    *bufio.Reader
	text  []byte
	line  int // that was read last
	split Splitter
	width int
}

// record is the next record that is not empty, with its line.
func (c *csvRows) record() (cells [][]byte, line int, err error) {
	for {
		c.text, line = c.text[:0], c.line+1
		for quotes := 0; ; {
			before := len(c.text)
			if c.text, err = readLine(c.in, c.text); err == io.EOF && len(c.text) > 0 {
				return nil, 0, fmt.Errorf("line %d: a quote is not closed", line)
			} else if err != nil {
				return nil, 0, err
			}
			c.line++
			if quotes += bytes.Count(c.text[before:], []byte{'"'}); quotes%2 == 0 {
				break
			}
		}
		text := bytes.TrimSuffix(bytes.TrimSuffix(c.text, []byte{'\n'}), []byte{'\r'})
		if len(text) == 0 {
			continue
		}
		text = append(text, '\n')
		if n := c.split.split(text); n != len(text) {
			return nil, 0, fmt.Errorf("line %d: a quote is within a field", line)
		}
		return c.split.cells, line, nil
	}
}

func (c *csvRows) names() (names []string, err error) {
	if start, _ := c.in.Peek(3); bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		_, _ = c.in.Discard(3)
	}
	cells, _, err := c.record()
	if err == io.EOF {
		return nil, errors.New("it is empty")
	}
	for _, name := range cells {
		names = append(names, string(name))
	}
	c.width = len(names)
	return names, err
}

func (c *csvRows) next() ([][]byte, error) {
	cells, line, err := c.record()
	if err == nil && len(cells) != c.width {
		err = fmt.Errorf("line %d has %d cells, expected %d as in the header", line, len(cells), c.width)
	}
	return cells, err
}

// lineRows reads JSON Lines.
type lineRows struct {
	in     *bufio.Reader
	text   []byte
	line   int
	begun  bool // record is that of the first line, and was not returned
	record [][]byte
	place  map[string]int // of each column
}

func (l *lineRows) first() ([]string, error) {
	keys, values, err := l.object()
	if err == io.EOF {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l.place = make(map[string]int, len(keys))
	for i, key := range keys {
		l.place[key] = i
	}
	if len(l.place) < len(keys) {
		return nil, errors.New("line 1 has two values of one key")
	}
	l.begun = true
	return keys, l.take(keys, values)
}

func (l *lineRows) next() ([][]byte, error) {
	if l.begun {
		l.begun = false
		return l.record, nil
	}
	keys, values, err := l.object()
	if err == nil {
		err = l.take(keys, values)
	}
	return l.record, err
}

// object is the object of the next line that is not empty.
func (l *lineRows) object() (keys []string, values map[string][]byte, err error) {
	for {
		if l.text, err = readLine(l.in, l.text[:0]); err != nil {
			return nil, nil, err
		}
		l.line++
		if len(bytes.TrimSpace(l.text)) == 0 {
			continue
		}
		if keys, values, err = object(l.text); err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", l.line, err)
		}
		return keys, values, nil
	}
}

func (l *lineRows) take(keys []string, values map[string][]byte) error {
	l.record = append(l.record[:0], make([][]byte, len(l.place))...)
	for _, key := range keys {
		i, known := l.place[key]
		if !known {
			return fmt.Errorf("line %d has a key %.100q, which the first line has not", l.line, key)
		}
		l.record[i] = values[key]
	}
	return nil
}
