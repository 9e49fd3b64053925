package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/worker"
)

// aggregate is the subcommand for local files.
func aggregate(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	c, err := parseAggregate(args, getenv, stdout)
	if err != nil {
		return err
	}
	plan, err := c.plan.Compile()
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
			return aggregateInto(ctx, c.out, plan, c.files[0], c.plan.SkipsBadRows(), stderr)
		}
		defer special.Close()
		to = special
	}
	out := cli.Writer(ctx, to)
	for i, name := range c.files {
		if len(c.files) > 1 {
			fmt.Fprintf(stderr, "%s%s:\n", map[bool]string{true: "\n"}[i > 0], name)
		}
		var skipped skipped
		stats, err := aggregateFile(ctx, plan, name, out, groupby.Options{OnReject: skipped.add})
		if err != nil {
			return err
		}
		skipped.explain(stderr, name, stats)
	}
	return nil
}

// aggregateInto writes the result to a file. Rows that are skipped go to another file beside
// it, which is named as in the pipeline.
func aggregateInto(ctx context.Context, out string, plan *groupby.Plan, name string, skips bool, stderr io.Writer) error {
	if same(name, out) {
		return cli.Usagef("--out %s is the input: expected another file", out)
	}
	result, err := begin(out)
	if err != nil {
		return err
	}
	defer result.abort()
	if !skips {
		if _, err := aggregateFile(ctx, plan, name, result, groupby.Options{}); err != nil {
			return err
		}
		return result.commit()
	}
	rejected, err := begin(rejectedPath(out))
	if err != nil {
		return err
	}
	defer rejected.abort()
	if same(name, rejected.path) {
		return cli.Usagef("--out %s: the rows that are skipped would be in %s, which is the input: expected another file", out, rejected.path)
	}
	stats, err := aggregateFile(ctx, plan, name, result, groupby.Options{Rejects: rejected})
	if err != nil {
		return err
	}
	// Rejected rows of an earlier run must not be taken for those of this one.
	if stats.Rejected > 0 {
		err = rejected.commit()
	} else if err = os.Remove(rejected.path); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	if err := result.commit(); err != nil {
		return err
	}
	if stats.Rejected > 0 {
		fmt.Fprintf(stderr, "%s: %d of %d rows were skipped: they are in %s with the reasons\n", name, stats.Rejected, stats.Rows+stats.Rejected, rejected.path)
	}
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
	rejected, err := filestore.RejectedName(name)
	if err != nil { // it does not end in .csv
		rejected = name + "_rejected.csv"
	}
	return folder + rejected
}

// aggregateFile aggregates a file, or standard input where name is "-".
func aggregateFile(ctx context.Context, plan *groupby.Plan, name string, out io.Writer, options groupby.Options) (groupby.Stats, error) {
	in := groupby.Input{Name: name}
	if name == "-" {
		in.Name, in.Reader = "standard input", cli.Reader(ctx, os.Stdin)
		stats, err := plan.Run(ctx, in, out, options)
		return stats, worker.Explain(err)
	}
	f, err := cli.Await(ctx, func() (*os.File, error) { return os.Open(name) })
	if err != nil {
		return groupby.Stats{}, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return groupby.Stats{}, err
	}
	if fi.Mode().IsRegular() {
		in.ReaderAt, in.Size = f, fi.Size()
	} else {
		in.Reader = cli.Reader(ctx, f)
	}
	stats, err := plan.Run(ctx, in, out, options)
	return stats, worker.Explain(err)
}

// skipped has the errors of the first rows that were skipped.
type skipped struct{ first []string }

const maxSkipped = 3

func (s *skipped) add(bad *groupby.InputError) {
	if len(s.first) < maxSkipped {
		s.first = append(s.first, bad.Error())
	}
}

func (s *skipped) explain(stderr io.Writer, name string, stats groupby.Stats) {
	if stats.Rejected == 0 {
		return
	}
	fmt.Fprintf(stderr, "%s: %d of %d rows were skipped; with --out they are in a file of their own:\n", name, stats.Rejected, stats.Rows+stats.Rejected)
	for _, reason := range s.first {
		fmt.Fprintf(stderr, "  %s\n", reason)
	}
	if more := stats.Rejected - int64(len(s.first)); more > 0 {
		fmt.Fprintf(stderr, "  and %d more\n", more)
	}
}
