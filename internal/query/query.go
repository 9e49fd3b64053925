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
	"strconv"
	"strings"
	"sync/atomic"

	"csv-pipeline/internal/dialect"
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
	q, reading, err := q.open(ctx, file)
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
	for range mostReadings {
		report, err := a.run(ctx)
		again, other := a.reading.Again(err)
		var bad *groupby.InputError
		switch {
		case ctx.Err() != nil:
			return report, err
		case other:
			a.reading = again
		case errors.As(err, &bad) && bad.TooWide && a.widen(bad, &a.doubles):
			a.reading = a.reading.NotPlain()
		case a.reading.Plain() && (errors.Is(err, groupby.ErrDoubt) || errors.As(err, &bad)):
			a.reading = a.reading.NotPlain()
		default:
			if bad != nil {
				err = bad // without what was being done
			}
			report.Layout = a.reading.Layout
			a.noteDoubles(&report, a.doubles)
			report.Notes = append(report.Notes, q.readingNotes(a.reading)...)
			return report, err
		}
	}
	return Report{}, errAgain
}

// mostReadings bounds how often a file is read: each kind of surprise comes once.
const mostReadings = 6

var errAgain = errors.New("the file is read in other ways again and again")

// open opens a file, and says which of the two questions is asked of it.
func (q *Query) open(ctx context.Context, file dialect.File) (*Query, *dialect.Reading, error) {
	reading, err := q.dialect.Open(ctx, file, q.columns, q.datedColumns()...)
	if q.named != nil && (err != nil || q.nameFirst) {
		// A file without the columns of an expression may have one of its name. That is not to
		// be found in a line below the header.
		named, wrong := q.named.dialect.Open(ctx, file, q.named.columns, q.named.datedColumns()...)
		if wrong == nil && (err != nil || named.Layout.HeaderLine <= reading.Layout.HeaderLine) {
			q, reading, err = q.named, named, nil
		}
	}
	return q, reading, err
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

// widen adds to doubles the columns of rewritten that an error says have to be computed so; it
// says false where there is none.
func (q *Query) widen(bad *groupby.InputError, doubles *[]int) bool {
	before := len(*doubles)
	for i, w := range q.wants {
		if (w.Role == groupby.Number || w.Role == groupby.Extreme) && (bad.PlanColumn < 0 || bad.PlanColumn == i) && !slices.Contains(*doubles, i) {
			*doubles = append(*doubles, i)
		}
	}
	return len(*doubles) > before
}

// noteDoubles tells of the columns that were computed in doubles.
func (q *Query) noteDoubles(report *Report, doubles []int) {
	for _, i := range doubles {
		report.Notes = append(report.Notes, fmt.Sprintf("the numbers of %s are computed in doubles, as they have more digits than a decimal here", q.wanted(i)))
	}
}

// readingNotes tell of what was found in a file and may be meant otherwise.
func (q *Query) readingNotes(r *dialect.Reading) []string {
	notes := append(q.layoutNotes(r.Layout), q.dateNotes(r)...)
	for _, n := range q.numbers {
		note := fmt.Sprintf("%s is a number in %s, and the header has a column of that name: %q in double quotes is the column", n.text, n.part, n.text)
		if slices.Contains(r.Layout.Header, n.text) && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	if total := r.Total(); total != "" && q.rewritten != nil && !strings.Contains(q.spec.Where, total) {
		notes = append(notes, fmt.Sprintf("the last row, %q, is counted as the others; if it is their total, skipFooter: 1 leaves it out", total))
	}
	return notes
}

// layoutNotes tell of a layout that was found and may be meant otherwise.
func (q *Query) layoutNotes(l *dialect.Layout) []string {
	notes := q.headerNotes(l)
	if found := q.spec.Input.Delimiter; (found == "" || found == dialect.Auto) && doubled(l.Header) {
		twice := strconv.Quote(l.Delimiter + l.Delimiter)
		notes = append(notes, fmt.Sprintf("every second column has no name; where %s is between the fields, delimiter: %s reads them", twice, twice))
	}
	return notes
}

// numberOf is a number in a part of the question.
type numberOf struct{ part, text string }

// doubled says whether a header has nothing between each two names.
func doubled(header []string) bool {
	for i, name := range header {
		if (name == "") != (i%2 == 1) {
			return false
		}
	}
	return len(header) > 2 && len(header)%2 == 1
}

// headerNotes tell of a header that no name of the question confirms which lines before it were
// left out, and whether it has a number among its names, as a row would.
func (q *Query) headerNotes(l *dialect.Layout) (notes []string) {
	if passed := l.Passed(); passed != "" {
		notes = append(notes, passed)
	}
	header := q.spec.Input.Header
	if header.None || len(header.Lines) > 0 || l.HeaderLine == 0 || slices.ContainsFunc(q.columns, func(c groupby.Column) bool { return c.Number == 0 }) {
		return notes
	}
	for _, name := range l.Header {
		if _, err := strconv.ParseFloat(name, 64); err == nil {
			return append(notes, fmt.Sprintf("line %d was taken for names of columns, %q is one of them; if it is a row, header: none reads it as one", l.HeaderLine, name))
		}
	}
	return notes
}

func (a *attempt) run(ctx context.Context) (report Report, err error) {
	result, rejects, err := a.begin()
	if err != nil {
		return report, err
	}
	var read atomic.Int64
	var stream *dialect.Stream
	known := func() []int {
		if stream == nil {
			return nil
		}
		return stream.Scales()
	}
	w := a.write(ctx, result, a.file.Name, a.reading.Env(), known, a.opt.TempDir)
	defer w.discard()
	defer func() {
		if err == nil {
			err = w.end(&report, a.reading.UnclearPoints())
		}
	}()
	switch {
	case a.rewritten == nil:
		return a.selection(ctx, w, rejects, &read)
	case a.reading.Plain():
		return a.asItIs(ctx, w, &read)
	}
	in, stream, err := a.reading.Rewrite(ctx, a.wants, a.where, a.opt.Workers, rejects, &read)
	if err != nil {
		return report, err
	}
	defer stream.Close()
	report.Stats, err = a.askRewritten(ctx, in, w, a.opt, a.doubles, known, &read)
	report.Bytes, report.Rows, report.Rejected, report.Notes = read.Load(), stream.Rows(), stream.Rejected(), append(stream.Notes(), a.extremeNotes(report.Stats, a.wanted)...)
	return report, err
}

// askRewritten has the engine read what files were rewritten into. known are the scales of the
// files' columns once all of it was read, nil where there are none.
func (q *Query) askRewritten(ctx context.Context, in groupby.Input, result io.Writer, opt groupby.Options, doubles []int, known func() []int, read *atomic.Int64) (groupby.Stats, error) {
	opt.Rejects, opt.OnReject, opt.Workers = nil, nil, 1
	opt.Progress = stored(opt.Progress, read)
	opt.Scales = func() []uint8 {
		of := known()
		if of == nil {
			return nil
		}
		return scales(q.wants, q.columns, of)
	}
	plan := q.rewritten
	if len(doubles) > 0 {
		plan = plan.InDoubles(doubles...)
	}
	return plan.Run(ctx, in, result, opt)
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
		opt.Progress = stored(opt.Progress, read)
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
	report.Notes = a.extremeNotes(report.Stats, func(i int) string { return a.columns[i].String() })
	return report, nil
}

// stored tells of progress the bytes of the file as it is stored.
func stored(told func(groupby.Progress), read *atomic.Int64) func(groupby.Progress) {
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
