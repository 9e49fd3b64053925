package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/cleanup"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/service"
)

type cleanupConfig struct {
	place    service.Place
	logLevel zapcore.Level
	keepDays int64
	dryRun   bool
}

func (c *cleanupConfig) register(fs *pflag.FlagSet) {
	cli.Int64(fs, &c.keepDays, "keep-days", 30, 1, 36500, "how many days a result is kept")
	fs.BoolVar(&c.dryRun, "dry-run", false, "remove nothing, and log what would be removed")
	cli.Own(fs, "keep-days", "dry-run")
	c.place.RegisterFlags(fs)
	service.LogLevelFlag(fs, &c.logLevel, zapcore.InfoLevel)
}

func parseCleanup(args []string, getenv cli.Getenv, stdout io.Writer) (c cleanupConfig, err error) {
	fs := cli.NewFlags()
	c.register(fs)
	_, err = cli.Parse(cli.Command{
		Name: "inspector cleanup",
		Args: "[flags]",
		About: `Removes old results, each with its raw file and its rejected rows.

A raw file is kept if it has no result, has changed since its result was made, is in the queue or
is a dead letter. A result whose raw file is gone is removed at the same age.`,
		Examples: "inspector cleanup --dry-run\ninspector cleanup --keep-days 90",
		Flags:    fs,
	}, args, getenv, stdout)
	return c, err
}

func runCleanup(ctx context.Context, args []string, getenv cli.Getenv, stdout io.Writer) error {
	c, err := parseCleanup(args, getenv, stdout)
	if err != nil {
		return err
	}
	log := ops.NewLogger(stdout, "cleanup", c.logLevel)
	return service.Logged(ctx, log, service.RunCommand(ctx, func(ctx context.Context, parts *service.Parts) error {
		store, q, err := c.place.Open(ctx, parts, queue.Options{}, log)
		if err != nil {
			return err
		}
		return clean(ctx, &cleanup.Cleaner{Store: store, Queue: q, Before: time.Now().AddDate(0, 0, -int(c.keepDays)), DryRun: c.dryRun}, log)
	}))
}

// clean runs the cleaner, and logs each removal and their totals.
func clean(ctx context.Context, cleaner *cleanup.Cleaner, log *zap.Logger) error {
	what := "removed"
	if cleaner.DryRun {
		what = "would remove"
	}
	var results, files int
	var bytes int64
	cleaner.Report = func(r cleanup.Removal) {
		results++
		files += r.Files
		bytes += r.Bytes
		log.Info(what, zap.String("file", r.Name), zap.Int("files", r.Files), zap.Int64("bytes", r.Bytes), zap.Time("published", r.Published))
	}
	err := cleaner.Run(ctx)
	log.Info("cleaned up", zap.Int("results", results), zap.Int("files", files), zap.Int64("bytes", bytes),
		zap.Time("before", cleaner.Before), zap.Bool("dry_run", cleaner.DryRun))
	return err
}
