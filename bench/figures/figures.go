// Package figures is what the measured programs tell the one that runs them.
package figures

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Figures of one measured run.
type Figures struct {
	Wall float64 // seconds
	CPU  float64 // seconds, user and system
	Peak float64 // MiB of resident memory, of the whole process
}

// Measure times f and prints the figures.
func Measure(f func() error) error {
	before, start := cpu(), time.Now()
	if err := f(); err != nil {
		return err
	}
	got := Figures{Wall: time.Since(start).Seconds(), CPU: cpu() - before}
	var err error
	if got.Peak, err = peak(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(got)
}

func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// peak is VmHWM. Unlike getrusage's it does not count what the parent had
// before exec.
func peak() (float64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			var kib float64
			_, err := fmt.Sscanf(rest, "%f kB", &kib)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no VmHWM")
}
