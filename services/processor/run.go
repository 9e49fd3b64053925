package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/service"
	"csv-pipeline/internal/worker"
)

func run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "aggregate":
			return aggregate(ctx, args[1:], getenv, stdout, stderr)
		case "check":
			return check(args[1:], getenv, stdout)
		case "describe":
			return describeFiles(ctx, args[1:], getenv, stdout)
		case "install":
			return install(args[1:], getenv, stdout)
		case "healthcheck":
			return service.Healthcheck(ctx, "processor", args[1:], getenv, stdout)
		}
	}
	c, err := parse(args, getenv, stdout)
	if err != nil {
		return err
	}
	questions, err := c.question.CompileToRun()
	if err != nil {
		return err
	}
	// Go's own limit is 80 % of the container's, and none where the container has none.
	_, _ = memlimit.Set(memlimit.WithRatio(0.8))
	log := ops.NewLogger(stdout, "processor", c.logLevel)
	return service.Logged(ctx, log, service.Run(ctx, func(ctx context.Context, parts *service.Parts) error {
		store, q, err := c.place.Open(ctx, parts, queue.Options{Lease: c.lease, MaxErrors: int(c.maxErrors)}, log)
		if err != nil {
			return err
		}
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("get the host name: %w", err)
		}
		pulse := &ops.Pulse{Timeout: c.lease + time.Minute}
		workers := &worker.Pool{Concurrency: int(c.concurrency), Worker: worker.Worker{
			Name: fmt.Sprintf("%s/%d", host, os.Getpid()), Queue: q, Store: store, Questions: questions, Log: log,
			FilesPerJob: c.filesPerJob, Watch: c.watch, Grace: c.grace, Patience: c.place.Redis.Patience,
			StaleAfter: c.staleAfter, Beat: pulse.Beat, Engine: groupby.Options{TempDir: c.tempDir},
		}}
		if c.watch {
			l, err := parts.Listen(c.listen)
			if err != nil {
				return err
			}
			pulse.Beat()
			mux := http.NewServeMux()
			registry := ops.NewRegistry("processor")
			ops.Endpoints(mux, registry, pulse.Alive, q.Check)
			parts.Serve(l, ops.Server{Handler: ops.Protection{Log: log, Registry: registry}.Protect(mux), Log: log})
		}
		parts.Go(workers.Run)
		return nil
	}))
}
