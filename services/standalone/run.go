package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/datafolder"
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

// list is the key of the queue, as everywhere.
const list = "csvs-to-process"

func run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "enqueue" {
		return enqueueFiles(ctx, args[1:], getenv, stdout, stderr)
	}
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
	home, err := occupy(c, guard == nil)
	if err != nil {
		return err
	}
	defer home.leave()
	if guard == nil {
		guard = auth.New(home.token, "", "")
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
	password := rand.Text() // every user of this machine can reach it
	embedded := miniredis.NewMiniRedis()
	embedded.RequireAuth(password)
	if err := embedded.Start(); err != nil {
		_ = l.Close()
		return fmt.Errorf("start the embedded Redis: %w", err)
	}
	defer embedded.Close()
	rdb := redis.NewClient(&redis.Options{Addr: embedded.Addr(), Password: password, ContextTimeoutEnabled: true, DisableIdentity: true})
	defer rdb.Close()
	if err := home.announce(datafolder.Process{PID: os.Getpid(), Page: address(l), Redis: embedded.Addr(), Password: password}); err != nil {
		_ = l.Close()
		return err
	}

	p := &pipeline{
		store: store, plan: plan, log: ops.NewLogger(stderr, "standalone").WithOptions(zap.IncreaseLevel(zap.WarnLevel)),
		queue: queue.New(rdb, list, queue.Options{}), files: catalog.New(store), settling: c.settling, guard: guard,
	}
	var demoFails error
	if !c.noDemo {
		demoFails = tryDemo(ctx, plan)
	}
	greeting{config: c, home: home, command: command(getenv), page: address(l), demoFails: demoFails}.print(stdout)
	return p.run(ctx, l, stdout, !c.noDemo && demoFails == nil)
}

// home is the data folder, if there is one.
type home struct {
	folder           string // "" with a bucket
	token, tokenFile string // for those who may write; the file is "" with a bucket
	announce         func(datafolder.Process) error
	leave            func()
}

// occupy takes the data folder for this process, and a token if one is needed.
func occupy(c config, needsToken bool) (h home, err error) {
	folder, ok := storeurl.Folder(c.store)
	if !ok {
		h = home{announce: func(datafolder.Process) error { return nil }, leave: func() {}}
		if needsToken {
			h.token = rand.Text()
		}
		return h, nil
	}
	occupied, err := datafolder.Occupy(folder)
	if errors.Is(err, datafolder.ErrInUse) {
		return h, fmt.Errorf("%w: stop it, or name another folder by --store-url (STORE_URL)", err)
	} else if err != nil {
		return h, fmt.Errorf("--store-url (STORE_URL) %q: %w", c.store, err)
	}
	h = home{folder: folder, announce: occupied.Announce, leave: func() { _ = occupied.Leave() }}
	// Without it, the first thing that a person does fails: to copy a file there.
	err = os.MkdirAll(filepath.Join(folder, string(filestore.Raw)), 0o777)
	if err == nil && needsToken {
		h.token, h.tokenFile, err = occupied.Token()
	}
	if err != nil {
		h.leave()
		return h, fmt.Errorf("--store-url (STORE_URL) %q: %w", c.store, err)
	}
	return h, nil
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

// tryDemo says why the plan cannot do with the demo's files, nil if it can.
func tryDemo(ctx context.Context, plan *groupby.Plan) error {
	params := sales.Default()
	params.Rows = 1
	var file bytes.Buffer
	if err := params.WriteDay(ctx, &file, params.Start); err != nil {
		return err
	}
	_, err := plan.Run(ctx, groupby.Input{Name: sales.FileName(params.Start), Reader: &file}, io.Discard, groupby.Options{})
	return err
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
