package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/groupby"
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
	out := stdout
	if c.out != "" {
		temporary, err := os.CreateTemp(filepath.Dir(c.out), ".aggregate-*")
		if err != nil {
			return fmt.Errorf("write %s: %w", c.out, err)
		}
		defer os.Remove(temporary.Name())
		defer temporary.Close()
		out = temporary
	}
	for i, name := range c.files {
		if len(c.files) > 1 && c.out == "" {
			fmt.Fprintf(stderr, "%s%s:\n", map[bool]string{true: "\n"}[i > 0], name)
		}
		if err := aggregateFile(ctx, plan, name, out); err != nil {
			return err
		}
	}
	if temporary, ok := out.(*os.File); ok && c.out != "" {
		if err := errors.Join(temporary.Chmod(0o644), temporary.Sync(), temporary.Close(), os.Rename(temporary.Name(), c.out)); err != nil {
			return fmt.Errorf("write %s: %w", c.out, err)
		}
	}
	return nil
}

func aggregateFile(ctx context.Context, plan *groupby.Plan, name string, out io.Writer) error {
	in := groupby.Input{Name: name}
	if name == "-" {
		in.Name, in.Reader = "standard input", os.Stdin
	} else {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		fi, err := f.Stat()
		if err != nil {
			return err
		}
		if fi.Mode().IsRegular() {
			in.ReaderAt, in.Size = f, fi.Size()
		} else {
			in.Reader = f
		}
	}
	_, err := plan.Run(ctx, in, out, groupby.Options{})
	return err
}
