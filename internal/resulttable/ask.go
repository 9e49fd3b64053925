package resulttable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/resultformat"
	"csv-pipeline/internal/spool"
)

// ErrTooLarge means that a table or an answer is larger than may be kept.
var ErrTooLarge = errors.New("it is larger than may be kept")

// Kept is text that is kept: a little of it in memory, more of it in a temporary file. Close it.
type Kept struct {
	spool.Spool
	left int64 // bytes that it may still take
}

// askMemory is how many bytes the groups of an answer may take.
const askMemory = 32 << 20

func newKept(dir string, most int64) *Kept { return &Kept{spool.Spool{Dir: dir}, most} }

// Write takes a part of the text. The error is ErrTooLarge, or one of the file.
func (k *Kept) Write(p []byte) (int, error) {
	if k.left -= int64(len(p)); k.left < 0 {
		return 0, ErrTooLarge
	}
	n, err := k.Spool.Write(p)
	if err != nil {
		return n, fmt.Errorf("keep the results: %w", err)
	}
	return n, nil
}

// empty forgets the text, and lets it take so many bytes.
func (k *Kept) empty(most int64) {
	k.Close()
	k.left = most
}

// WriteCells writes the text, which is CSV, and makes of each cell what cell does.
func (k *Kept) WriteCells(w io.Writer, cell func(text []byte) []byte) error {
	return k.Records(func(record [][]byte) (bool, error) {
		var line []byte
		for i, text := range record {
			if i > 0 {
				line = append(line, ',')
			}
			line = groupby.AppendField(line, cell(text))
		}
		_, err := w.Write(append(line, '\n'))
		return true, err
	})
}

// Records calls visit for each record of the text, which is CSV, with its header, as long as it
// returns true.
func (k *Kept) Records(visit func(record [][]byte) (bool, error)) error {
	var split resultformat.Splitter
	_, err := io.Copy(writer(func(p []byte) error {
		return split.Feed(p, func(_ []byte, cells [][]byte) error {
			more, err := visit(cells)
			if err == nil && !more {
				err = io.EOF
			}
			return err
		})
	}), k.Reader())
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}

type writer func(p []byte) error

func (w writer) Write(p []byte) (int, error) { return len(p), w(p) }

// Spec is a question as it is asked of a table: the table is CSV as it is written here.
func Spec(spec query.Spec) query.Spec {
	dates, zone := spec.Input.DateFormats, spec.Input.TimeZone
	spec.Input = dialect.Settings{Delimiter: ",", QuoteChar: `"`, Encoding: "utf-8", Header: dialect.Header{Lines: []int{1}}, DecimalChar: ".", DateFormats: dates, TimeZone: zone}
	return spec
}

// Ask puts a question, made of a Spec of the function of that name, to the table. Rows that it
// needs are kept in the folder dir, as is the answer, each of at most so many bytes (otherwise
// ErrTooLarge). A question that the table does not allow is a *groupby.InputError, unless the table
// has no results: then the answer has no rows. Other errors are those of Rows.
func (t *Table) Ask(ctx context.Context, q *query.Query, dir string, most int64) (*Kept, error) {
	kept := newKept(dir, most)
	defer kept.Close()
	if err := t.CSV(ctx, kept, Output{Only: t.used(q)}); err != nil {
		return nil, err
	}
	answer := newKept(dir, most)
	_, err := q.Run(ctx, dialect.File{Name: "the table", ReaderAt: kept, Size: kept.Size()}, func() (io.Writer, io.Writer, error) {
		answer.empty(most)
		return answer, nil, nil
	}, query.Options{Engine: groupby.Options{TempDir: cmp.Or(dir, os.TempDir()), MemoryLimit: askMemory}})
	if _, missing := errors.AsType[*groupby.InputError](err); missing && t.Results == 0 {
		answer.empty(most)
		err = t.nothing(ctx, q, answer, dir)
	}
	if err != nil {
		answer.Close()
		return nil, err
	}
	return answer, nil
}

// nothing writes the answer of a table without results, whose columns nobody knows, so that the
// question cannot be put to it: one without rows.
func (t *Table) nothing(ctx context.Context, q *query.Query, answer *Kept, dir string) error {
	names := q.Names()
	if len(names) == 0 {
		names = t.Header()
	}
	line := append(groupby.AppendRecord(nil, names), '\n')
	if q.Format() == filestore.CSV {
		_, err := answer.Write(line)
		return err
	}
	w := resultformat.New(ctx, q.Format(), resultformat.Columns{}, answer, dir)
	defer w.Discard()
	if _, err := w.Write(line); err != nil {
		return err
	}
	return w.Close()
}

// used tells which columns of the Header a question may need: those whose name is in its text, in
// capitals or not. It is nil where that may be any.
func (t *Table) used(q *query.Query) []bool {
	spec := q.Spec()
	if strings.Contains(strings.Join(spec.Select, ""), "*") {
		return nil
	}
	text := folded(strings.Join(slices.Concat(spec.GroupBy, spec.Aggregate, spec.Select, spec.OrderBy, []string{spec.Where, spec.Having}), "\n"))
	header := t.Header()
	only := make([]bool, len(header))
	for i, name := range header {
		name = folded(name)
		only[i] = strings.Contains(text, name) || strings.Contains(text, strings.ReplaceAll(name, `"`, `""`)) || strings.Contains(text, "#"+strconv.Itoa(i+1))
	}
	return only
}

// folded is the same for texts that differ in case alone, as strings.EqualFold has it.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, text)
}

// limited ends writing with ErrTooLarge.
type limited struct {
	io.Writer
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, ErrTooLarge
	}
	return l.Writer.Write(p)
}
