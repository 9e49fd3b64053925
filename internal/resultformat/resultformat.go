// Package resultformat writes results as Parquet and as JSON Lines, and reads their beginning.
// What it takes is the CSV of a result. The types of its columns are those of the question,
// and of the values where the question does not tell: so a result is kept, in a temporary file
// where it is large, until all of its values are known.
package resultformat

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/spool"
)

// Columns are the types and names of a result's columns, as far as they follow from the question.
type Columns struct {
	// First are the first columns, Rest are those behind any number of others, of which nothing
	// is told. Without others, all columns are in First.
	First, Rest []Column
	Headless    bool // the CSV has no header; columns are then named #1, #2, …
}

// of is what is told of a column by its place among n.
func (c Columns) of(i, n int) Column {
	if i < len(c.First) {
		return c.First[i]
	}
	if i -= n - len(c.Rest); i >= 0 && i < len(c.Rest) {
		return c.Rest[i]
	}
	return Column{}
}

// Column is what is known of a column from the question; the zero value is nothing.
type Column struct {
	Told  Told
	Scale int // of Decimal: the digits after the point
}

// Told is the type of a column as far as it follows from the question. A file with values that do
// not fit has another type there: see docs/questions.md.
type Told uint8

// What may be told of a column.
const (
	Nothing Told = iota // its values decide
	Numbers             // its values decide; where all are numbers they are decimals of MaxScale
	Integer             // 64 bits
	Decimal             // 38 digits
	Double
	Text
	Date
	Boolean
)

// MaxScale is the digits after the point of decimals whose number does not follow from the question:
// the most that the engine computes exactly.
const MaxScale = 18

// Writer takes the CSV of a result and writes it in another format.
type Writer struct {
	ctx     context.Context
	to      io.Writer
	format  filestore.Format
	told    Columns
	in      Splitter
	spool   spool.Spool
	names   []string
	columns []profile
	begun   bool
	rows    int64
}

// New makes a Writer, which is ended by Close and released by Discard. Files that are too large
// for memory are in the folder dir, "" for that of the system. The format is not CSV.
func New(ctx context.Context, format filestore.Format, told Columns, to io.Writer, dir string) *Writer {
	return &Writer{ctx: ctx, to: to, format: format, told: told, spool: spool.Spool{Dir: dir}}
}

// Write takes a part of the CSV: commas, double quotes, a newline behind each record, and
// nothing for NULL.
func (w *Writer) Write(p []byte) (int, error) {
	if err := w.in.Feed(p, w.record); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (w *Writer) record(text []byte, cells [][]byte) error {
	if !w.begun {
		w.begun = true
		w.columns = make([]profile, len(cells))
		if !w.told.Headless {
			w.names = make([]string, len(cells))
			for i, c := range cells {
				w.names[i] = string(c)
			}
			w.names = DistinctNames(w.names)
			return nil
		}
		w.names = DistinctNames(make([]string, len(cells)))
	}
	if len(cells) != len(w.columns) {
		return fmt.Errorf("a row of the result has %d cells, and there are %d columns", len(cells), len(w.columns))
	}
	for i, c := range cells {
		w.columns[i].see(c)
	}
	w.rows++
	if _, err := w.spool.Write(text); err != nil {
		return fmt.Errorf("keep the result: %w", err)
	}
	return nil
}

// Close writes the result.
func (w *Writer) Close() error {
	if len(w.in.pending) > 0 {
		return errors.New("the result ends within a row")
	}
	if !w.begun { // a file without rows and header has a column, too
		w.names, w.columns = []string{"#1"}, make([]profile, 1)
	}
	types := make([]columnType, len(w.columns))
	for i := range w.columns {
		types[i] = w.columns[i].decide(w.told.of(i, len(w.columns)))
	}
	out := bufio.NewWriterSize(w.to, 64<<10)
	var sink sink
	if w.format == filestore.Parquet {
		var err error
		if sink, err = newParquet(out, w.names, types); err != nil {
			return err
		}
	} else {
		sink = newLines(out, w.names, types)
	}
	rows := w.spool.Reader()
	var s Splitter
	buffer := make([]byte, 64<<10)
	for {
		n, err := rows.Read(buffer)
		if failed := s.Feed(buffer[:n], func(_ []byte, cells [][]byte) error { return sink.row(cells) }); failed != nil {
			return failed
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read what was kept of the result: %w", err)
		}
		if w.ctx.Err() != nil {
			return context.Cause(w.ctx)
		}
	}
	if err := sink.finish(); err != nil {
		return err
	}
	return out.Flush()
}

// Discard forgets what was kept.
func (w *Writer) Discard() { w.spool.Close() }

// sink writes rows in a format. Cells are those that the profile has seen.
type sink interface {
	row(cells [][]byte) error
	finish() error
}

// DistinctNames are names of columns made unique: one without a name is called by its number,
// and the second of a name gets _1 behind it.
func DistinctNames(names []string) []string {
	distinct := make([]string, len(names))
	taken := make(map[string]bool, len(names))
	for _, name := range names {
		taken[name] = true
	}
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			name = "#" + strconv.Itoa(i+1)
		}
		unique := name
		for n := 1; seen[unique] || unique != names[i] && taken[unique]; n++ {
			unique = name + "_" + strconv.Itoa(n)
		}
		seen[unique] = true
		distinct[i] = unique
	}
	return distinct
}
