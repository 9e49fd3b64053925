package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/sales"
	"csv-pipeline/internal/sweep"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/worker"
)

func run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	c, err := parse(args, getenv, stdout)
	if err != nil {
		return err
	}
	plan, err := c.worker.Compile()
	if err != nil {
		return err
	}
	guard, err := c.auth.Guard()
	if err != nil {
		return err
	}
	token := ""
	if guard == nil {
		// Nobody but who sees this terminal can change anything.
		token = rand.Text()
		guard = auth.New(token, "", "")
	}
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
	embedded, err := miniredis.Run()
	if err != nil {
		_ = l.Close()
		return fmt.Errorf("start the embedded Redis: %w", err)
	}
	defer embedded.Close()
	rdb := redis.NewClient(&redis.Options{Addr: embedded.Addr(), ContextTimeoutEnabled: true, DisableIdentity: true})
	defer rdb.Close()

	p := &pipeline{
		store: store, plan: plan, log: ops.NewLogger(stderr, "standalone").WithOptions(zap.IncreaseLevel(zap.WarnLevel)),
		queue: queue.New(rdb, "csvs-to-process", queue.Options{}), files: catalog.New(store), settling: c.settling, guard: guard,
	}
	fmt.Fprintf(stdout, "csv-pipeline is at %s\n", address(l))
	fmt.Fprintf(stdout, "CSV files copied into raw/ of %s are processed. Ctrl-C ends it.\n", c.store)
	if token != "" {
		fmt.Fprintf(stdout, "To upload, retry and drop files, log in with the token %s\n", token)
	}
	return p.run(ctx, l, stdout, !c.noDemo)
}

// address is what a person types into a browser.
func address(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// pipeline is all services in one process.
type pipeline struct {
	store    filestore.Store
	plan     *groupby.Plan
	queue    *queue.Queue
	files    *catalog.Catalog
	log      *zap.Logger
	settling time.Duration
	guard    *auth.Guard
}

func (p *pipeline) run(ctx context.Context, l net.Listener, stdout io.Writer, demo bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	failed := make(chan error, 16)
	start := func(do func(context.Context) error) {
		group.Go(func() {
			if err := do(ctx); err != nil && !errors.Is(err, context.Canceled) {
				failed <- err
				stop()
			}
		})
	}

	pulse := ops.Pulse{Timeout: time.Minute}
	pulse.Beat()
	server := web.New(web.Config{Store: p.store, Catalog: p.files, Queue: p.queue, Log: p.log, Registry: ops.NewRegistry("standalone"), Alive: pulse.Alive,
		Guard: p.guard})
	start(func(ctx context.Context) error {
		server.Watch(ctx)
		return nil
	})
	start(func(ctx context.Context) error {
		return ops.Server{Handler: server.Handler(), Log: p.log}.Serve(ctx, l)
	})
	workers := &worker.Pool{Concurrency: 4, Worker: worker.Worker{Name: "worker", Queue: p.queue, Store: p.store, Plan: p.plan, Log: p.log,
		Watch: true, Grace: 5 * time.Second, Patience: time.Second}}
	start(workers.Run)
	start(func(ctx context.Context) error {
		if demo {
			if err := p.demo(ctx, stdout); err != nil {
				return err
			}
		}
		sweeper := &sweep.Sweeper{Catalog: p.files, Store: p.store, Queue: p.queue, Log: p.log, Settle: p.settling}
		sweeper.Run(ctx, time.Second, pulse.Beat)
		return nil
	})

	group.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// demo makes the files of the demonstration, which are those of the generator.
func (p *pipeline) demo(ctx context.Context, stdout io.Writer) error {
	params := sales.Default()
	written := 0
	err := (&sales.Generator{Params: params, Store: p.store, Queue: p.queue, Report: func(f sales.File) {
		if f.Written {
			written++
		}
	}}).Run(ctx)
	if err == nil && written > 0 {
		fmt.Fprintf(stdout, "%d demo files were made.\n", written)
	}
	return err
}
