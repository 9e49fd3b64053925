package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/spool"
)

// aggregate is the subcommand for local files.
func aggregate(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	c, err := parseAggregate(args, getenv, stdout)
	if err != nil {
		return err
	}
	questions, err := c.compile()
	if err != nil {
		return err
	}
	if c.each && c.explain {
		for _, name := range c.files {
			if err := explain(ctx, stdout, questions, []string{name}); err != nil {
				return err
			}
		}
		return nil
	}
	if c.each {
		return aggregateEach(ctx, c.out, questions, c.files, stderr)
	}
	if err := askTogether(questions, c.files); err != nil {
		return err
	}
	if c.explain {
		return explain(ctx, stdout, questions, c.files)
	}
	to := stdout
	if c.out != "" {
		special, err := openSpecial(ctx, c.out)
		if err != nil {
			return err
		}
		if special == nil {
			return aggregateInto(ctx, c.out, questions, c.files, stderr)
		}
		defer special.Close()
		to = special
	}
	return aggregateTo(ctx, cli.Writer(ctx, to), questions, c.files, stderr)
}

// askTogether checks that one question can be asked of all files.
func askTogether(questions *query.Questions, names []string) error {
	question, first := questions.ForPath(names[0])
	for _, name := range names[1:] {
		if other, dataset := questions.ForPath(name); other != question {
			return cli.Usagef("%s is %s and %s is %s, which are asked otherwise: expected --each, for a result of each file", names[0], ofDataset(first), name, ofDataset(dataset))
		}
		if question.IsCommand() {
			return cli.Usagef("a command takes one file at a time: expected --each, for a result of each file")
		}
	}
	return nil
}

// ofDataset says of which dataset a file is.
func ofDataset(name string) string {
	if name == "" {
		return "of no dataset"
	}
	return "of the dataset " + name
}

// aggregateEach writes a result of each file, named as in the pipeline: beside it, or in a
// folder.
func aggregateEach(ctx context.Context, folder string, questions *query.Questions, names []string, stderr io.Writer) error {
	if fi, err := os.Stat(folder); folder != "" && (err != nil || !fi.IsDir()) {
		return cli.Usagef("--out %s is no folder: with --each expected one that is there", folder)
	}
	results := map[string]string{}
	for _, name := range names {
		question, _ := questions.ForPath(name)
		result, err := question.Format().ResultName(filepath.Base(name))
		if err == nil && name == "-" {
			err = errors.New("standard input has no name")
		}
		if err != nil {
			return cli.Usagef("%s: no result can be named after it, with --each each FILE has one: %v", name, err)
		}
		result = filepath.Join(cmp.Or(folder, filepath.Dir(name)), result)
		if other, twice := results[result]; twice {
			return cli.Usagef("%s and %s would both have the result %s: expected other names", other, name, result)
		}
		results[result] = name
	}
	for _, result := range slices.Sorted(maps.Keys(results)) {
		if err := aggregateInto(ctx, result, questions, []string{results[result]}, stderr); err != nil {
			return err
		}
		fmt.Fprintln(stderr, result)
	}
	return nil
}

// aggregateTo prints the result once all of the input was read: of a file that cannot be read
// nothing is printed.
func aggregateTo(ctx context.Context, out io.Writer, questions *query.Questions, names []string, stderr io.Writer) error {
	result, rejected := spool.Spool{Memory: spoolMemory}, spool.Spool{Memory: spoolMemory}
	defer result.Close()
	defer rejected.Close()
	report, err := answer(ctx, questions, names, stderr, func() (io.Writer, io.Writer, error) {
		return &result, &rejected, errors.Join(result.Reset(), rejected.Reset())
	})
	if err != nil {
		return err
	}
	if _, err := result.WriteTo(out); err != nil {
		return fmt.Errorf("write the result of %s: %w", called(names), err)
	}
	return explainSkipped(stderr, names, report, &rejected)
}

// called is what messages call the input.
func called(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("%d files", len(names))
}

