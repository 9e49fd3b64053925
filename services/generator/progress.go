package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/sales"
)

// progress shows one line that changes on a terminal, and otherwise logs a line for each file.
type progress struct {
	out                        io.Writer
	log                        *zap.Logger
	terminal                   bool
	total, done, wrote, queued int
	bytes                      int64
}

func newProgress(out io.Writer, log *zap.Logger, total int) *progress {
	p := &progress{out: out, log: log, total: total}
	if f, ok := out.(*os.File); ok {
		fi, err := f.Stat()
		p.terminal = err == nil && fi.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) report(f sales.File) {
	p.done++
	p.bytes += f.Size
	if f.Written {
		p.wrote++
	}
	if f.Queued {
		p.queued++
	}
	if p.terminal {
		fmt.Fprintf(p.out, "\r%d/%d files, %.1f MB, %s ", p.done, p.total, float64(p.bytes)/1e6, f.Name)
		return
	}
	p.log.Info("file", zap.String("file", f.Name), zap.Int64("bytes", f.Size), zap.Bool("written", f.Written), zap.Bool("queued", f.Queued))
}

func (p *progress) finish(took time.Duration) {
	if p.terminal {
		fmt.Fprintf(p.out, "\n%d files written, %d were there already, %d queued, in %v\n", p.wrote, p.done-p.wrote, p.queued, took.Round(time.Millisecond))
		return
	}
	p.log.Info("generated", zap.Int("written", p.wrote), zap.Int("unchanged", p.done-p.wrote), zap.Int("queued", p.queued),
		zap.Int64("bytes", p.bytes), zap.Duration("seconds", took))
}
