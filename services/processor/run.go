package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/worker"
)

func run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "aggregate":
			return aggregate(ctx, args[1:], getenv, stdout, stderr)
		case "healthcheck":
			return ops.HealthcheckCommand(ctx, "processor", args[1:], getenv, stdout)
		}
	}
	c, err := parse(args, getenv, stdout)
	if err != nil {
		return err
	}
	plan, err := c.worker.Compile()
	if err != nil {
		return err
	}
	log := ops.NewLogger(stdout, "processor")
	return ops.Failed(ctx, log, process(ctx, c, plan, log))
}

// process takes files from the queue. Told to stop before it is connected it has nothing
// in hand.
func process(ctx context.Context, c config, plan *groupby.Plan, log *zap.Logger) error {
	// Of a container's memory; where there is no limit there is none for us.
	_, _ = memlimit.Set(memlimit.WithRatio(0.8))
	store, err := storeurl.Open(ctx, c.store)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer store.Close()
	q, rdb, err := queue.Connect(ctx, c.redis, queue.Options{Lease: c.worker.Lease, MaxErrors: int(c.worker.MaxErrors)}, queue.LogTo(log))
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer rdb.Close()
	name, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("find a name for this worker: %w", err)
	}
	pulse := ops.Pulse{Timeout: c.worker.Lease + time.Minute}
	w := &worker.Pool{Concurrency: int(c.worker.Concurrency), Worker: worker.Worker{
		Name: fmt.Sprintf("%s/%d", name, os.Getpid()), Queue: q, Store: store, Plan: plan, Log: log,
		FilesPerJob: c.worker.FilesPerJob, Watch: c.worker.Watch, Grace: c.worker.Grace, Patience: c.redis.Patience,
		StaleAfter: c.worker.StaleAfter, Beat: pulse.Beat, Engine: groupby.Options{TempDir: c.worker.TempDir},
	}}
	if !w.Watch {
		return w.Run(ctx)
	}
	l, err := ops.Listen(c.listen)
	if err != nil {
		return err
	}
	pulse.Beat()
	mux := http.NewServeMux()
	registry := ops.NewRegistry("processor")
	ops.Endpoints(mux, registry, pulse.Alive, q.Check)
	return both(ctx, w.Run,
		func(ctx context.Context) error {
			return ops.Server{Handler: ops.Protection{Log: log, Registry: registry}.Protect(mux), Log: log}.Serve(ctx, l)
		})
}

// both runs two things until both have ended; the end of one asks the other to stop.
func both(ctx context.Context, first, second func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error)
	for _, do := range []func(context.Context) error{first, second} {
		go func() {
			err := do(ctx)
			stop()
			ended <- err
		}()
	}
	a, b := <-ended, <-ended
	if a != nil {
		return a
	}
	return b
}
