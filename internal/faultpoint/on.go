//go:build faultpoints

package faultpoint

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var signals = map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP, "term": syscall.SIGTERM, "hold": syscall.SIGTERM}

type fault struct {
	step   Step
	file   string // "" for any
	nth    int64
	signal syscall.Signal
	hold   bool
	seen   atomic.Int64
}

var planned = parse(os.Getenv("FAULTPOINT"))

func parse(text string) *fault {
	if text == "" {
		return nil
	}
	where, what, _ := strings.Cut(text, "=")
	where, count, counted := strings.Cut(where, "#")
	step, file, _ := strings.Cut(where, "@")
	f := &fault{step: Step(step), file: file, nth: 1, signal: signals[what], hold: what == "hold"}
	if counted {
		f.nth, _ = strconv.ParseInt(count, 10, 64)
	}
	if f.signal == 0 || f.nth < 1 {
		panic(fmt.Sprintf("FAULTPOINT=%q: expected STEP[@FILE][#N]=kill, stop, term or hold", text))
	}
	return f
}

// Reach sends this process the planned signal when it is at the planned step of the
// file, and returns once the signal has arrived; ctx is that of the work on the file.
func Reach(ctx context.Context, step Step, file string) {
	f := planned
	if f == nil || f.step != step || f.file != "" && f.file != file || f.seen.Add(1) != f.nth {
		return
	}
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	if err := syscall.Kill(os.Getpid(), f.signal); err != nil {
		panic(err)
	}
	// A signal may be under way for a moment, and other threads would go on.
	switch f.signal {
	case syscall.SIGKILL:
		select {}
	case syscall.SIGSTOP:
		<-continued
	}
	if f.hold {
		<-ctx.Done()
	}
}
