package worker

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"sync"

	"go.uber.org/zap"
)

// Pool is several workers in one process. Most of the time of a small file is spent waiting
// for fsync, and a disk syncs several files at once.
type Pool struct {
	Worker          // the settings of each worker
	Concurrency int // how many workers there are; 0: one
}

// Run runs the workers until each has ended; see Worker.Run. FilesPerJob is the maximum of
// all workers together. The first error of a worker stops the others.
func (p *Pool) Run(ctx context.Context) error {
	n := max(p.Concurrency, 1)
	if p.FilesPerJob > 0 {
		n = int(min(int64(n), p.FilesPerJob))
	}
	together := newShared()
	asked := ctx
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	memory := p.Engine.MemoryLimit
	if limit := debug.SetMemoryLimit(-1); memory == 0 && limit < math.MaxInt64 {
		memory = limit
	}
	ended := make(chan error, n)
	var group sync.WaitGroup
	for i := range n {
		w := p.Worker
		w.pool = together
		w.Engine.MemoryLimit = memory / int64(n)
		if n > 1 {
			w.Name = fmt.Sprintf("%s.%d", p.Name, i+1)
		}
		if p.FilesPerJob > 0 {
			w.FilesPerJob = p.FilesPerJob / int64(n)
			if int64(i) < p.FilesPerJob%int64(n) {
				w.FilesPerJob++
			}
		}
		group.Go(func() {
			if err := w.Run(ctx); err != nil {
				ended <- err
				stop()
			}
		})
	}
	group.Wait()
	close(ended)
	p.Log.Info("ended", zap.Int64("files", together.done.Load()), zap.Bool("told_to_stop", asked.Err() != nil))
	return <-ended
}
