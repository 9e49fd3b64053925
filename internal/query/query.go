// Package query puts a question to one file: it finds how the file is written
// (package dialect), has the engine answer (package groupby), and does so again where
// the file turns out to be written in another way than it begins.
package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync/atomic"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
)

// Options tune a run; the zero value works. Of Engine, Rejects and Doubt are not used.
type Options struct {
	Engine  groupby.Options
	Dataset string            // the name of the file's dataset, for a command
	Tell    func(line string) // is called for what a command writes to its standard error; may be nil
}

// Begin makes the writers of a result, and of the rows that are skipped, which may be
// nil. It is called again where what was written is to be forgotten.
type Begin func() (result, rejects io.Writer, err error)

// Report is what a run did.
type Report struct {
	groupby.Stats
	Layout *dialect.Layout
	Notes  []string // what was decided of the file, in sentences
}

// Found are sentences on how the file is written, where it is not plain CSV, and on what was
// decided of it.
func (r Report) Found() []string {
	if r.Layout == nil {
		return nil
	}
	return append(r.Layout.Found(), r.Notes...)
}

// Run answers the question of a file. A file that cannot be read is an
// *groupby.InputError; other errors are those of reading and writing, and of a command those of
// package command.
func (q *Query) Run(ctx context.Context, file dialect.File, begin Begin, opt Options) (Report, error) {
	if q.program != nil {
		return q.program.run(ctx, q.dialect, file, begin, opt)
	}
	reading, err := q.dialect.Open(ctx, file, q.columns)
	if q.named != nil && (err != nil || q.nameFirst) {
		// A file without the columns of an expression may have one of its name. That is not to
		// be found in a line below the header.
		named, wrong := q.named.dialect.Open(ctx, file, q.named.columns)
		if wrong == nil && (err != nil || named.Layout.HeaderLine <= reading.Layout.HeaderLine) {
			q, reading, err = q.named, named, nil
		}
	}
	if err != nil {
		return Report{}, err
	}
	if opt.Engine.Workers <= 0 {
		opt.Engine.Workers = runtime.GOMAXPROCS(0)
	}
	if q.plain == nil {
		reading = reading.NotPlain()
	}
	a := attempt{Query: q, file: file, begin: begin, opt: opt.Engine, reading: reading}
	const most = 6 // each kind of surprise once
	for range most {
		report, err := a.run(ctx)
		again, other := a.reading.Again(err)
		var bad *groupby.InputError
		switch {
		case ctx.Err() != nil:
			return report, err
		case other:
			a.reading = again
		case errors.As(err, &bad) && bad.TooWide && a.widen(bad):
			a.reading = a.reading.NotPlain()
		case a.reading.Plain() && (errors.Is(err, groupby.ErrDoubt) || errors.As(err, &bad)):
			a.reading = a.reading.NotPlain()
		default:
			if bad != nil {
				err = bad // without what was being done
			}
			report.Layout = a.reading.Layout
			for _, c := range a.doubles {
				report.Notes = append(report.Notes, fmt.Sprintf("the numbers of %s are computed in doubles, as they have more digits than a decimal here", a.called(c)))
			}
			return report, err
		}
	}
	return Report{}, errors.New("the file is read in ever other ways")
}

// attempt is one way of reading a file.
type attempt struct {
	*Query
	file    dialect.File
	begin   Begin
	opt     groupby.Options
	reading *dialect.Reading
	doubles []int // of the columns of rewritten: those that are computed in doubles
}

// widen has a column computed in doubles.
func (a *attempt) widen(bad *groupby.InputError) bool {
	before := len(a.doubles)
	for i, w := range a.wants {
		if (w.Role == groupby.Number || w.Role == groupby.Extreme) && (bad.PlanColumn < 0 || bad.PlanColumn == i) && !slices.Contains(a.doubles, i) {
			a.doubles = append(a.doubles, i)
		}
	}
	return len(a.doubles) > before
}

