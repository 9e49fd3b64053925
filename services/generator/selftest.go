package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/service"
)

type selftestConfig struct {
	config
	question        service.QuestionFlags
	input, expected string
	format          filestore.Format
	patience        time.Duration
}

func parseSelftest(args []string, getenv cli.Getenv, stdout io.Writer) (c selftestConfig, err error) {
	fs := cli.NewFlags()
	c.question.RegisterFlags(fs)
	fs.StringVar(&c.input, "input", "", "`text` of the file; empty: one that fits the aggregate settings")
	fs.StringVar(&c.expected, "expected", "", "`text` of its result as CSV; required with --input, and only then")
	cli.Duration(fs, &c.patience, "patience", 2*time.Minute, time.Second, 24*time.Hour, "how long to wait for the result")
	cli.Own(fs, "input", "expected", "patience")
	c.register(fs)
	_, err = cli.Parse(cli.Command{
		Name: "generator selftest",
		Args: "[flags]",
		About: `Tests the pipeline: puts a file with a known result into raw/, queues its name as any producer
would, waits for the result, compares it, and removes both files. Give it the same --group-by,
--aggregate and settings of the input as the processors.`,
		Examples: "generator selftest\ngenerator selftest --group-by store --aggregate 'max(price)' --patience 30s",
		Flags:    fs,
	}, args, getenv, stdout)
	if err != nil {
		return c, err
	}
	if (c.input == "") != (c.expected == "") {
		return c, cli.Usagef("--input (CSV_PIPELINE_INPUT) and --expected (CSV_PIPELINE_EXPECTED): expected both of them or none")
	}
	questions, err := c.question.Compile()
	if err != nil {
		return c, err
	}
	if c.input == "" {
		var ok bool
		if c.input, c.expected, ok = questions.Sample(selftestName); !ok {
			return c, cli.Usagef("no file can be made for this question, or for these settings of the input: give one with --input (CSV_PIPELINE_INPUT) and its result with --expected (CSV_PIPELINE_EXPECTED)")
		}
	}
	c.format = questions.Format(selftestName)
	if c.expected, err = questions.Written(selftestName, c.expected); err != nil {
		return c, cli.Usagef("--expected (CSV_PIPELINE_EXPECTED): %v", err)
	}
	return c, nil
}

func selftest(ctx context.Context, args []string, getenv cli.Getenv, stdout io.Writer) error {
	c, err := parseSelftest(args, getenv, stdout)
	if err != nil {
		return err
	}
	return c.run(ctx, stdout, func(ctx context.Context, log *zap.Logger, store filestore.Store, q *queue.Queue) error {
		began := time.Now()
		if err := c.prove(ctx, store, q); err != nil {
			return fmt.Errorf("self-test: %w", err)
		}
		log.Info("the self-test passed", zap.Duration("took", time.Since(began)))
		return nil
	})
}

// selftestName is what the file's name is like.
const selftestName = "selftest-0123456789.csv"

// prove removes the files that it made, also when it fails.
func (c selftestConfig) prove(ctx context.Context, store filestore.Store, q *queue.Queue) (err error) {
	// The name has no folder, since nothing removes the folders of a store.
	name := selftestName[:len("selftest-")] + strings.ToLower(rand.Text()[:10]) + ".csv"
	result, err := c.format.ResultName(name)
	if err != nil {
		return err
	}
	// The input is removed before the result: otherwise the sweep would queue it again.
	defer func() {
		cleaning := context.WithoutCancel(ctx)
		for _, f := range []struct {
			area filestore.Area
			name string
		}{{filestore.Raw, name}, {filestore.Processed, result}} {
			if gone := store.Remove(cleaning, f.area, f.name); gone != nil && !errors.Is(gone, filestore.ErrNotExist) {
				err = errors.Join(err, fmt.Errorf("remove %s/%s: %w", f.area, f.name, gone))
			}
		}
	}()
	if err := publish(ctx, store, name, c.input); err != nil {
		return err
	}
	if err := q.Push(ctx, name); err != nil {
		return err
	}
	began := time.Now()
	waiting, giveUp := context.WithTimeout(ctx, c.patience)
	defer giveUp()
	got, err := await(waiting, store, result)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		depth, _ := q.Depth(ctx)
		return fmt.Errorf("no result of %s after %v (names that wait: %d): %w", name, time.Since(began).Round(time.Second), depth, err)
	}
	if got != c.expected && c.format == filestore.Parquet {
		return fmt.Errorf("the result of %s has %d bytes, and other ones than the %d that were expected", name, len(got), len(c.expected))
	}
	if got != c.expected {
		return fmt.Errorf("the result of %s is\n%snot\n%s", name, got, c.expected)
	}
	return nil
}

func publish(ctx context.Context, store filestore.Store, name, text string) error {
	w, err := store.Create(ctx, filestore.Raw, name, nil)
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	defer w.Abort()
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := w.Commit(); err != nil {
		return fmt.Errorf("publish %s: %w", name, err)
	}
	return nil
}

// await returns the text of a result as soon as it is published.
func await(ctx context.Context, store filestore.Store, name string) (string, error) {
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		text, err := read(ctx, store, name)
		if err == nil || !errors.Is(err, filestore.ErrNotExist) {
			return text, err
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-again.C:
		}
	}
}

func read(ctx context.Context, store filestore.Store, name string) (string, error) {
	f, err := store.Open(ctx, filestore.Processed, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	return string(text), err
}
