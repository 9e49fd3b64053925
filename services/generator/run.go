package main

import (
	"context"
	"io"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/enqueue"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/sales"
)

func run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "enqueue":
			return enqueue.Run(ctx, "generator", args[1:], getenv, stdout, stderr)
		case "selftest":
			return selftest(ctx, args[1:], getenv, stdout)
		}
	}
	c, err := parseGenerate(args, getenv, stdout)
	if err != nil {
		return err
	}
	return connected(ctx, c.config, stdout, func(log *zap.Logger, store filestore.Store, q *queue.Queue) error {
		began := time.Now()
		progress := newProgress(stdout, log, c.params.Days)
		err := (&sales.Generator{Params: c.params, Store: store, Queue: q, Report: progress.report}).Run(ctx)
		progress.finish(time.Since(began))
		if ctx.Err() != nil {
			log.Info("stopped; start it again to go on")
		}
		return err
	})
}

// connected calls do with what every subcommand needs, and logs the error.
func connected(ctx context.Context, c config, stdout io.Writer, do func(*zap.Logger, filestore.Store, *queue.Queue) error) error {
	log := ops.NewLogger(stdout, "generator")
	return ops.Failed(ctx, log, connect(ctx, c, log, do))
}

func connect(ctx context.Context, c config, log *zap.Logger, do func(*zap.Logger, filestore.Store, *queue.Queue) error) error {
	store, err := storeurl.Open(ctx, c.store)
	if err != nil {
		return err
	}
	defer store.Close()
	q, rdb, err := queue.Connect(ctx, c.redis, queue.Options{}, queue.LogTo(log))
	if err != nil {
		return err
	}
	defer rdb.Close()
	return do(log, store, q)
}