// called is what messages call a column of rewritten.
func (a *attempt) called(i int) string {
	if w := a.wants[i]; w.Expression != nil {
		return w.Source
	} else {
		return a.columns[w.Column].String()
	}
}

func (a *attempt) run(ctx context.Context) (report Report, err error) {
	result, rejects, err := a.begin()
	if err != nil {
		return report, err
	}
	result, end, discard := a.formatted(ctx, result, a.opt.TempDir)
	defer discard()
	defer func() {
		if err == nil {
			if err = end(); err != nil {
				err = fmt.Errorf("write the result of %s: %w", a.file.Name, err)
			}
		}
	}()
	var read atomic.Int64
	var stream *dialect.Stream
	if a.shape != nil {
		scale := func(n *expression.Node) int {
			if stream == nil || stream.Scales() == nil {
				return 0
			}
			return scaleOf(n, a.columns, stream.Scales())
		}
		shaper := a.shape.open(result, a.reading.Env(), scale, a.opt.TempDir)
		defer shaper.close()
		defer func() {
			if err == nil {
				if err = shaper.finish(); err != nil {
					err = fmt.Errorf("write the result of %s: %w", a.file.Name, err)
				}
				report.Groups = shaper.groups
			}
		}()
		result = shaper
	}
	switch {
	case a.rewritten == nil:
		return a.selection(ctx, result, rejects, &read)
	case a.reading.Plain():
		return a.asItIs(ctx, result, &read)
	}
	opt := a.opt
	opt.Rejects, opt.OnReject = nil, nil
	in, stream, err := a.reading.Rewrite(ctx, a.wants, a.where, opt.Workers, rejects, &read)
	if err != nil {
		return report, err
	}
	defer stream.Close()
	opt.Workers = 1
	opt.Progress = a.progress(&read)
	opt.Scales = func() []uint8 {
		if stream.Scales() == nil {
			return nil
		}
		return scales(a.wants, a.columns, stream.Scales())
	}
	plan := a.rewritten
	if len(a.doubles) > 0 {
		plan = plan.InDoubles(a.doubles...)
	}
	report.Stats, err = plan.Run(ctx, in, result, opt)
	report.Bytes, report.Rows, report.Rejected, report.Notes = read.Load(), stream.Rows(), stream.Rejected(), stream.Notes()
	return report, err
}

// asItIs has the engine read the file itself.
func (a *attempt) asItIs(ctx context.Context, result io.Writer, read *atomic.Int64) (report Report, err error) {
	opt := a.opt
	opt.Rejects, opt.OnReject = nil, nil
	in, close, err := a.reading.Input(ctx, read)
	if err != nil {
		return report, err
	}
	defer close()
	opt.Doubt = a.reading.Doubt
	if in.ReaderAt == nil {
		opt.Progress = a.progress(read)
	}
	if report.Stats, err = a.plain.Run(ctx, in, result, opt); err != nil {
		return report, err
	}
	if in.ReaderAt == nil {
		report.Bytes = read.Load()
	}
	for _, scale := range report.Scales {
		if a.reading.Trapped(scale) {
			return report, groupby.ErrDoubt
		}
	}
	return report, nil
}

// progress tells the bytes of the file as it is stored.
func (a *attempt) progress(read *atomic.Int64) func(groupby.Progress) {
	told := a.opt.Progress
	if told == nil {
		return nil
	}
	return func(p groupby.Progress) {
		p.Bytes = read.Load()
		told(p)
	}
}

// selection writes every row.
func (a *attempt) selection(ctx context.Context, result, rejects io.Writer, read *atomic.Int64) (report Report, err error) {
	s, err := a.reading.Select(ctx, a.names, a.wants, a.where, a.opt.Workers, rejects, read)
	if err != nil {
		return report, err
	}
	defer s.Close()
	_, err = io.Copy(result, s)
	report.Bytes, report.Rows, report.Rejected, report.Groups = read.Load(), s.Rows(), s.Rejected(), s.Rows()
	report.Notes = s.Notes()
	return report, err
}
