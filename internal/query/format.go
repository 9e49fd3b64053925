package query

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/resultformat"
)

// Format is that of the result.
func (q *Query) Format() filestore.Format { return cmp.Or(q.spec.Output.Format, filestore.CSV) }

// Format is that of the result of a file, by its name below raw/.
func (q *Questions) Format(name string) filestore.Format {
	query, _ := q.For(name)
	return query.Format()
}

// Written is the CSV of a result of a file of that name in the format that is asked for.
func (q *Questions) Written(name, csv string) (string, error) {
	query, _ := q.For(name)
	var out strings.Builder
	unshaped := Query{spec: query.spec, told: query.told}
	w := unshaped.write(context.Background(), &out, name, nil, nil, "")
	defer w.discard()
	_, err := io.WriteString(w, csv)
	if err == nil {
		err = w.end(new(Report), false)
	}
	return out.String(), err
}

// writing is where the CSV of a result goes: by way of its shape to the format that is asked
// for.
type writing struct {
	io.Writer
	query  *Query
	name   string // of the input
	shaper *shaper
	format *resultformat.Writer
}

// write begins a result. scales are those of the file's columns, nil where none is known; they
// are asked once the input was read.
func (q *Query) write(ctx context.Context, to io.Writer, input string, env expression.Env, scales func() []int, tempDir string) *writing {
	w := &writing{Writer: to, query: q, name: input}
	if format := q.Format(); format != filestore.CSV {
		w.format = resultformat.New(ctx, format, q.told, w.Writer, tempDir)
		w.Writer = w.format
	}
	if q.shape != nil {
		w.shaper = q.shape.open(w.Writer, input, env, func(n *expression.Node) int {
			of := scales()
			if of == nil {
				return 0
			}
			return scaleOf(n, q.columns, of)
		}, tempDir)
		w.Writer = w.shaper
	}
	return w
}

// end writes what was kept back, and tells how many rows the result has: see shaper.finish.
func (w *writing) end(report *Report, unclear bool) (err error) {
	if w.shaper != nil {
		err = w.shaper.finish(unclear)
		report.Groups = w.shaper.groups
		report.Notes = append(report.Notes, w.shaper.notes(w.query)...)
	}
	if err == nil && w.format != nil {
		err = w.format.Close()
	}
	if err != nil {
		err = fmt.Errorf("write the result of %s: %w", w.name, err)
	}
	return err
}

// discard releases what was kept.
func (w *writing) discard() {
	if w.shaper != nil {
		w.shaper.close()
	}
	if w.format != nil {
		w.format.Discard()
	}
}

// told is what an expression tells of the column that it makes.
func told(n *expression.Node) resultformat.Column {
	switch {
	case n.Op == expression.Day:
		return resultformat.Column{Told: resultformat.Date}
	case n.Type == expression.Cell && n.Op == expression.Aggregate && (n.Function == expression.Min || n.Function == expression.Max):
		return resultformat.Column{Told: resultformat.Numbers}
	case n.Type == expression.Text, n.Type == expression.Null:
		return resultformat.Column{Told: resultformat.Text}
	case n.Type == expression.Double:
		return resultformat.Column{Told: resultformat.Double}
	case n.Type == expression.Bool:
		return resultformat.Column{Told: resultformat.Boolean}
	case n.Type != expression.Decimal:
		return resultformat.Column{}
	}
	// Where the digits after the point depend on those of a column, the question tells no number.
	scale := func(of int) int { return n.Scale(func(*expression.Node) int { return of }) }
	switch least := scale(0); {
	case scale(1) != least || least > resultformat.MaxScale:
		return resultformat.Column{Told: resultformat.Decimal, Scale: resultformat.MaxScale}
	case least > 0:
		return resultformat.Column{Told: resultformat.Decimal, Scale: least}
	}
	return resultformat.Column{Told: resultformat.Integer}
}
