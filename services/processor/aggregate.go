package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
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
	if c.out != "" && len(c.files) > 1 {
		return cli.Usagef("--out takes the result of one FILE, and there are %d: run it for each of them, or leave out --out to print one result after the other", len(c.files))
	}
	to := stdout
	if c.out != "" {
		special, err := openSpecial(ctx, c.out)
		if err != nil {
			return err
		}
		if special == nil {
			return aggregateInto(ctx, c.out, questions, c.files[0], stderr)
		}
		defer special.Close()
		to = special
	}
	out := cli.Writer(ctx, to)
	for i, name := range c.files {
		if len(c.files) > 1 {
			fmt.Fprintf(stderr, "%s%s:\n", map[bool]string{true: "\n"}[i > 0], name)
		}
		if err := aggregateTo(ctx, out, questions, name, stderr); err != nil {
			return err
		}
	}
	return nil
}

// aggregateTo prints the result once the whole file was read: of a file that cannot be read
// nothing is printed.
func aggregateTo(ctx context.Context, out io.Writer, questions *query.Questions, name string, stderr io.Writer) error {
	var result, rejected spool
	defer result.close()
	defer rejected.close()
	report, err := aggregateFile(ctx, questions, name, func() (io.Writer, io.Writer, error) {
		return &result, &rejected, errors.Join(result.reset(), rejected.reset())
	})
	if err != nil {
		return err
	}
	if err := result.writeTo(out); err != nil {
		return fmt.Errorf("write the result of %s: %w", name, err)
	}
	return explainSkipped(stderr, name, report, &rejected)
}

// aggregateInto writes the result to a file. Rows that are skipped go to another file beside
// it, which is named as in the pipeline.
func aggregateInto(ctx context.Context, out string, questions *query.Questions, name string, stderr io.Writer) error {
	if same(name, out) {
		return cli.Usagef("--out %s is the input: expected another file", out)
	}
	question, _ := questions.For(filepath.Base(name))
	if rejected := rejectedPath(out); question.Skips() && same(name, rejected) {
		return cli.Usagef("--out %s: the rows that are skipped would be in %s, which is the input: expected another file", out, rejected)
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
	report, err := aggregateFile(ctx, questions, name, func() (io.Writer, io.Writer, error) {
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
		fmt.Fprintf(stderr, "%s: %d of %d rows were skipped: they are in %s with the reasons\n", name, report.Rejected, report.Rows+report.Rejected, rejected.path)
	}
	tell(stderr, name, report)
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

// aggregateFile aggregates a file, or standard input where name is "-".
func aggregateFile(ctx context.Context, questions *query.Questions, name string, begin query.Begin) (query.Report, error) {
	question, _ := questions.For(filepath.Base(name))
	if name == "-" {
		return aggregateStream(ctx, question, "standard input", os.Stdin, begin)
	}
	f, err := cli.Await(ctx, func() (*os.File, error) { return os.Open(name) })
	if err != nil {
		return query.Report{}, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return query.Report{}, err
	}
	if !fi.Mode().IsRegular() {
		return aggregateStream(ctx, question, name, f, begin)
	}
	return question.Run(ctx, dialect.File{Name: name, ReaderAt: f, Size: fi.Size()}, begin, query.Options{})
}

// aggregateStream keeps what can be read only once, for it may have to be read again.
func aggregateStream(ctx context.Context, question *query.Query, name string, f *os.File, begin query.Begin) (query.Report, error) {
	var kept spool
	defer kept.close()
	if _, err := io.Copy(&kept, cli.Reader(ctx, f)); err != nil {
		return query.Report{}, fmt.Errorf("read %s: %w", name, err)
	}
	return question.Run(ctx, dialect.File{Name: name, ReaderAt: &kept, Size: kept.size}, begin, query.Options{})
}

// tell says what was decided of a file.
func tell(stderr io.Writer, name string, report query.Report) {
	for _, note := range report.Notes {
		fmt.Fprintf(stderr, "%s: %s\n", name, note)
	}
}

const mostSkipped = 3

// explainSkipped prints the reasons for the first rows that were skipped.
func explainSkipped(stderr io.Writer, name string, report query.Report, rejected *spool) error {
	tell(stderr, name, report)
	if report.Rejected == 0 {
		return nil
	}
	fmt.Fprintf(stderr, "%s: %d of %d rows were skipped; with --out they are in a file of their own:\n", name, report.Rejected, report.Rows+report.Rejected)
	rows := csv.NewReader(io.NewSectionReader(rejected, 0, rejected.size))
	if _, err := rows.Read(); err != nil { // the header
		return err
	}
	for range min(mostSkipped, report.Rejected) {
		row, err := rows.Read()
		if err != nil {
			return err
		}
		fmt.Fprintf(stderr, "  %s:%s: %s\n", name, row[0], row[1])
	}
	if more := report.Rejected - mostSkipped; more > 0 {
		fmt.Fprintf(stderr, "  and %d more\n", more)
	}
	return nil
}
