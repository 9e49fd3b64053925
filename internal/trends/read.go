package trends

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/resultformat"
)

// readAll adds up all results.
func (t *Trends) readAll(ctx context.Context, files *catalog.Table, key Query, done *atomic.Int64) (*daily, error) {
	v := newDaily()
	var mu sync.Mutex
	var place atomic.Int64
	var failed error
	var group sync.WaitGroup
	for range min(2, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			r := reader{key: key}
			for {
				i := int(place.Add(1)) - 1
				if i >= files.Len() || ctx.Err() != nil {
					return
				}
				info := files.At(i)
				if !isResult(info.Name) {
					done.Add(1)
					continue
				}
				of, dated := periodOf(info.Name)
				if dated && !key.covers(of) {
					done.Add(1)
					continue
				}
				if !dated && isCharted(info.Name) {
					mu.Lock()
					v.undated++
					mu.Unlock()
					done.Add(1)
					continue
				}
				out, err := r.result(ctx, t.store, info)
				done.Add(1)
				mu.Lock()
				if failed != nil {
					mu.Unlock()
					return
				}
				switch {
				case err != nil:
					failed = err
				case out.why != "":
					v.leave(info.Name, out)
				default:
					v.add(info.Name, of, r.rows, key.Combine)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	slices.SortFunc(v.leftOut, func(a, b LeftOut) int { return strings.Compare(a.Name, b.Name) })
	switch {
	case v.files == 0 && v.skipped > 0:
		v.problem = "No result can be added up; see which were left out, and why."
	case v.files == 0 && v.undated > 0:
		v.problem = "No result has a date in its name or folders, such as 20220131, 2022-01 or 2022."
	}
	return v, failed
}

// leave notes that a result is left out.
func (v *daily) leave(name string, out omission) {
	v.again = v.again || out.passing
	if v.skipped++; len(v.leftOut) < maxNamed {
		v.leftOut = append(v.leftOut, LeftOut{name, out.why})
	}
}

type row struct {
	key   string
	value value
}

// reader reads one result after another.
type reader struct {
	key  Query
	rows []row
}

// omission is why a result is left out; zero where it is not.
type omission struct {
	why     string
	passing bool // the same result may be readable later
}

// result fills rows with those of a result, or says why it is left out. An error is about
// all results, not this one.
func (r *reader) result(ctx context.Context, store filestore.Store, info filestore.Info) (omission, error) {
	r.rows = r.rows[:0]
	if !isCharted(info.Name) {
		return omission{why: "only CSV is charted"}, nil
	}
	f, err := store.Open(ctx, filestore.Processed, info.Name)
	if err != nil {
		return blame(ctx, err)
	}
	defer f.Close()
	if f.Info().Size > maxFile {
		return omission{why: fmt.Sprintf("it is larger than %d MiB", maxFile>>20)}, nil
	}
	c := csv.NewReader(f)
	c.ReuseRecord = true
	header, err := c.Read()
	if err != nil {
		return blame(ctx, err)
	}
	names := resultformat.DistinctNames(header)
	group, number := slices.Index(names, r.key.Group), slices.Index(names, r.key.Value)
	switch {
	case group < 0:
		return omission{why: fmt.Sprintf("it has no column %q", r.key.Group)}, nil
	case number < 0:
		return omission{why: fmt.Sprintf("it has no column %q", r.key.Value)}, nil
	}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return omission{}, nil
		} else if err != nil {
			return blame(ctx, err)
		}
		if n, ok := csvtable.ParseNumber(record[number]); ok {
			r.rows = append(r.rows, row{record[group], value{n, 1}})
		}
	}
}

// blame says why a result that cannot be read is left out; where the store or the
// context is the cause, it returns the error instead.
func blame(ctx context.Context, err error) (omission, error) {
	var syntax *csv.ParseError
	switch {
	case err == nil:
		return omission{}, nil
	case ctx.Err() != nil, errors.Is(err, filestore.ErrUnavailable):
		return omission{}, err
	case errors.Is(err, io.EOF):
		return omission{why: "it is empty"}, nil
	case errors.As(err, &syntax):
		return omission{why: err.Error()}, nil
	case errors.Is(err, filestore.ErrNotExist):
		return omission{why: "it was removed"}, nil
	}
	return omission{err.Error(), true}, nil
}
