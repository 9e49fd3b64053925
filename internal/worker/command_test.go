//go:build unix

package worker_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"csv-pipeline/internal/command"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
)

// command has the worker run a command.
func (b *bench) command(t *testing.T, words ...string) {
	t.Helper()
	questions, err := query.Config{Spec: query.Spec{Command: query.Command{Words: words}}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	b.Questions = questions
}

// hangs has the worker run a command that never ends by itself. The function returns once it
// runs, with its process number.
func (b *bench) hangs(t *testing.T) (runs func() int) {
	t.Helper()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	b.command(t, "sh", "-c", `trap "" TERM; echo half; echo $$ >"$1"; while :; do sleep 1000; done`, "sh", fifo)
	return func() int {
		text, err := os.ReadFile(fifo)
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
}

// expectNothing of a program that was killed.
func (b *bench) expectNothing(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the program still runs: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(b.folder, "processed", "*.csv")); len(left) > 0 {
		t.Errorf("published: %q", left)
	}
}

func TestStoppedWorkerKillsItsCommandAndGivesTheFileBack(t *testing.T) {
	b := setUp(t, queue.Options{})
	b.Grace = 0
	runs := b.hangs(t)
	b.put(t, "a.csv", rows(1, 1))
	b.push(t, "a.csv")
	ctx, sigterm := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	pid := runs()
	sigterm()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	b.expectNothing(t, pid)
	b.expect(t, 1, 0, 0, 0, 0)
	if errs := b.rdb.HGet(t.Context(), "{"+list+"}:stats", "retried").Val(); errs != "" {
		t.Errorf("the stop counts as %s errors", errs)
	}
}

func TestWorkerThatLostItsLeaseKillsItsCommand(t *testing.T) {
	b := setUp(t, queue.Options{Lease: time.Second})
	b.FilesPerJob = 1
	runs := b.hangs(t)
	b.put(t, "a.csv", rows(1, 1))
	b.push(t, "a.csv")
	ended := make(chan error)
	go func() { ended <- b.Run(t.Context()) }()
	pid := runs()
	b.rdb.Del(t.Context(), "{"+list+"}:claims", "{"+list+"}:inflight")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	b.expectNothing(t, pid)
	b.expect(t, 0, 0, 0, 0, 0)
}

// removing removes the program once a file is opened, as an image that changes would.
type removing struct {
	filestore.Store
	program string
}

func (s removing) Open(ctx context.Context, area filestore.Area, name string) (filestore.File, error) {
	if err := os.Remove(s.program); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return s.Store.Open(ctx, area, name)
}

func TestCommandThatCannotStartIsNotTheFilesFault(t *testing.T) {
	b := setUp(t, queue.Options{MaxErrors: 1})
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ncat\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.command(t, program)
	b.Store = removing{b.store, program}
	b.put(t, "a.csv", rows(1, 1))
	b.push(t, "a.csv")
	if err := b.Run(t.Context()); !errors.Is(err, command.ErrCannotStart) {
		t.Errorf("the worker ended with %v", err)
	}
	b.expect(t, 1, 0, 0, 0, 0)
}

func TestCommandThatWritesTooMuchOrFails(t *testing.T) {
	b := setUp(t, queue.Options{MaxErrors: 2})
	questions, err := query.Config{
		Spec: query.Spec{Command: query.Command{Words: []string{"yes"}, MaxOutput: 1 << 20}},
		Datasets: []query.Dataset{
			{Files: []string{"slow.csv"}, Spec: query.Spec{Command: query.Command{Words: []string{"sleep", "1000"}, Timeout: "50ms"}}},
			{Files: []string{"dies.csv"}, Spec: query.Spec{Command: query.Command{Words: []string{"sh", "-c", "kill -9 $$"}}}},
		},
	}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	b.Questions = questions
	for _, name := range []string{"large.csv", "slow.csv", "dies.csv"} {
		b.put(t, name, rows(1, 1))
		b.push(t, name)
	}
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 2, 1, 0) // those that may succeed another time are tried again
	for range 2 {
		for _, name := range b.rdb.ZRange(t.Context(), "{"+list+"}:delayed", 0, -1).Val() {
			b.rdb.ZRem(t.Context(), "{"+list+"}:delayed", name)
			b.push(t, name)
		}
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	letters, err := b.queue.DeadLetters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, l := range letters {
		reasons[l.Name] = l.Kind + ": " + l.Reason
	}
	for name, want := range map[string]string{
		"large.csv": queue.KindError + ": large.csv: the command wrote too much: its result has more than 1048576 bytes",
		"slow.csv":  queue.KindError + ": slow.csv: the command was ended because it ran for longer than 50ms",
		"dies.csv":  queue.KindError + ": dies.csv: the command was ended by signal 9 (killed)",
	} {
		if reasons[name] != want {
			t.Errorf("the reason of %s is %q, want %q", name, reasons[name], want)
		}
	}
}

// TestCommandThatThinksForLong keeps its result, although what is begun and does not grow is removed.
func TestCommandThatThinksForLong(t *testing.T) {
	b := setUp(t, queue.Options{})
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	b.command(t, "sh", "-c", `echo header; echo >"$1"; cat "$1"; echo end`, "sh", fifo)
	b.put(t, "a.csv", rows(1, 1))
	b.push(t, "a.csv")
	ended := make(chan error)
	go func() { ended <- b.Run(t.Context()) }()
	if _, err := os.ReadFile(fifo); err != nil { // it has written the header, and thinks
		t.Fatal(err)
	}
	if _, err := b.store.RemoveStale(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(fifo, []byte("row\n"), 0); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 0, 0, 1)
	if got := b.result(t, "a"); got != "header\nrow\nend\n" {
		t.Errorf("the result is %q", got)
	}
}

func TestCommandWithoutOutputHasAnEmptyResult(t *testing.T) {
	b := setUp(t, queue.Options{})
	b.command(t, "true")
	b.put(t, "a.csv", rows(1, 1))
	b.push(t, "a.csv")
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 0, 0, 1)
	if got := b.result(t, "a"); got != "" {
		t.Errorf("the result is %q", got)
	}
}
