package main

import (
	"context"
	"io"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/sales"
	"csv-pipeline/internal/service"
)

func run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "enqueue":
			return service.Enqueue(ctx, "generator", args[1:], getenv, stdout, stderr)
		case "selftest":
			return selftest(ctx, args[1:], getenv, stdout)
		}
	}
	c, err := parseGenerate(args, getenv, stdout)
	if err != nil {
		return err
	}
	return c.run(ctx, stdout, func(ctx context.Context, log *zap.Logger, store filestore.Store, q *queue.Queue) error {
		began := time.Now()
		progress := newProgress(stdout, log, c.params.Days)
		err := (&sales.Generator{Params: c.params, Store: store, Queue: q, Report: progress.report}).Run(ctx)
		progress.finish(time.Since(began))
		if ctx.Err() != nil {
			log.Info("stopped before it was done; run it again to continue")
		}
		return err
	})
}

// run calls do with the log, the store and the queue, and logs its error.
func (c config) run(ctx context.Context, stdout io.Writer, do func(context.Context, *zap.Logger, filestore.Store, *queue.Queue) error) error {
	log := ops.NewLogger(stdout, "generator", c.logLevel)
	return service.Logged(ctx, log, service.RunCommand(ctx, func(ctx context.Context, parts *service.Parts) error {
		store, q, err := c.place.Open(ctx, parts, queue.Options{}, log)
		if err != nil {
			return err
		}
		return do(ctx, log, store, q)
	}))
}
