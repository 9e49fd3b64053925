package describe

import (
	"bytes"
	"context"
	"errors"
	"io"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
)

// Preview is the result of a question of a file, or of its beginning.
type Preview struct {
	Result  []byte // CSV, its beginning if it is long
	Rows    int64  // of the file, that were read
	LeftOut int64  // rows that were left out, as they could not be read
	Partial bool   // it is a result of the beginning of the file only
	Notes   []string
}

const (
	previewText   = 2 << 20   // bytes of the file, unpacked
	previewResult = 256 << 10 // bytes
	previewMemory = 48 << 20  // bytes of the engine
)

// Try asks a question of a file, or of its beginning where it is large. Time is bounded by ctx.
// A file that the settings do not read is a *groupby.InputError.
func Try(ctx context.Context, file dialect.File, spec query.Spec) (*Preview, error) {
	head, whole, err := dialect.Head(ctx, file, previewText)
	if err != nil {
		return nil, err
	}
	if !whole {
		spec.Input.SkipFooter = 0 // it is further down
	}
	spec.Output = query.Output{}
	q, err := query.Compile(spec)
	if err != nil {
		return nil, err
	}
	p := &Preview{Partial: !whole}
	var out beginning
	report, err := q.Run(ctx, head, func() (io.Writer, io.Writer, error) {
		out.kept.Reset()
		return &out, nil, nil
	}, query.Options{Engine: groupby.Options{Workers: 1, MemoryLimit: previewMemory}})
	if errors.Is(err, errFull) {
		err, p.Partial = nil, p.Partial || len(spec.Select) > 0 // of groups there is a result once all rows were read
	}
	p.Result, p.Rows, p.LeftOut, p.Notes = out.kept.Bytes(), report.Rows, report.Rejected, report.Notes
	return p, err
}

// beginning keeps the first bytes that are written, and ends the writing then.
type beginning struct{ kept bytes.Buffer }

var errFull = errors.New("the preview is full")

func (b *beginning) Write(p []byte) (int, error) {
	room := previewResult - b.kept.Len()
	if len(p) <= room {
		return b.kept.Write(p)
	}
	b.kept.Write(p[:room])
	b.kept.Truncate(bytes.LastIndexByte(b.kept.Bytes(), '\n') + 1)
	return room, errFull
}

// Table gives the header and the first rows of the file to visit, until it returns false.
func (d *Description) Table(ctx context.Context, visit func(record [][]byte) bool) error {
	return firstRecords(ctx, d.reading, visit)
}
