//go:build faultpoints

package faultpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var signals = map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP, "term": syscall.SIGTERM}

type fault struct {
	step   Step
	nth    int64
	signal syscall.Signal
	seen   atomic.Int64
}

var planned = parse(os.Getenv("FAULTPOINT"))

func parse(text string) *fault {
	if text == "" {
		return nil
	}
	where, what, _ := strings.Cut(text, "=")
	step, count, counted := strings.Cut(where, "#")
	f := &fault{step: Step(step), nth: 1, signal: signals[what]}
	if counted {
		f.nth, _ = strconv.ParseInt(count, 10, 64)
	}
	if f.signal == 0 || f.nth < 1 {
		panic(fmt.Sprintf("FAULTPOINT=%q: expected STEP#N=kill, stop or term", text))
	}
	return f
}

// Reach sends this process the planned signal when it is at the planned step, and
// returns once the signal has arrived.
func Reach(step Step) {
	if planned == nil || planned.step != step || planned.seen.Add(1) != planned.nth {
		return
	}
	if err := syscall.Kill(os.Getpid(), planned.signal); err != nil {
		panic(err)
	}
	if planned.signal == syscall.SIGKILL {
		select {} // the signal is under way
	}
}
