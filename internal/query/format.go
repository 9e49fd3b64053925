package query

import (
	"cmp"
	"context"
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
	w, end, discard := query.formatted(context.Background(), &out, "")
	defer discard()
	_, err := io.WriteString(w, csv)
	if err == nil {
		err = end()
	}
	return out.String(), err
}

// formatted returns a writer for the CSV of a result, which it writes to result in the format
// that is asked for. end writes what was kept back; discard releases it.
func (q *Query) formatted(ctx context.Context, result io.Writer, tempDir string) (w io.Writer, end func() error, discard func()) {
	format := q.Format()
	if format == filestore.CSV {
		return result, func() error { return nil }, func() {}
	}
	other := resultformat.New(ctx, format, q.told, result, tempDir)
	return other, other.Close, other.Discard
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
