package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/describe"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/service"
	"csv-pipeline/internal/spool"
)

// describeFiles is the subcommand that says how local files are written.
func describeFiles(ctx context.Context, args []string, getenv cli.Getenv, stdout io.Writer) error {
	c, err := parseDescribe(args, getenv, stdout)
	if err != nil {
		return err
	}
	config, err := c.question.Config()
	if err != nil {
		return err
	}
	questions, err := service.CompileQuestions(config.Everything())
	if err != nil {
		return err
	}
	out := cli.Writer(ctx, stdout)
	var failed []error
	for i, name := range c.files {
		d, err := describeFile(ctx, questions, name, c.all)
		if err != nil {
			return err
		}
		if c.json {
			text, err := json.Marshal(d)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(out, "%s\n", text)
			if err != nil {
				return err
			}
		} else {
			if i > 0 {
				fmt.Fprintln(out)
			}
			if err := d.Print(out); err != nil {
				return err
			}
		}
		if !d.Readable {
			failed = append(failed, errors.New(d.Verdict()))
		}
	}
	return errors.Join(failed...)
}

func describeFile(ctx context.Context, questions *query.Questions, name string, all bool) (*describe.Description, error) {
	question, _ := questions.ForPath(name)
	opt := describe.Options{Settings: question.Spec().Input, Columns: question.Columns(), All: all}
	file := dialect.File{Name: name}
	if name == "-" {
		file.Name = "standard input"
	}
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = cli.Await(ctx, func() (*os.File, error) { return os.Open(name) }); err != nil {
			return nil, err
		}
		defer f.Close()
	}
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if name != "-" && fi.Mode().IsRegular() {
		file.ReaderAt, file.Size = f, fi.Size()
	} else {
		kept := spool.Spool{Memory: spoolMemory}
		defer kept.Close()
		if _, err := io.Copy(&kept, cli.Reader(ctx, f)); err != nil {
			return nil, fmt.Errorf("read %s: %w", file.Name, err)
		}
		file.ReaderAt, file.Size = &kept, kept.Size()
	}
	d, err := describe.File(ctx, file, opt)
	var bad *groupby.InputError
	if errors.As(err, &bad) {
		return describe.Unreadable(file, bad), nil
	}
	return d, err
}
