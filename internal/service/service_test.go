package service_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/service"
)

// helper makes this program a service, or a command, of a kind that the variable names.
const helper = "CSV_PIPELINE_TEST_HELPER"

func TestMain(m *testing.M) {
	kind := os.Getenv(helper)
	if kind == "" {
		os.Exit(m.Run())
	}
	os.Exit(cli.Main(func(ctx context.Context, _ []string, _ cli.Getenv, stdout, _ io.Writer) error {
		work := func(ctx context.Context) error {
			fmt.Fprintln(stdout, "ready")
			<-ctx.Done()
			if kind == "service that fails as it stops" {
				return errors.New("no answer of Redis")
			}
			return nil
		}
		log := ops.NewLogger(stdout, "test", zap.InfoLevel)
		if kind == "command" {
			return service.Logged(ctx, log, service.RunCommand(ctx, func(ctx context.Context, _ *service.Parts) error {
				_ = work(ctx)
				return ctx.Err()
			}))
		}
		return service.Logged(ctx, log, service.Run(ctx, func(ctx context.Context, parts *service.Parts) error {
			parts.OnStop(func() { fmt.Fprintln(stdout, "closed") })
			switch kind {
			case "start that fails":
				return errors.New("no such bucket")
			case "wrong setting":
				return cli.Usagef("no such thing")
			case "start that waits":
				_ = work(ctx)
				return ctx.Err()
			}
			parts.Go(work)
			if kind == "panic" {
				parts.Go(func(context.Context) error { panic("out of luck") })
			}
			return nil
		}))
	}))
}

// TestExitCodes of processes, and that they close what they opened.
func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		kind   string
		signal syscall.Signal // 0: it ends by itself
		code   int
		stdout []string
	}{
		{"service", syscall.SIGTERM, 0, []string{"closed"}},
		{"service", syscall.SIGINT, 0, []string{"closed"}},
		{"start that waits", syscall.SIGTERM, 0, []string{"closed"}},
		{"service that fails as it stops", syscall.SIGTERM, 143, []string{"closed", `"msg":"stopped by SIGTERM"`, "no answer of Redis"}},
		{"command", syscall.SIGTERM, 143, []string{`"msg":"stopped by SIGTERM"`}},
		{"command", syscall.SIGINT, 130, []string{`"msg":"stopped by SIGINT"`}},
		{"start that fails", 0, 1, []string{"closed", `"msg":"failed"`, "no such bucket"}},
		{"wrong setting", 0, 2, []string{"closed"}},
		{"panic", 0, 1, []string{"closed", `"msg":"failed"`, "out of luck", "service_test.go"}},
	} {
		t.Run(fmt.Sprint(c.kind, c.signal), func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), helper+"="+c.kind)
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			if c.signal != 0 {
				for !strings.Contains(said.String(), "ready") {
					if _, err := io.CopyN(&said, stdout, 1); err != nil {
						t.Fatalf("it ended before it was ready: %v, %s", err, said.String())
					}
				}
				if err := cmd.Process.Signal(c.signal); err != nil {
					t.Fatal(err)
				}
			}
			_, _ = io.Copy(&said, stdout)
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d, want %d: %s", code, c.code, said.String())
			}
			for _, part := range c.stdout {
				if !strings.Contains(said.String(), part) {
					t.Errorf("it does not say %q: %s", part, said.String())
				}
			}
		})
	}
}

func TestPartsStartInOrderAndCloseInReverse(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var order []string
	started, told, mayEnd := make(chan struct{}), make(chan struct{}), make(chan struct{})
	err := service.Run(ctx, func(_ context.Context, parts *service.Parts) error {
		for _, name := range []string{"store", "queue"} {
			order = append(order, "open "+name)
			parts.OnStop(func() { order = append(order, "close "+name) })
		}
		parts.Go(func(ctx context.Context) error { // it takes its time
			<-ctx.Done()
			close(told)
			<-mayEnd
			order = append(order, "end")
			return nil
		})
		parts.Loop(func(context.Context) {
			<-started
			stop()
			<-told // both are told at once
			close(mayEnd)
		})
		order = append(order, "open server")
		parts.OnStop(func() { order = append(order, "close server") })
		close(started)
		return nil
	})
	want := []string{"open store", "open queue", "open server", "end", "close server", "close queue", "close store"}
	if err != nil || !slices.Equal(order, want) {
		t.Errorf("%v, %q; want %q", err, order, want)
	}
}

