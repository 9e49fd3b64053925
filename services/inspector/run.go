package main

import (
	"context"
	"io"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/notification"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/service"
	"csv-pipeline/internal/sweep"
	"csv-pipeline/internal/web"
)

func run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "cleanup":
			return runCleanup(ctx, args[1:], getenv, stdout)
		case "enqueue":
			return service.Enqueue(ctx, "inspector", args[1:], getenv, stdout, stderr)
		case "watch":
			return runWatch(ctx, args[1:], getenv, stdout)
		case "healthcheck":
			return service.Healthcheck(ctx, "inspector", args[1:], getenv, stdout)
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
	questions, err := c.question.Compile()
	if err != nil {
		return err
	}
	if _, ok := getenv("GOGC"); !ok {
		debug.SetGCPercent(25) // most of the memory is the list of all files, which is large and changes little
	}
	log := ops.NewLogger(stdout, "inspector", c.logLevel)
	return service.Logged(ctx, log, service.Run(ctx, func(ctx context.Context, parts *service.Parts) error {
		store, err := parts.OpenStore(ctx, c.store)
		if err != nil {
			return err
		}
		l, err := parts.Listen(c.listen)
		if err != nil {
			return err
		}
		q, err := parts.ConnectQueue(ctx, c.redis, queue.Options{}, log)
		if err != nil {
			return err
		}
		dispatcher, err := service.DispatchEvents(ctx, parts, c.events, q, c.redis.Patience, 0, questions, log)
		if err != nil {
			return err
		}
		files := catalog.New(store)
		files.Format = questions.Format
		parts.OnStop(files.Close)
		pulse := &ops.Pulse{Timeout: max(time.Minute, 10*c.sweepInterval)}
		pulse.Beat()
		server := web.New(web.Config{Store: store, Catalog: files, Queue: q, Log: log, Registry: ops.NewRegistry("inspector"), Alive: pulse.Alive, Version: cli.Version,
			Questions: questions, Guard: guard, BasePath: c.serving.BasePath, MaxUpload: c.serving.MaxUpload, ClientTimeout: c.serving.ClientTimeout, Events: dispatcher})
		parts.OnStop(server.Close)
		log.Info("serving", zap.String("address", l.Addr().String()), zap.String("store", c.store), zap.String("redis", c.redis.Address()), zap.Bool("writable", guard.Writable()))

		sweeper := &sweep.Sweeper{Catalog: files, Store: store, Queue: q, Log: log, Settle: c.settling, Questions: questions, StuckAfter: time.Duration(c.events.StuckAfter)}
		parts.Loop(func(ctx context.Context) { sweeper.Run(ctx, c.sweepInterval, pulse.Beat) })
		if bucket, ok := filestore.AsObjectNamer(store); ok {
			parts.Loop((&notification.Reader{Queue: q, Store: bucket, Log: log}).Run)
		}
		parts.Loop(server.Watch)
		parts.Serve(l, ops.Server{Handler: server.Handler(), Log: log, HeaderTimeout: c.serving.HeaderTimeout()})
		return nil
	}))
}
