package query

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// Open opens a file that is to be read, and says how to close it. It may be called again.
type Open func() (file dialect.File, close func(), err error)

// RunAll answers the question of several files as if they were one: what is an expression and
// what a name, such as unit-price, the first tells. Each may be written in
// its own way; the rows of a selection have to have the same columns in all of them. The
// rows that are skipped have the file's name in a first column.
func (q *Query) RunAll(ctx context.Context, files []Open, begin Begin, opt Options) (Report, error) {
	if q.program != nil {
		return Report{}, errors.New("a command takes one file at a time")
	}
	if opt.Engine.Workers <= 0 {
		opt.Engine.Workers = runtime.GOMAXPROCS(0)
	}
	if q.named != nil {
		file, done, err := files[0]()
		if err != nil {
			return Report{}, err
		}
		q, _, err = q.open(ctx, file)
		done()
		if err != nil {
			return Report{}, err
		}
	}
	s := several{Query: q, files: files, begin: begin, opt: opt.Engine, layouts: make([]*dialect.Layout, len(files))}
	if q.plain != nil {
		report, err := s.together(ctx)
		var bad *groupby.InputError
		if !errors.Is(err, groupby.ErrDoubt) && !errors.As(err, &bad) {
			return report, err
		}
	}
	for again := 0; ; {
		report, err := s.run(ctx)
		var bad *groupby.InputError
		switch {
		case err == nil:
			s.noteDoubles(&report, s.doubles)
			return report, nil
		case ctx.Err() != nil:
			return report, err
		case s.chain.again(err):
			if again++; again == mostReadings {
				return report, fmt.Errorf("%s: %w", s.chain.name, errAgain)
			}
			s.find(ctx, s.chain.next)
		case errors.As(err, &bad) && bad.TooWide && s.widen(bad, &s.doubles):
		default:
			if bad != nil {
				err = bad
			}
			return report, err
		}
	}
}

// several is a question of several files.
type several struct {
	*Query
	files   []Open
	begin   Begin
	opt     groupby.Options
	layouts []*dialect.Layout // of files that turned out to be written otherwise than they begin
	doubles []int
	chain   *chain
}

// find finds the layouts of the files, from one on, that turn out to be written otherwise than they
// begin: by itself, each would have all files read again from the first. What else is wrong with
// them is left to run.
func (s *several) find(ctx context.Context, from int) {
	for i := from; i < len(s.files) && ctx.Err() == nil; i++ {
		of := *s
		of.files, of.layouts = s.files[i:i+1], s.layouts[i:i+1]
		c := &chain{several: &of, ctx: ctx}
		for range mostReadings {
			_, err := io.Copy(io.Discard, c)
			c.close()
			if !c.again(err) {
				break
			}
		}
	}
}

func (s *several) run(ctx context.Context) (report Report, err error) {
	result, rejects, err := s.begin()
	if err != nil {
		return report, err
	}
	c := &chain{several: s, ctx: ctx}
	s.chain = c
	defer c.close()
	if rejects != nil {
		c.rejects = &rejectsOfFiles{to: csv.NewWriter(rejects)}
	}
	name := fmt.Sprintf("%d files", len(s.files))
	known := func() []int { return c.scales }
	w := s.write(ctx, result, name, s.dialect.Env(), known, s.opt.TempDir)
	defer w.discard()
	defer func() {
		if err == nil {
			err = w.end(&report, c.unclear)
		}
	}()
	if s.rewritten == nil {
		_, err = io.Copy(w, c)
		report.Groups = c.report.Rows
	} else {
		in := groupby.Input{Name: name, Reader: c, Layout: dialect.LayoutOf(s.wants)}
		report.Stats, err = s.askRewritten(ctx, in, w, s.opt, s.doubles, known, &c.read)
	}
	if err == nil && c.rejects != nil {
		err = c.rejects.flush()
	}
	report.Bytes, report.Rows, report.Rejected = c.read.Load(), c.report.Rows, c.report.Rejected
	report.Notes = append(c.report.Notes, s.extremeNotes(report.Stats, s.wanted)...)
	return report, err
}

