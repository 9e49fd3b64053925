// Command scale measures what many small files cost: the demo's generator publishes
// and queues them, then processors, as the images run them, work until none is left.
// It uses a real Redis of its own, with the append-only file on as the chart has it,
// and the place that --store-url names. It prints a row of a Markdown table, with
// what a million files would cost at the same rate.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/sales"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var b bench
	flag.IntVar(&b.files, "files", 100_000, "how many files of 200 rows")
	flag.IntVar(&b.processors, "processors", 1, "how many processors at the same time")
	flag.IntVar(&b.concurrency, "concurrency", 4, "files that each works on at a time")
	flag.IntVar(&b.sinkRounds, "sink-rounds", 0, "process the files so often more without and with an HTTP sink of events, in turn, and print both rates")
	flag.StringVar(&b.storeURL, "store-url", "", "where the files go, empty at first (default: a folder that is removed at the end)")
	flag.Parse()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

type bench struct {
	files, processors, concurrency int
	sinkRounds                     int
	storeURL                       string

	dir string
	rdb *redis.Client
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp("", "csv-pipeline-scale-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if b.storeURL == "" {
		b.storeURL = "file://" + filepath.Join(b.dir, "data")
		if err := os.Mkdir(filepath.Join(b.dir, "data"), 0o755); err != nil {
			return err
		}
	}
	program := filepath.Join(b.dir, "processor")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./services/processor")
	build.Dir, build.Env, build.Stderr = "..", append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the processor: %w", err)
	}
	port, stop, err := b.startRedis(ctx)
	if err != nil {
		return err
	}
	defer stop()

	empty, err := b.info(ctx, "memory", `used_memory_dataset:(\d+)`)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := b.generate(ctx); err != nil {
		return err
	}
	generated := time.Since(began)
	waiting, err := b.info(ctx, "memory", `used_memory_dataset:(\d+)`)
	if err != nil {
		return err
	}
	if err := b.process(ctx, program, port, func(c cost) {
		perMillion := 1e6 / float64(b.files)
		alone, err := b.alone()
		if err != nil {
			fmt.Fprintln(os.Stderr, "scale: publish alone:", err)
		}
		fmt.Printf("| files | processors × concurrency | publish and queue s | process s | files/s | files/s of publishing alone | CPU s of processors | CPU s of Redis | Redis commands a file | Redis MB while all wait |\n")
		fmt.Printf("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
		row := func(label string, n float64) {
			fmt.Printf("| %s | %d × %d | %.1f | %.1f | %.0f | %.0f | %.1f | %.1f | %.2f | %.1f |\n", label, b.processors, b.concurrency, n*generated.Seconds(),
				n*c.wall, float64(b.files)/c.wall, alone, n*c.cpu, n*c.redisCPU, c.commands/float64(b.files), n*(waiting-empty)/1e6)
		}
		row(fmt.Sprint(b.files), 1)
		row("1,000,000 at this rate", perMillion)
	}); err != nil {
		return err
	}
	return b.compareSink(ctx, program, port)
}

