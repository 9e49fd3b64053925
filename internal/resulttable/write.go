package resulttable

import (
	"context"
	"io"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/resultformat"
)

// Output is how a table is written.
type Output struct {
	Format filestore.Format
	// Limit is how many rows are written at most; 0: all.
	Limit int
	// Cell is what becomes of each text of CSV; nil: nothing.
	Cell func(text []byte) []byte
	// Only are the columns of the Header whose cells are written, the others are empty; nil: all.
	Only []bool
}

// CSV writes the table as CSV, with a header. Its errors are those of Rows and of writing.
func (t *Table) CSV(ctx context.Context, to io.Writer, how Output) error {
	cell := how.Cell
	if cell == nil {
		cell = func(text []byte) []byte { return text }
	}
	var line []byte
	write := func(cells [][]byte) error {
		line = line[:0]
		for i, text := range cells {
			if i > 0 {
				line = append(line, ',')
			}
			line = groupby.AppendField(line, cell(text))
		}
		line = append(line, '\n')
		_, err := to.Write(line)
		return err
	}
	var header [][]byte
	for _, name := range t.Header() {
		header = append(header, []byte(name))
	}
	if err := write(header); err != nil {
		return err
	}
	n := 0
	return t.Rows(ctx, func(cells [][]byte) (bool, error) {
		if how.Only != nil {
			for i, keep := range how.Only {
				if header[i] = cells[i]; !keep {
					header[i] = nil
				}
			}
			cells = header
		}
		n++
		return n != how.Limit, write(cells)
	})
}

// Write writes the table in the format that is asked for. What is no CSV is kept first, because
// the types of its columns follow from all of its values: in memory, or, where it is large, in a
// temporary file of the folder dir, which takes at most so many bytes (otherwise ErrTooLarge).
func (t *Table) Write(ctx context.Context, to io.Writer, how Output, dir string, most int64) error {
	if how.Format == filestore.CSV {
		return t.CSV(ctx, to, how)
	}
	w := resultformat.New(ctx, how.Format, resultformat.Columns{}, to, dir)
	defer w.Discard()
	if err := t.CSV(ctx, &limited{w, most}, how); err != nil {
		return err
	}
	return w.Close()
}
