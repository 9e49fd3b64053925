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
	"csv-pipeline/internal/groupby"
)

// Spec is a question as users write it.
type Spec struct {
	Input     dialect.Settings `yaml:"input"`
	GroupBy   []string         `yaml:"groupBy"`
	Aggregate []string         `yaml:"aggregate"`
	Select    []string         `yaml:"select"` // instead of the two above
	Command   Command          `yaml:",inline"`
}

// Query is a Spec that was checked. It is immutable and safe for concurrent use.
type Query struct {
	dialect *dialect.Dialect
	plan    *groupby.Plan // nil for a selection
	columns []groupby.Column
	names   []string // of a selection's result; nil for all columns of the file
	program *program // nil: the engine answers
}

// Compile checks a Spec. Its errors are sentences for the person who wrote it.
func Compile(spec Spec) (*Query, error) {
	d, err := spec.Input.Compile()
	if err != nil {
		return nil, err
	}
	q := &Query{dialect: d}
	if len(spec.Command.Words) > 0 {
		q.program, err = compileCommand(spec)
		return q, err
	}
	if len(spec.Select) > 0 {
		if len(spec.GroupBy)+len(spec.Aggregate) > 0 {
			return nil, errors.New("select stands instead of groupBy and aggregate: expected one or the other")
		}
		q.columns, q.names, err = groupby.ParseSelect(spec.Select)
		return q, err
	}
	q.plan, err = groupby.Compile(groupby.Spec{GroupBy: spec.GroupBy, Aggregates: spec.Aggregate, NoHeader: !d.HasHeader()})
	if err == nil {
		q.columns = q.plan.Columns()
	}
	return q, err
}

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
	if err != nil {
		return Report{}, err
	}
	if opt.Engine.Workers <= 0 {
		opt.Engine.Workers = runtime.GOMAXPROCS(0)
	}
	a := attempt{Query: q, file: file, begin: begin, opt: opt.Engine, reading: reading, plan: q.plan}
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
				report.Notes = append(report.Notes, fmt.Sprintf("the numbers of %s are computed in doubles, as they have more digits than a decimal here", a.columns[c]))
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
	plan    *groupby.Plan
	doubles []int // columns that are computed in doubles
}

// widen has a column computed in doubles.
func (a *attempt) widen(bad *groupby.InputError) bool {
	before := len(a.doubles)
	for i, c := range a.columns {
		if (c.Role == groupby.Number || c.Role == groupby.Extreme) && (bad.PlanColumn < 0 || bad.PlanColumn == i) && !slices.Contains(a.doubles, i) {
			a.doubles = append(a.doubles, i)
		}
	}
	if len(a.doubles) == before {
		return false
	}
	a.plan = a.Query.plan.InDoubles(a.doubles...)
	return true
}

func (a *attempt) run(ctx context.Context) (report Report, err error) {
	result, rejects, err := a.begin()
	if err != nil {
		return report, err
	}
	var read atomic.Int64
	if a.plan == nil {
		return a.selection(ctx, result, rejects, &read)
	}
	opt := a.opt
	opt.Rejects, opt.OnReject = nil, nil
	if !a.reading.Plain() {
		in, s, err := a.reading.Rewrite(ctx, opt.Workers, rejects, &read)
		if err != nil {
			return report, err
		}
		defer s.Close()
		opt.Workers = 1
		opt.Progress = a.progress(&read)
		report.Stats, err = a.plan.Run(ctx, in, result, opt)
		report.Bytes, report.Rejected, report.Notes = read.Load(), s.Rejected(), s.Notes()
		return report, err
	}
	in, close, err := a.reading.Input(ctx, &read)
	if err != nil {
		return report, err
	}
	defer close()
	opt.Doubt = a.reading.Doubt
	if in.ReaderAt == nil {
		opt.Progress = a.progress(&read)
	}
	if report.Stats, err = a.plan.Run(ctx, in, result, opt); err != nil {
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
	s, err := a.reading.Select(ctx, a.names, a.opt.Workers, rejects, read)
	if err != nil {
		return report, err
	}
	defer s.Close()
	_, err = io.Copy(result, s)
	report.Bytes, report.Rows, report.Rejected, report.Groups = read.Load(), s.Rows(), s.Rejected(), s.Rows()
	report.Notes = s.Notes()
	return report, err
}
