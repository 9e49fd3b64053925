package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// describe begins the report with what was measured on what.
func (b *bench) describe(ctx context.Context, w io.Writer) error {
	version, err := exec.CommandContext(ctx, b.programs["duckdb"], "version").Output()
	if err != nil {
		return fmt.Errorf("ask DuckDB's version: %w", err)
	}
	fmt.Fprintf(w, `# Performance

Written by `+"`make bench`"+` on %s: %s, %d CPUs, %s/%s, %s, DuckDB %s.

All of a case run in turn, each in a process of its own, %d rounds after one to
warm the page cache. Wall and CPU time are medians, from before the file is
opened until the result is written, and the least wall time is the minimum;
"times" are medians of the ratios within a round, of a competitor's time to that
of the engine. The peak is the process's resident memory. Results are compared
byte by byte. The data are made by the generator's code with a fixed seed. How
the engine does it is in [engine.md](engine.md).
`, time.Now().UTC().Format(time.DateOnly), cpuModel(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(),
		strings.TrimPrefix(string(bytes.TrimSpace(version)), "v"), b.rounds)
	b.load = loadAverage()
	if b.scale != 1 {
		fmt.Fprintf(w, "\nThe datasets had %v of the rows that the titles say.\n", b.scale)
	}
	return nil
}

// conclude ends the report with what else the machine did.
func (b *bench) conclude(w io.Writer) {
	fmt.Fprintf(w, `
## What else ran

The load average was %s when the measurements began and %s when they ended, of
which two are theirs. Where the machine had more to do than that, wall times
say how long one waited for a processor; CPU times and ratios are then what to
go by.
`, b.load, loadAverage())
}

// loadAverage is that of the last five minutes.
func loadAverage() string {
	all, _ := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(all)); len(fields) > 1 {
		return fields[1]
	}
	return "unknown"
}

func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}

func writeCase(w io.Writer, c benchCase, results []measured) {
	fmt.Fprintf(w, "\n## %s\n\n", c.title)
	fmt.Fprintf(w, "`%s` by `%s`\n\n", c.aggregates, c.keys)
	fmt.Fprintln(w, "| | wall s | least wall s | CPU s | peak MiB | times wall | times CPU |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
	for i, m := range results {
		fmt.Fprintf(w, "| %s | %.3f | %.3f | %.3f | %.0f |", m.name, m.Wall, m.leastWall, m.CPU, m.Peak)
		if i == 0 {
			fmt.Fprintln(w, " | |")
		} else {
			fmt.Fprintf(w, " %.2f | %.2f |\n", m.timesWall, m.timesCPU)
		}
	}
}
