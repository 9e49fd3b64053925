package main

import (
	"context"
	"io"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/enqueue"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/notification"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/sweep"
	"csv-pipeline/internal/web"
)

func run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "cleanup":
			return runCleanup(ctx, args[1:], getenv, stdout)
		case "enqueue":
			return enqueue.Run(ctx, "inspector", args[1:], getenv, stdout, stderr)
		case "healthcheck":
			return ops.HealthcheckCommand(ctx, "inspector", args[1:], getenv, stdout)
		}
	}
	c, err := parse(args, getenv, stdout)
	if err != nil {
		return err
	}
	guard, err := c.auth.Guard()
	if err != nil {
		return err
	}
	if _, ok := getenv("GOGC"); !ok {
		debug.SetGCPercent(25) // what is kept is large and changes little: the picture of all files
	}
	log := ops.NewLogger(stdout, "inspector")
	return ops.Failed(ctx, log, serve(ctx, c, guard, log))
}

// serve answers requests until ctx ends. Told to stop before it is connected it has
// nothing in hand.
func serve(ctx context.Context, c config, guard *auth.Guard, log *zap.Logger) error {
	store, err := storeurl.Open(ctx, c.store)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer store.Close()
	l, err := ops.Listen(c.listen)
	if err != nil {
		return err
	}
	q, rdb, err := queue.Connect(ctx, c.redis, queue.Options{}, queue.LogTo(log))
	if err != nil {
		_ = l.Close()
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer rdb.Close()

	files := catalog.New(store)
	defer files.Close()
	pulse := ops.Pulse{Timeout: max(time.Minute, 10*c.sweepInterval)}
	pulse.Beat()
	sweeper := &sweep.Sweeper{Catalog: files, Store: store, Queue: q, Log: log, Settle: c.settling}
	server := web.New(web.Config{Store: store, Catalog: files, Queue: q, Log: log, Registry: ops.NewRegistry("inspector"), Alive: pulse.Alive,
		Guard: guard, BasePath: c.basePath, MaxUpload: c.maxUpload, ClientTimeout: c.clientTimeout})
	defer server.Close()
	log.Info("serving", zap.String("address", l.Addr().String()), zap.String("store", c.store), zap.String("redis", c.redis.Address()), zap.Bool("writable", guard.Writable()))

	group, ctx := errgroup.WithContext(ctx)
	background := func(run func()) {
		group.Go(func() error {
			run()
			return nil
		})
	}
	background(func() { sweeper.Run(ctx, c.sweepInterval, pulse.Beat) })
	if bucket, ok := filestore.AsObjectNamer(store); ok {
		background(func() { (&notification.Reader{Queue: q, Store: bucket, Log: log}).Run(ctx) })
	}
	background(func() { server.Watch(ctx) })
	group.Go(func() error {
		return ops.Server{Handler: server.Handler(), Log: log, HeaderTimeout: min(c.clientTimeout, 5*time.Second)}.Serve(ctx, l)
	})
	return group.Wait()
}