// aggregateInto writes the result to a file. Rows that are skipped go to another file beside
// it, which is named as in the pipeline.
func aggregateInto(ctx context.Context, out string, questions *query.Questions, names []string, stderr io.Writer) error {
	question, _ := questions.ForPath(names[0])
	for _, name := range names {
		if same(name, out) {
			return cli.Usagef("--out %s is the input: expected another file", out)
		}
		if rejected := rejectedPath(out); question.Skips() && same(name, rejected) {
			return cli.Usagef("--out %s: the rows that are skipped would be in %s, which is the input: expected another file", out, rejected)
		}
	}
	var result, rejected *whole
	abort := func() {
		for _, w := range []*whole{result, rejected} {
			if w != nil {
				w.abort()
			}
		}
	}
	defer func() { abort() }()
	report, err := answer(ctx, questions, names, stderr, func() (io.Writer, io.Writer, error) {
		abort()
		var err error
		if result, err = begin(out); err != nil || !question.Skips() {
			return result, nil, err
		}
		rejected, err = begin(rejectedPath(out))
		return result, rejected, err
	})
	if err != nil {
		return err
	}
	if rejected != nil {
		// A file of rejected rows that an earlier run left would otherwise be taken for this run's.
		if report.Rejected > 0 {
			err = rejected.commit()
		} else if err = os.Remove(rejected.path); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if err := result.commit(); err != nil {
		return err
	}
	if report.Rejected > 0 {
		fmt.Fprintf(stderr, "%s: %d of %d rows were skipped: they are in %s with the reasons\n", called(names), report.Rejected, report.Rows+report.Rejected, rejected.path)
	}
	tell(stderr, names, report)
	return nil
}

// openSpecial opens the device or the pipe at path, which must not be replaced by a file. It
// returns nil if there is a regular file or nothing.
func openSpecial(ctx context.Context, path string) (*os.File, error) {
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case fi.IsDir():
		return nil, cli.Usagef("--out %s is a folder: expected a file", path)
	case fi.Mode().IsRegular():
		return nil, nil
	}
	return cli.Await(ctx, func() (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) })
}

func same(one, other string) bool {
	a, errA := os.Stat(one)
	b, errB := os.Stat(other)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// rejectedPath returns the path of the rejected rows of the result at out. If the result is
// named as in the pipeline, the rejected rows are, too.
func rejectedPath(out string) string {
	folder, name := filepath.Split(out)
	if raw, ok := filestore.RawName(name); ok {
		name = raw
	}
	if format, ok := filestore.FormatOf(name); ok {
		name = name[:len(name)-len(format)] + string(filestore.CSV)
	}
	rejected, err := filestore.RejectedName(name)
	if err != nil { // it does not end in .csv
		rejected = name + "_rejected.csv"
	}
	return folder + rejected
}

// answer answers the question of files, or of standard input where a name is "-". What a
// command says goes to stderr.
func answer(ctx context.Context, questions *query.Questions, names []string, stderr io.Writer, begin query.Begin) (query.Report, error) {
	question, dataset := questions.ForPath(names[0])
	inputs, err := openInputs(ctx, names)
	defer inputs.close()
	if err != nil {
		return query.Report{}, err
	}
	opt := query.Options{Dataset: dataset, Tell: func(line string) { fmt.Fprintf(stderr, "%s: %s\n", called(names), line) }}
	opt.Engine.TempDir = os.TempDir()
	var end func()
	opt.Engine.Progress, end = progress(stderr, inputs.size)
	defer end()
	if len(names) == 1 {
		file, done, err := inputs.open[0]()
		if err != nil {
			return query.Report{}, err
		}
		defer done()
		return question.Run(ctx, file, begin, opt)
	}
	return question.RunAll(ctx, inputs.open, begin, opt)
}

// tell says what was decided of files.
func tell(stderr io.Writer, names []string, report query.Report) {
	notes := report.Notes
	if report.Layout != nil && report.Layout.GuessNote() != "" {
		notes = append([]string{report.Layout.GuessNote()}, notes...)
	}
	for _, note := range notes {
		if len(names) == 1 {
			note = names[0] + ": " + note
		}
		fmt.Fprintln(stderr, note)
	}
}

const mostSkipped = 3

// explainSkipped prints the reasons for the first rows that were skipped.
func explainSkipped(stderr io.Writer, names []string, report query.Report, rejected *spool.Spool) error {
	tell(stderr, names, report)
	if report.Rejected == 0 {
		return nil
	}
	fmt.Fprintf(stderr, "%s: %d of %d rows were skipped; with --out they are in a file of their own:\n", called(names), report.Rejected, report.Rows+report.Rejected)
	rows := csv.NewReader(rejected.Reader())
	if _, err := rows.Read(); err != nil { // the header
		return err
	}
	for range min(mostSkipped, report.Rejected) {
		row, err := rows.Read()
		if err != nil {
			return err
		}
		if len(names) == 1 {
			row = append(names, row...)
		}
		fmt.Fprintf(stderr, "  %s:%s: %s\n", row[0], row[1], row[2])
	}
	if more := report.Rejected - mostSkipped; more > 0 {
		fmt.Fprintf(stderr, "  and %d more\n", more)
	}
	return nil
}