// chain reads files one after the other, as the engine or a selection has them.
type chain struct {
	*several
	ctx     context.Context
	next    int
	reading *dialect.Reading
	stream  *dialect.Stream
	done    func()
	name    string
	header  []byte // of a selection, which only the first file has
	read    atomic.Int64
	scales  []int
	report  Report
	rejects *rejectsOfFiles
	unclear bool // of some file: see dialect.Reading.UnclearPoints
}

func (c *chain) Read(p []byte) (int, error) {
	for {
		if c.stream == nil {
			if c.next == len(c.files) {
				return 0, io.EOF
			}
			if err := c.open(); err != nil {
				return 0, err
			}
		}
		n, err := c.stream.Read(p)
		if n > 0 || err == nil {
			return n, nil
		}
		if err != io.EOF {
			return 0, err
		}
		c.finish()
	}
}

// open opens the next file.
func (c *chain) open() error {
	file, done, err := c.files[c.next]()
	if err != nil {
		return err
	}
	c.done, c.name = done, file.Name
	q := c.Query
	if c.reading, err = q.dialect.Open(c.ctx, file, q.columns, q.datedColumns()...); err != nil {
		return err
	}
	if l := c.layouts[c.next]; l != nil {
		c.reading = c.reading.With(l)
	}
	var rejects io.Writer
	if c.rejects != nil {
		c.rejects.file, c.rejects.header = file.Name, false
		rejects = c.rejects
	}
	if c.rewritten != nil {
		_, c.stream, err = c.reading.Rewrite(c.ctx, q.wants, q.where, c.opt.Workers, rejects, &c.read)
		return err
	}
	if c.stream, err = c.reading.Select(c.ctx, q.names, q.wants, q.where, c.opt.Workers, rejects, &c.read); err != nil {
		return err
	}
	if c.next == 0 {
		c.header = c.stream.Header()
	} else if header := c.stream.SkipHeader(); !bytes.Equal(header, c.header) {
		return &groupby.InputError{Name: c.name, Problem: fmt.Sprintf("its columns are %s, expected those of the first file: %s", bytes.TrimSpace(header), bytes.TrimSpace(c.header))}
	}
	return nil
}

// finish takes what is known of a file once it was read.
func (c *chain) finish() {
	c.report.Rows += c.stream.Rows()
	c.report.Rejected += c.stream.Rejected()
	c.report.Notes = append(c.report.Notes, c.fileNotes(c.name, c.reading, c.stream.Notes()...)...)
	c.unclear = c.unclear || c.reading.UnclearPoints()
	for i, scale := range c.stream.Scales() {
		if c.scales == nil {
			c.scales = make([]int, len(c.columns))
		}
		c.scales[i] = max(c.scales[i], scale)
	}
	c.close()
	c.next++
}

func (c *chain) close() {
	if c.stream != nil {
		c.stream.Close()
		c.stream = nil
	}
	if c.done != nil {
		c.done()
		c.done = nil
	}
}

// again says whether an error is that the file that is read is written otherwise than it
// begins, and has it read so.
func (c *chain) again(err error) bool {
	if c.reading == nil {
		return false
	}
	next, ok := c.reading.Again(err)
	if ok {
		c.layouts[c.next] = next.Layout
	}
	return ok
}

// rejectsOfFiles puts the name of the file before the rows that are skipped.
type rejectsOfFiles struct {
	to     *csv.Writer
	file   string
	header bool // of the file was passed
	begun  bool
}

func (r *rejectsOfFiles) Write(p []byte) (int, error) {
	rows, err := csv.NewReader(bytes.NewReader(p)).ReadAll()
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		name := r.file
		if !r.header {
			if r.header, name = true, "file"; r.begun {
				continue
			}
			r.begun = true
		}
		if err := r.to.Write(append([]string{name}, row...)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (r *rejectsOfFiles) flush() error {
	r.to.Flush()
	return r.to.Error()
}