// TestTheEndOfOnePartStopsTheOthers, whatever ends it. Its error is that of the service.
func TestTheEndOfOnePartStopsTheOthers(t *testing.T) {
	broken, late := errors.New("broken"), errors.New("too late")
	for name, c := range map[string]struct {
		start func(*service.Parts) error
		want  string // of the error; "": none
	}{
		"done":                  {func(p *service.Parts) error { p.Go(func(context.Context) error { return nil }); return nil }, "too late"},
		"failed":                {func(p *service.Parts) error { p.Go(func(context.Context) error { return broken }); return nil }, "broken"},
		"a panic":               {func(p *service.Parts) error { p.Loop(func(context.Context) { panic("out of luck") }); return nil }, "out of luck"},
		"a start that failed":   {func(*service.Parts) error { return broken }, "broken"},
		"a start that panicked": {func(*service.Parts) error { panic("out of luck") }, "out of luck"},
		"a stop that panicked": {func(p *service.Parts) error {
			p.OnStop(func() { panic("out of luck") })
			return broken
		}, "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			ended, closed := false, false
			err := service.Run(t.Context(), func(_ context.Context, parts *service.Parts) error {
				parts.OnStop(func() { closed = true })
				parts.Go(func(ctx context.Context) error {
					<-ctx.Done()
					ended = true
					return late
				})
				return c.start(parts)
			})
			if err == nil || !strings.Contains(err.Error(), c.want) || !ended || !closed {
				t.Errorf("%v, want %q; the other part has ended: %v, what was open is closed: %v", err, c.want, ended, closed)
			}
		})
	}
	err := service.Run(t.Context(), func(ctx context.Context, parts *service.Parts) error {
		parts.Go(func(context.Context) error { return broken })
		<-ctx.Done()
		return fmt.Errorf("connect: %w", ctx.Err())
	})
	if !errors.Is(err, broken) {
		t.Errorf("one part failed while another one started: %v", err)
	}
	err = service.Run(t.Context(), func(_ context.Context, parts *service.Parts) error {
		parts.OnStop(func() { panic("out of luck") })
		parts.Go(func(context.Context) error { return nil })
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "out of luck") {
		t.Errorf("a panic while it closes is lost: %v", err)
	}
}

// TestTheFirstErrorCounts, however fast the others end once they are told to stop.
func TestTheFirstErrorCounts(t *testing.T) {
	broken, late := errors.New("broken"), errors.New("too late")
	for range 500 {
		err := service.Run(t.Context(), func(_ context.Context, parts *service.Parts) error {
			for range 20 {
				parts.Go(func(ctx context.Context) error {
					<-ctx.Done()
					return late
				})
			}
			parts.Go(func(context.Context) error { return broken })
			return nil
		})
		if !errors.Is(err, broken) {
			t.Fatalf("%v, want %v", err, broken)
		}
	}
}

// TestToldToStopWhileItStarts: a service has nothing in hand yet, a command is cut short.
func TestToldToStopWhileItStarts(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	start := func(ctx context.Context, _ *service.Parts) error {
		stop()
		<-ctx.Done()
		return fmt.Errorf("connect: %w", ctx.Err())
	}
	if err := service.Run(ctx, start); err != nil {
		t.Errorf("a service: %v", err)
	}
	if err := service.RunCommand(ctx, start); !errors.Is(err, context.Canceled) {
		t.Errorf("a command: %v", err)
	}
}

// TestACommandEndsItsParts: they do not outlive what the command does.
func TestACommandEndsItsParts(t *testing.T) {
	ended := false
	err := service.RunCommand(t.Context(), func(_ context.Context, parts *service.Parts) error {
		parts.Loop(func(ctx context.Context) {
			<-ctx.Done()
			ended = true
		})
		return nil
	})
	if err != nil || !ended {
		t.Errorf("%v, ended: %v", err, ended)
	}
}