// alone returns how many files a second can be published, in a folder, by as many threads as all
// processors have: each written, flushed, renamed, and the folder flushed.
func (b *bench) alone() (float64, error) {
	dir := filepath.Join(b.dir, "alone")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return 0, err
	}
	n := int64(min(b.files, 10_000))
	var next atomic.Int64
	var group errgroup.Group
	began := time.Now()
	for range b.processors * b.concurrency {
		group.Go(func() error {
			for i := next.Add(1); i <= n; i = next.Add(1) {
				if err := publish(filepath.Join(dir, strconv.FormatInt(i, 10)), dir); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return float64(n) / time.Since(began).Seconds(), err
}

func publish(path, dir string) error {
	f, err := os.Create(path + ".partial")
	if err != nil {
		return err
	}
	_, err = f.WriteString("item_id,total_quantity\n1,231\n2,187\n3,214\n4,260\n5,208\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".partial", path); err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// startRedis starts a server on a free port; stop ends it.
func (b *bench) startRedis(ctx context.Context) (port string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	server := exec.CommandContext(ctx, "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", b.dir, "--save", "", "--appendonly", "yes")
	if err := server.Start(); err != nil {
		return "", nil, fmt.Errorf("start redis-server: %w", err)
	}
	b.rdb = redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port, MaxRetries: 20, DisableIdentity: true})
	stop = func() {
		_ = b.rdb.Close()
		_ = server.Process.Kill()
		_ = server.Wait()
	}
	if err := b.rdb.Ping(ctx).Err(); err != nil {
		stop()
		return "", nil, fmt.Errorf("reach redis-server: %w", err)
	}
	return port, stop, nil
}

func (b *bench) generate(ctx context.Context) error {
	store, err := storeurl.Open(ctx, b.storeURL)
	if err != nil {
		return err
	}
	defer store.Close()
	params := sales.Default()
	params.Days = b.files
	var there error
	err = (&sales.Generator{Params: params, Store: store, Queue: queue.New(b.rdb, "csvs-to-process", queue.Options{}), Report: func(f sales.File) {
		if !f.Written {
			there = fmt.Errorf("%s is there already: expected an empty place", f.Name)
		}
	}}).Run(ctx)
	return errors.Join(err, there)
}

// cost is of all files: seconds, and how many commands Redis did.
type cost struct{ wall, cpu, redisCPU, commands float64 }

func (b *bench) process(ctx context.Context, program, port string, report func(cost)) error {
	before, err := b.redisCost(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	running := make([]*exec.Cmd, b.processors)
	for i := range running {
		running[i] = exec.CommandContext(ctx, program, "--concurrency", strconv.Itoa(b.concurrency))
		running[i].Env = append(os.Environ(), "REDIS_HOST=127.0.0.1", "REDIS_PORT="+port, "STORE_URL="+b.storeURL)
		running[i].Stdout, running[i].Stderr = io.Discard, os.Stderr
		if err := running[i].Start(); err != nil {
			return fmt.Errorf("start a processor: %w", err)
		}
	}
	var c cost
	for _, p := range running {
		if err := p.Wait(); err != nil {
			return fmt.Errorf("a processor: %w", err)
		}
		c.cpu += (p.ProcessState.UserTime() + p.ProcessState.SystemTime()).Seconds()
	}
	c.wall = time.Since(began).Seconds()
	after, err := b.redisCost(ctx)
	if err != nil {
		return err
	}
	c.redisCPU, c.commands = after.redisCPU-before.redisCPU, after.commands-before.commands
	if err := b.verify(ctx); err != nil {
		return err
	}
	report(c)
	return nil
}

// verify counts the results.
func (b *bench) verify(ctx context.Context) error {
	store, err := storeurl.Open(ctx, b.storeURL)
	if err != nil {
		return err
	}
	defer store.Close()
	n := 0
	for _, err := range store.List(ctx, filestore.Processed) {
		if err != nil {
			return err
		}
		n++
	}
	if n != b.files {
		return fmt.Errorf("%d files have %d results", b.files, n)
	}
	return nil
}

func (b *bench) redisCost(ctx context.Context) (c cost, err error) {
	user, err := b.info(ctx, "cpu", `used_cpu_user:([\d.]+)`)
	if err != nil {
		return c, err
	}
	system, err := b.info(ctx, "cpu", `used_cpu_sys:([\d.]+)`)
	if err != nil {
		return c, err
	}
	c.redisCPU = user + system
	c.commands, err = b.info(ctx, "stats", `total_commands_processed:(\d+)`)
	return c, err
}

func (b *bench) info(ctx context.Context, section, pattern string) (float64, error) {
	text, err := b.rdb.Info(ctx, section).Result()
	if err != nil {
		return 0, err
	}
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("INFO %s has no %s", section, pattern)
	}
	return strconv.ParseFloat(found[1], 64)
}
