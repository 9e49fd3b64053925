package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/describe"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/views"
)

const (
	// describeBytes are those of a file that is looked at as a whole.
	describeBytes = 1 << 20
	// mostPreviews is how many settings are tried where there are several readings.
	mostPreviews = 3
	previewRows  = 20
)

// readRaw is the beginning of a raw file as a table, and how it is written. One file is read at
// a time: it takes memory. The table is nil where the file is no CSV file, or time is up; only
// failures of the store are errors.
func (s *Server) readRaw(ctx context.Context, f io.ReaderAt, detail *api.FileDetail) (*csvtable.Table, *views.Reading, error) {
	request := ctx
	ctx, cancel := context.WithTimeout(ctx, s.ReadingTime)
	defer cancel()
	late := &views.Reading{Late: "There was no time to look at more of this file: reload the page to try again."}
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return nil, late, request.Err()
	}
	file := dialect.File{Name: detail.Name, ReaderAt: f, Size: detail.Size}
	opt := describe.Options{Most: describeBytes}
	var spec query.Spec
	if s.Questions != nil {
		question, _ := s.Questions.For(detail.Name)
		spec = question.Spec()
		opt.Settings, opt.Columns = spec.Input, question.Columns()
	}
	d, err := describe.File(ctx, file, opt)
	var bad *groupby.InputError
	switch {
	case errors.As(err, &bad):
		return unreadTable(bad), &views.Reading{Description: describe.Unreadable(file, bad)}, nil
	case err != nil && request.Err() == nil && ctx.Err() != nil:
		return nil, late, nil
	case err != nil:
		return nil, nil, err
	}
	r := &views.Reading{Description: d, Needless: d.Flags == describe.FlagsOf(opt.Settings), Readable: d.Readable}
	r.AsItIs = r.Needless && d.Readable
	table, err := csvtable.Collect(views.MostRows, func(visit func([][]byte) bool) error { return d.Table(ctx, visit) })
	if errors.As(err, &bad) {
		table.Damage, err = bad.Error(), nil
	}
	if err != nil {
		return nil, late, request.Err()
	}
	if s.Questions != nil && detail.Result == "" {
		s.preview(ctx, r, file, spec)
	}
	return table, r, request.Err()
}

// unreadTable is the table of a file that is none.
func unreadTable(why error) *csvtable.Table { return &csvtable.Table{Damage: why.Error()} }

// way is one of those in which a file can be read.
type way struct {
	title    string
	settings dialect.Settings
}

// preview tries the settings of the pipeline, which are those that will count, and then the others
// that read a file: where there are several readings, those of the first thing that is open, each.
func (s *Server) preview(ctx context.Context, r *views.Reading, file dialect.File, spec query.Spec) {
	if len(spec.Command.Words) > 0 {
		r.Late = "There is no preview: a program makes the result of this file, and it is not run for one."
		return
	}
	given, p, err := s.try(ctx, file, spec, way{"What comes of it", spec.Input})
	if s.tooLate(ctx, r) {
		return
	}
	// What the beginning of a file tells of all of it, the description has to confirm.
	sure := err == nil && (!p.Partial || r.AsItIs)
	if r.AsItIs = sure; sure {
		r.Readable = true
		r.Previews = append(r.Previews, given)
	}
	for _, w := range otherWays(r) {
		if len(r.Previews) == 0 && describe.FlagsOf(w.settings) == describe.FlagsOf(spec.Input) {
			given.Title = w.title
			r.Previews = append(r.Previews, given)
			continue
		}
		shown, other, err := s.try(ctx, file, spec, w)
		if s.tooLate(ctx, r) {
			return
		}
		if sure && (err != nil || other.LeftOut == p.LeftOut && bytes.Equal(other.Result, p.Result)) {
			continue // it makes nothing else of the file
		}
		r.Previews = append(r.Previews, shown)
	}
	if sure && len(r.Previews) > 1 {
		r.Previews[0].Title = "What comes of it with the settings of the pipeline"
	}
}

// otherWays are those that a description names, besides the settings of the pipeline.
func otherWays(r *views.Reading) (ways []way) {
	switch {
	case len(r.Choices) > 0:
		settings := r.Settings
		for _, c := range r.Choices[1:] {
			settings = c.Options[0].With(settings)
		}
		options := r.Choices[0].Options
		for _, o := range options[:min(len(options), mostPreviews)] {
			ways = append(ways, way{"What comes of it if " + o.Means, o.With(settings)})
		}
		return ways
	case !r.Needless:
		return []way{{"What comes of it with these settings", r.Settings}}
	case r.AsItIs:
		return nil
	}
	return []way{{"What comes of it", r.Settings}}
}

// tooLate reports whether time is up, and has the page say so.
func (s *Server) tooLate(ctx context.Context, r *views.Reading) bool {
	if ctx.Err() == nil {
		return false
	}
	if r.Late = fmt.Sprintf("There is no preview: it took more than %s.", s.ReadingTime); len(r.Previews) > 0 {
		r.Late = fmt.Sprintf("There are no more previews: they took more than %s.", s.ReadingTime)
	}
	return true
}

// try has the engine answer for a file that is read in a way.
func (s *Server) try(ctx context.Context, file dialect.File, spec query.Spec, w way) (views.Preview, *describe.Preview, error) {
	shown := views.Preview{Title: w.title}
	spec.Input = w.settings
	p, err := describe.Try(ctx, file, spec)
	if err == nil {
		shown.Partial, shown.Rows, shown.LeftOut = p.Partial, p.Rows, p.LeftOut
		shown.Table, err = csvtable.Read(bytes.NewReader(p.Result), previewRows)
	}
	if err != nil {
		shown.Problem = err.Error()
	}
	return shown, p, err
}
