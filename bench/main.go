// Command bench measures the aggregation engine against DuckDB, encoding/csv
// and the limit of what reading the file takes, and writes the figures to
// docs/performance.md. All run in turn, each in a process of its own, round
// after round, so that whatever else the machine does hits all alike.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"

	"csv-pipeline/bench/figures"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var b bench
	flag.IntVar(&b.rounds, "rounds", 5, "how often each is measured; the median counts")
	flag.Float64Var(&b.scale, "scale", 1, "size of the datasets, as a share of the documented one")
	flag.StringVar(&b.dir, "dir", filepath.Join(os.TempDir(), "csv-pipeline-bench"), "folder for datasets, kept for the next time")
	flag.StringVar(&b.report, "report", "../docs/performance.md", "file to write the figures to")
	flag.StringVar(&b.only, "only", "", "measure this case alone")
	flag.StringVar(&b.before, "before", "", "a tree of another commit, whose engine is measured beside this one's")
	flag.Parse()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type bench struct {
	rounds      int
	scale       float64
	dir, report string
	only        string
	before      string
	load        string // average, at the beginning

	programs map[string]string // path of each program that is measured
}

// competitor is one way to do a case.
type competitor struct {
	name    string
	program string
	args    []string
	compare bool // its result has to be the first's
	mayFail bool // it is left out where it fails
}

// measured is a competitor's figures: the medians, the least wall time, and the
// medians of the ratios to the first competitor's of the same round.
type measured struct {
	competitor
	figures.Figures
	leastWall           float64
	timesWall, timesCPU float64
}

func (b *bench) run(ctx context.Context) error {
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	var report bytes.Buffer
	if err := b.describe(ctx, &report); err != nil {
		return err
	}
	for _, c := range cases {
		if b.only != "" && b.only != c.name {
			continue
		}
		files, err := b.dataset(ctx, c)
		if err != nil {
			return fmt.Errorf("make the data of %s: %w", c.name, err)
		}
		results, err := b.measure(ctx, c, files)
		if err != nil {
			return fmt.Errorf("measure %s: %w", c.name, err)
		}
		if len(results) > 0 {
			writeCase(&report, c, results)
			writeCase(os.Stdout, c, results)
		}
	}
	b.conclude(&report)
	return os.WriteFile(b.report, report.Bytes(), 0o644)
}

// build makes the measured programs. Only that with DuckDB has C code.
func (b *bench) build(ctx context.Context) error {
	b.programs = map[string]string{}
	programs := []struct{ name, tree, folder, tags, cgo string }{
		{"go", "", "./measure", "", "0"},
		{"purego", "", "./measure", "purego", "0"},
		{"duckdb", "", "./measureduckdb", "", "1"},
	}
	if b.before != "" {
		programs = append(programs, struct{ name, tree, folder, tags, cgo string }{"before", filepath.Join(b.before, "bench"), "./measure", "", "0"})
	}
	for _, p := range programs {
		path := filepath.Join(b.dir, "measure-"+p.name)
		build := exec.CommandContext(ctx, "go", "build", "-tags", p.tags, "-o", path, p.folder)
		build.Dir = p.tree
		build.Env = append(os.Environ(), "CGO_ENABLED="+p.cgo)
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", p.folder, err, out)
		}
		b.programs[p.name] = path
	}
	return nil
}

// measure runs all competitors of a case in turn.
func (b *bench) measure(ctx context.Context, c benchCase, files []string) ([]measured, error) {
	competitors := c.competitors(files)
	if b.before != "" {
		before := competitors[0]
		before.name, before.program, before.compare, before.mayFail = "groupby of "+b.before, "before", true, true
		competitors = slices.Insert(competitors, 1, before)
	}
	var limited *small
	if c.small {
		var err error
		if limited, err = newSmall(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: left out: %v\n", c.title, err)
			return nil, nil
		}
		defer limited.remove()
	}
	failed := map[string]bool{}
	rounds := make([][]figures.Figures, len(competitors))
	result := filepath.Join(b.dir, "result.csv")
	var first []byte
	for round := range b.rounds + 1 {
		for i, com := range competitors {
			if failed[com.name] {
				continue
			}
			args := slices.Clone(com.args)
			for j, arg := range args {
				if arg == resultPlace {
					args[j] = result
				}
			}
			var stderr bytes.Buffer
			program := cmp.Or(b.programs[com.program], com.program)
			if limited != nil {
				program, args = limited.command(program, args)
			}
			cmd := exec.CommandContext(ctx, program, args...)
			cmd.Stderr = &stderr
			cmd.Env = append(os.Environ(), "TMPDIR="+b.dir)
			out, err := cmd.Output()
			if err != nil && com.mayFail {
				fmt.Fprintf(os.Stderr, "%s: left out: %s", com.name, stderr.Bytes())
				failed[com.name] = true
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w: %s", com.name, err, stderr.Bytes())
			}
			if round == 0 { // warms the page cache; its result is looked at
				sum, err := hashFile(result)
				if err != nil {
					return nil, err
				}
				if i == 0 {
					first = sum
				} else if com.compare && !bytes.Equal(first, sum) {
					return nil, fmt.Errorf("%s has another result than %s", com.name, competitors[0].name)
				}
				continue
			}
			var f figures.Figures
			if err := json.Unmarshal(out, &f); err != nil {
				return nil, fmt.Errorf("%s: %w", com.name, err)
			}
			rounds[i] = append(rounds[i], f)
		}
		if b.rounds == 0 {
			return nil, errors.New("expected at least one round")
		}
	}
	var all []measured
	for i, com := range competitors {
		if failed[com.name] {
			continue
		}
		m := measured{competitor: com}
		of := func(value func(figures.Figures) float64) float64 {
			return median(len(rounds[i]), func(r int) float64 { return value(rounds[i][r]) })
		}
		ratio := func(value func(figures.Figures) float64) float64 {
			return median(len(rounds[i]), func(r int) float64 { return value(rounds[i][r]) / value(rounds[0][r]) })
		}
		wall, cpu := func(f figures.Figures) float64 { return f.Wall }, func(f figures.Figures) float64 { return f.CPU }
		m.Wall, m.CPU, m.Peak = of(wall), of(cpu), of(func(f figures.Figures) float64 { return f.Peak })
		m.leastWall = slices.MinFunc(rounds[i], func(a, b figures.Figures) int { return cmp.Compare(a.Wall, b.Wall) }).Wall
		m.timesWall, m.timesCPU = ratio(wall), ratio(cpu)
		all = append(all, m)
	}
	return all, nil
}

func median(n int, at func(int) float64) float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = at(i)
	}
	slices.Sort(values)
	return values[n/2]
}

func hashFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}
