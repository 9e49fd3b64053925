package worker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// Pool is several workers in one process. What a small file costs is waiting for
// the disk to have it safe, and the disk makes several safe at once.
type Pool struct {
	Worker                   // what each of them is like
	Concurrency int          // how many there are; 0: one
	busy        atomic.Int32 // how many of them have a file in hand
}

// Run runs the workers until each has ended; see Worker.Run. FilesPerJob is for
// all of them together. The first error asks the others to stop.
func (p *Pool) Run(ctx context.Context) error {
	n := max(p.Concurrency, 1)
	if p.FilesPerJob > 0 {
		n = int(min(int64(n), p.FilesPerJob))
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, n)
	var group sync.WaitGroup
	for i := range n {
		w := p.Worker
		w.busy = &p.busy
		w.Engine.MemoryLimit /= int64(n)
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
	return <-ended
}
