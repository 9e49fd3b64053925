package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/datafolder"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/service"
	"csv-pipeline/internal/sweep"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/worker"
)

func run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "enqueue" {
		return enqueueFiles(ctx, args[1:], getenv, stdout, stderr)
	}
	c, err := parse(args, getenv, stdout)
	if err != nil {
		return err
	}
	questions, err := c.question.CompileToRun()
	if err != nil {
		return err
	}
	guard, err := c.auth.Guard()
	if err != nil {
		return err
	}
	log := ops.NewLogger(stderr, "standalone", c.logLevel)
	return service.Run(ctx, func(ctx context.Context, parts *service.Parts) error {
		home, err := occupy(c, guard == nil)
		if err != nil {
			return err
		}
		parts.OnStop(home.leave)
		if guard == nil {
			guard = auth.New(home.token, "", "")
		}
		store, err := parts.OpenStore(ctx, c.store)
		if err != nil {
			return err
		}
		l, err := parts.Listen(c.listen)
		if err != nil {
			return err
		}
		redis, err := startRedis(parts)
		if err != nil {
			return err
		}
		if err := home.announce(datafolder.Process{PID: os.Getpid(), Page: address(l), Redis: redis.address, Password: redis.password}); err != nil {
			return err
		}
		dispatcher, err := service.DispatchEvents(ctx, parts, c.events, redis.queue, time.Second, 5*time.Second, questions, log)
		if err != nil {
			return err
		}
		files := catalog.New(store)
		files.Format = questions.Format
		parts.OnStop(files.Close)
		pulse := &ops.Pulse{Timeout: time.Minute}
		pulse.Beat()
		server := web.New(web.Config{Store: store, Catalog: files, Queue: redis.queue, Log: log, Registry: ops.NewRegistry("standalone"), Alive: pulse.Alive, Version: cli.Version,
			Questions: questions, Guard: guard, BasePath: c.serving.BasePath, MaxUpload: c.serving.MaxUpload, ClientTimeout: c.serving.ClientTimeout, Events: dispatcher})
		parts.OnStop(server.Close)

		var demoFails error
		if !c.noDemo {
			demoFails = tryDemo(ctx, questions)
		}
		greeting{config: c, home: home, command: command(getenv, c.given), page: address(l), demoFails: demoFails}.print(stdout)

		parts.Loop(server.Watch)
		parts.Serve(l, ops.Server{Handler: server.Handler(), Log: log, HeaderTimeout: c.serving.HeaderTimeout()})
		workers := &worker.Pool{Concurrency: 4, Worker: worker.Worker{Name: "worker", Queue: redis.queue, Store: store, Questions: questions, Log: log,
			Watch: true, Grace: 5 * time.Second, Patience: time.Second, Engine: groupby.Options{TempDir: os.TempDir()}}}
		parts.Go(untilStopped(workers.Run))
		parts.Go(untilStopped(func(ctx context.Context) error {
			if !c.noDemo && demoFails == nil {
				if err := makeDemo(ctx, store, redis.queue, stdout); err != nil {
					return err
				}
			}
			sweeper := &sweep.Sweeper{Catalog: files, Store: store, Queue: redis.queue, Log: log, Settle: c.settling, Questions: questions, StuckAfter: time.Duration(c.events.StuckAfter)}
			sweeper.Run(ctx, time.Second, pulse.Beat)
			return nil
		}))
		return nil
	})
}

// untilStopped runs a part whose work may be cut short: the queue ends with this process,
// and the next one finds what is not done.
func untilStopped(run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := run(ctx)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}
}
