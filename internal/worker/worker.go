// Package worker takes names from the queue, aggregates the files and publishes
// the results: what a processor does.
package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/queue"
)

// Worker processes files, one at a time.
type Worker struct {
	Name        string // as others see it in the queue
	Queue       *queue.Queue
	Store       filestore.Store
	Plan        *groupby.Plan
	Engine      groupby.Options
	Log         *zap.Logger
	FilesPerJob int64         // 0: any number
	Watch       bool          // wait for more when nothing is left
	Grace       time.Duration // how long to go on with the file in hand once ctx has ended
	Patience    time.Duration // how long to keep trying to reach Redis
	Beat        func()        // called whenever a step is done; may be nil

	tidied time.Time
}

// stale is the age at which a temporary file has no living writer.
const stale = time.Hour

// Run processes files until there are none left (or it has processed
// FilesPerJob), or until ctx ends: then it finishes the file in hand, or gives it
// back when that takes longer than Grace. It returns an error when Redis cannot
// be reached for longer than Patience.
func (w *Worker) Run(ctx context.Context) error {
	if w.Beat == nil {
		w.Beat = func() {}
	}
	// The work outlives the request to stop by the grace period.
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	defer context.AfterFunc(ctx, func() {
		timer := time.NewTimer(w.Grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			giveUp()
		case <-work.Done():
		}
	})()

	if n, err := w.Store.Sweep(ctx, stale); err != nil && ctx.Err() == nil {
		w.Log.Warn("what dead writers left behind stays for now", zap.Error(err))
	} else if n > 0 {
		w.Log.Info("removed what dead writers left behind", zap.Int("files", n))
	}
	var done int64
	var others waiting
	for ctx.Err() == nil && (w.FilesPerJob == 0 || done < w.FilesPerJob) {
		w.Beat()
		claim, err := w.claim(ctx)
		switch {
		case err == nil:
			others = waiting{}
			if err := w.process(work, claim); err != nil {
				return err
			}
			done++
		case ctx.Err() != nil:
		case !errors.Is(err, queue.ErrEmpty):
			return err
		case w.Watch:
			if err := w.Queue.Wait(ctx, time.Second); err != nil && ctx.Err() == nil && !queue.Unreachable(err) {
				return err
			}
		default:
			orphans, err := others.look(ctx, w.Queue)
			if err != nil && ctx.Err() == nil {
				return err
			}
			if !orphans {
				w.Log.Info("nothing is left to do", zap.Int64("files", done))
				return nil
			}
		}
	}
	w.Log.Info("stopped", zap.Int64("files", done), zap.Bool("asked", ctx.Err() != nil))
	return nil
}

// claim does the queue's housekeeping, once a second at most, and takes a name.
func (w *Worker) claim(ctx context.Context) (claim *queue.Claim, err error) {
	return claim, w.persist(ctx, func(ctx context.Context) error {
		if time.Since(w.tidied) > time.Second {
			if _, err := w.Queue.Tidy(ctx); err != nil {
				return err
			}
			w.tidied = time.Now()
		}
		claim, err = w.Queue.Claim(ctx, w.Name)
		return err
	})
}

// persist calls do until Redis can be reached.
func (w *Worker) persist(ctx context.Context, do func(context.Context) error) error {
	return queue.Persist(ctx, w.Patience, func(problem error, pause time.Duration) {
		w.Beat()
		w.Log.Warn("Redis cannot be reached, trying again", zap.Error(problem), zap.Duration("pause", pause))
	}, do)
}

// waiting is a worker that found nothing to take, while others are in flight. It
// stays while one of these may have lost its worker: until each lease that it saw
// first has been renewed or has ended. Whoever leaves earlier is started again and
// again, since what is in flight counts as work for the autoscaler.
type waiting struct {
	first map[string]time.Time // deadlines, by name
	pause time.Duration
}

// look pauses and reports whether to look for work again.
func (w *waiting) look(ctx context.Context, q *queue.Queue) (again bool, err error) {
	leases, err := q.InFlight(ctx)
	if err != nil {
		return queue.Unreachable(err), err
	}
	now := make(map[string]time.Time, len(leases))
	for _, l := range leases {
		if deadline, ok := w.first[l.Name]; w.first == nil || ok && deadline.Equal(l.Deadline) {
			now[l.Name] = l.Deadline
		}
	}
	if w.first = now; len(now) == 0 {
		return false, nil
	}
	w.pause = min(max(2*w.pause, 20*time.Millisecond), time.Second)
	select {
	case <-ctx.Done():
	case <-time.After(w.pause):
	}
	return true, nil
}

// process takes a claimed name all the way. The error is that of a Redis that
// cannot be reached any more.
func (w *Worker) process(ctx context.Context, claim *queue.Claim) error {
	log := w.Log.With(zap.String("file", claim.Name))
	job := newJob(w, claim)
	held, stop := claim.Hold(ctx, job.progress)
	outcome, failure := job.run(held)
	stop()

	if failure != nil && context.Cause(held) != nil && ctx.Err() != nil {
		// Told to stop, and out of time.
		if err := w.end(func(ctx context.Context) error { return claim.Release(ctx) }); err != nil {
			return w.ended(log, err)
		}
		log.Info("given back")
		return nil
	}
	if failure == nil {
		if err := w.end(func(ctx context.Context) error { return claim.Complete(ctx, outcome) }); err != nil {
			return w.ended(log, err)
		}
		log.Info("done", zap.Int64("rows", outcome.Rows), zap.Int64("bytes", outcome.Bytes), zap.Duration("seconds", outcome.Took))
		return nil
	}
	if errors.Is(failure.err, queue.ErrLost) {
		return w.ended(log, failure.err)
	}
	var state queue.State
	err := w.end(func(ctx context.Context) (err error) {
		if failure.permanent {
			state, err = claim.Fail(ctx, failure.report())
		} else {
			state, err = claim.Retry(ctx, failure.report())
		}
		return err
	})
	if err != nil {
		return w.ended(log, err)
	}
	log.Error("failed", zap.Error(failure.err), zap.String("kind", failure.kind), zap.String("now", string(state)),
		zap.Int64("errors", claim.Errors+1))
	return nil
}

// end tells the queue how a claim ended, even while this process is told to stop.
func (w *Worker) end(do func(context.Context) error) error {
	return w.persist(context.Background(), do)
}

// ended handles an error of ending a claim: a lost one is somebody else's now.
func (w *Worker) ended(log *zap.Logger, err error) error {
	if errors.Is(err, queue.ErrLost) {
		log.Warn("the lease ran out and another worker has the file", zap.Error(err))
		return nil
	}
	return fmt.Errorf("tell Redis how the work on a file ended: %w", err)
}
