// Package resulttable reads many results as one table: the rows of all, below the columns of all.
// What is in memory does not grow with their number, but for their names.
package resulttable

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/resultformat"
)

const (
	mostColumns = 10_000
	opensAtOnce = 16      // in a bucket each takes a request
	readWhole   = 1 << 18 // bytes of a result that is read when it is opened
)

// Dates tells the date in the name of a result; false where there is none.
type Dates func(name string) (time.Time, bool)

// ReadError is about one result that cannot be read as a part of the table.
type ReadError struct {
	Name, Problem string
	Changed       bool // it did when it was opened first: to ask again helps
}

func (e *ReadError) Error() string { return e.Name + ": " + e.Problem }

// Column is a column of the table that is of the results.
type Column struct {
	Name    string
	Missing int // how many results do not have it
}

// Table is results whose columns are known. It is immutable.
type Table struct {
	// Columns are those of the results, in the order in which they are met.
	Columns []Column
	// Results is how many results there are, without those that were removed since they were listed.
	Results int

	store filestore.Store
	names []string
	dates Dates
	place map[string]int // of each column among Columns
	own   []string       // names of the columns that are put before
}

// Open reads the columns of the results of these names, in whose order they are. Where some have a
// date, the table has a column of it. Errors are *ReadError and those of the store.
func Open(ctx context.Context, store filestore.Store, names []string, dates Dates) (*Table, error) {
	t := &Table{store: store, names: names, dates: dates, place: map[string]int{}}
	type header struct {
		names        []string
		first, count int
	}
	var mu sync.Mutex
	headers := map[string]*header{}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(opensAtOnce)
	for i, name := range names {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error {
			r := open(inner, store, name, false)
			defer r.close()
			if errors.Is(r.err, filestore.ErrNotExist) {
				return nil
			}
			if r.err != nil {
				return r.err
			}
			columns := r.rows.Names()
			key := strings.Join(columns, "\x00")
			mu.Lock()
			defer mu.Unlock()
			t.Results++
			h := headers[key]
			if h == nil {
				h = &header{names: columns, first: i}
				headers[key] = h
			}
			h.first, h.count = min(h.first, i), h.count+1
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sorted := make([]*header, 0, len(headers))
	for _, h := range headers {
		sorted = append(sorted, h)
	}
	slices.SortFunc(sorted, func(a, b *header) int { return cmp.Compare(a.first, b.first) })
	for _, h := range sorted {
		for _, name := range h.names {
			i, known := t.place[name]
			if !known {
				i = len(t.Columns)
				if i == mostColumns {
					return nil, &ReadError{Name: names[h.first], Problem: fmt.Sprintf("with its columns there would be more than %d", mostColumns)}
				}
				t.place[name] = i
				t.Columns = append(t.Columns, Column{name, t.Results})
			}
			t.Columns[i].Missing -= h.count
		}
	}
	t.own = []string{t.free("file")}
	if slices.ContainsFunc(names, func(name string) bool { _, dated := dates(name); return dated }) {
		t.own = append(t.own, t.free("date"))
	}
	return t, nil
}

// free is a name that no column has.
func (t *Table) free(name string) string {
	unique := name
	for n := 1; ; n++ {
		if _, taken := t.place[unique]; !taken {
			return unique
		}
		unique = fmt.Sprintf("%s_%d", name, n)
	}
}

// Header are the names of all columns: file, date where there is one, and Columns. Where results
// have a column of such a name, it is file_1 or date_1.
func (t *Table) Header() []string {
	names := slices.Clone(t.own)
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return names
}

// Rows calls row for each row, as long as it returns true. A row has a cell for each name of the
// Header and is valid until row returns; a cell that its result does not have is empty. Errors are
// *ReadError and those of the store and of row.
func (t *Table) Rows(ctx context.Context, row func(cells [][]byte) (bool, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	opening := make(chan chan opened, opensAtOnce)
	var reads sync.WaitGroup
	reads.Go(func() {
		defer close(opening)
		for _, name := range t.names {
			next := make(chan opened, 1)
			select {
			case opening <- next:
			case <-ctx.Done():
				return
			}
			reads.Go(func() { next <- open(ctx, t.store, name, true) })
		}
	})
	defer func() {
		cancel()
		for next := range opening {
			r := <-next
			r.close()
		}
		reads.Wait()
	}()
	cells := make([][]byte, len(t.own)+len(t.Columns))
	for _, name := range t.names {
		next, more := <-opening
		if !more {
			return ctx.Err()
		}
		more, err := t.rowsOf(<-next, name, cells, row)
		if err != nil || !more {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) rowsOf(r opened, name string, cells [][]byte, row func([][]byte) (bool, error)) (more bool, err error) {
	defer r.close()
	if errors.Is(r.err, filestore.ErrNotExist) {
		return false, &ReadError{name, "it was removed meanwhile", true}
	}
	if r.err != nil {
		return false, r.err
	}
	clear(cells)
	cells[0] = []byte(name)
	if len(t.own) > 1 {
		if day, dated := t.dates(name); dated {
			cells[1] = day.AppendFormat(nil, time.DateOnly)
		}
	}
	places := make([]int, len(r.rows.Names()))
	for i, column := range r.rows.Names() {
		place, known := t.place[column]
		if !known {
			return false, &ReadError{name, fmt.Sprintf("it has a column %.100q now, which it had not", column), true}
		}
		places[i] = len(t.own) + place
	}
	for {
		record, err := r.rows.Next()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, blame(name, err)
		}
		for i, cell := range record {
			cells[places[i]] = cell
		}
		if more, err := row(cells); err != nil || !more {
			return false, err
		}
	}
}

// opened is a result that is read.
type opened struct {
	file filestore.File
	rows *resultformat.Rows
	err  error
}

func (o *opened) close() {
	if o.rows != nil {
		o.rows.Close()
	}
	if o.file != nil {
		_ = o.file.Close()
	}
}

// open opens a result. One that is small is read at once where all of it is needed: several are
// opened at a time, which in a bucket hides how long each takes.
func open(ctx context.Context, store filestore.Store, name string, all bool) (o opened) {
	if o.file, o.err = store.Open(ctx, filestore.Processed, name); o.err != nil {
		o.file = nil
		return o
	}
	var in resultformat.Source = o.file
	size := o.file.Info().Size
	if all && size <= readWhole {
		text := make([]byte, size)
		if _, err := io.ReadFull(o.file, text); err != nil {
			o.err = fmt.Errorf("read %s: %w", name, err)
			return o
		}
		_ = o.file.Close()
		o.file, in = nil, bytes.NewReader(text)
	}
	format, _ := filestore.FormatOf(name)
	if o.rows, o.err = resultformat.OpenRows(in, size, format); o.err != nil {
		o.rows, o.err = nil, blame(name, o.err)
	}
	return o
}

// blame names the result in an error.
func blame(name string, err error) error {
	if damaged, ok := errors.AsType[*resultformat.DamagedError](err); ok {
		return &ReadError{Name: name, Problem: damaged.Problem}
	}
	return fmt.Errorf("read %s: %w", name, err)
}
