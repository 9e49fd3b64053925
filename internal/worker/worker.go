// Package worker takes names from the queue, aggregates the files and publishes
// the results: what a processor does.
package worker

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/faultpoint"
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
	StaleAfter  time.Duration // the age at which a temporary file has no living writer; 0: a day
	Beat        func()        // called whenever a step is done; may be nil

	tidied, swept time.Time
	tally         *tally
}

// tally is what the workers of a pool count together.
type tally struct {
	busy       atomic.Int32 // workers that have a file in hand
	done       atomic.Int64 // files
	quarantine quarantine
}

func newTally() *tally { return &tally{quarantine: newQuarantine()} }

// lastWord is how long a worker that must stop may take to tell Redis so.
const lastWord = 2 * time.Second

// Run processes files until there are none left (or it has processed
// FilesPerJob), or until ctx ends: then it finishes the file in hand, or gives it
// back when that takes longer than Grace. It returns an error when Redis cannot
// be reached for longer than Patience.
func (w *Worker) Run(ctx context.Context) error {
	if w.Beat == nil {
		w.Beat = func() {}
	}
	if w.StaleAfter == 0 {
		w.StaleAfter = 24 * time.Hour
	}
	// The work outlives the request to stop by the grace period, and what is told to
	// the queue about it a little longer.
	work, giveUp := outlive(ctx, w.Grace)
	defer giveUp()
	telling, fallSilent := outlive(work, lastWord)
	defer fallSilent()

	if w.tally == nil {
		w.tally = newTally()
	}
	var done int64
	var others waiting
	var claim *queue.Claim // taken, but not begun
	for ctx.Err() == nil && (w.FilesPerJob == 0 || done < w.FilesPerJob) {
		w.Beat()
		w.sweep(ctx)
		var err error
		if claim != nil && !w.tally.quarantine.tryEnter() {
			if err := w.giveBack(telling, claim); err != nil {
				return err
			}
			claim = nil
		}
		if claim == nil {
			if err = w.tally.quarantine.enter(ctx); err != nil {
				break // told to stop while a suspect was alone
			}
			if claim, err = w.claim(ctx); err != nil {
				w.tally.quarantine.leave()
			}
		}
		switch {
		case err == nil && claim.Crashes > 0 && !w.tally.quarantine.trySuspect():
			if err := w.giveBack(telling, claim); err != nil {
				return err
			}
			claim = nil
			w.tally.quarantine.awaitSuspect(ctx)
		case err == nil:
			name := claim.Name
			faultpoint.Reach(work, faultpoint.Claimed, name)
			others = waiting{}
			more := func() bool {
				return ctx.Err() == nil && (w.FilesPerJob == 0 || done+1 < w.FilesPerJob) && time.Since(w.tidied) < tidyInterval
			}
			w.tally.busy.Add(1)
			claim, err = w.process(work, telling, claim, more)
			w.tally.busy.Add(-1)
			if err != nil {
				return err
			}
			faultpoint.Reach(work, faultpoint.Completed, name)
			done++
			w.tally.done.Add(1)
		case ctx.Err() != nil:
		case !errors.Is(err, queue.ErrEmpty):
			return err
		case w.Watch:
			if err := w.Queue.Wait(ctx, time.Second); err != nil && ctx.Err() == nil {
				if !queue.Unreachable(err) {
					return err
				}
				pause(ctx, time.Second) // the next claim says whether Redis is back
			}
		case w.tally.busy.Load() > 0:
			// As long as this process counts as a running one for the autoscaler, all of
			// it must be there to take what comes.
			others.wait(ctx)
		default:
			var leases []queue.Lease
			if err := w.persist(ctx, func(ctx context.Context) (err error) {
				leases, err = w.Queue.InFlight(ctx)
				return err
			}); err != nil && ctx.Err() == nil {
				return err
			}
			if !others.mayHaveDied(leases) {
				return nil
			}
			others.wait(ctx)
		}
	}
	if claim == nil {
		// A name that was taken with a call whose answer was lost is in hand, too.
		var err error
		err = w.persist(telling, func(ctx context.Context) error {
			claim, err = w.Queue.Recover(ctx, w.Name)
			return err
		})
		if errors.Is(err, queue.ErrEmpty) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("ask Redis for what it gave this worker last: %w", err)
		}
	}
	return w.giveBack(telling, claim)
}

// giveBack ends a claim on which nothing was begun.
func (w *Worker) giveBack(ctx context.Context, claim *queue.Claim) error {
	if err := w.persist(ctx, claim.Release); err != nil {
		return w.ended(w.Log.With(zap.String("file", claim.Name)), err)
	}
	return nil
}

// outlive returns a context that ends the given time after ctx does.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		pause(longer, by)
		end()
	})
	return longer, func() {
		stop()
		end()
	}
}

// pause waits for the given time or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// sweep removes what dead writers left behind, when it did not for a while.
func (w *Worker) sweep(ctx context.Context) {
	if !w.swept.IsZero() && time.Since(w.swept) < w.StaleAfter {
		return
	}
	w.swept = time.Now()
	if n, err := w.Store.Sweep(ctx, w.StaleAfter); err != nil && ctx.Err() == nil {
		w.Log.Warn("what dead writers left behind stays for now", zap.Error(err))
	} else if n > 0 {
		w.Log.Info("removed what dead writers left behind", zap.Int("files", n))
	}
}

// tidyInterval is how often a worker does the queue's housekeeping, at most.
const tidyInterval = time.Second

// claim does the queue's housekeeping now and then, and takes a name.
func (w *Worker) claim(ctx context.Context) (claim *queue.Claim, err error) {
	err = w.persist(ctx, func(ctx context.Context) error {
		if err := w.tidy(ctx); err != nil {
			return err
		}
		// Whoever is told to stop just now still hears what it has taken.
		claim, err = w.Queue.Claim(context.WithoutCancel(ctx), w.Name)
		return err
	})
	return claim, err
}

// tidy does the queue's housekeeping, when this worker did not for a while. Where
// Redis refuses just that, the work goes on.
func (w *Worker) tidy(ctx context.Context) error {
	if time.Since(w.tidied) <= tidyInterval {
		return nil
	}
	_, err := w.Queue.Tidy(ctx)
	if queue.Refused(err) {
		w.Log.Warn("Redis refused the queue's housekeeping", zap.Error(err))
	} else if err != nil {
		return err
	}
	w.tidied = time.Now()
	return nil
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

// mayHaveDied takes a look at what is in flight now, and reports whether any of
// those it saw first may still turn out to be without a worker.
func (w *waiting) mayHaveDied(leases []queue.Lease) bool {
	now := make(map[string]time.Time, len(leases))
	for _, l := range leases {
		if deadline, ok := w.first[l.Name]; w.first == nil || ok && deadline.Equal(l.Deadline) {
			now[l.Name] = l.Deadline
		}
	}
	w.first = now
	return len(now) > 0
}

// wait pauses before the next look.
func (w *waiting) wait(ctx context.Context) {
	w.pause = min(max(2*w.pause, 20*time.Millisecond), time.Second)
	pause(ctx, w.pause)
}

// process takes a claimed name all the way, as long as work lasts; telling is for
// what the queue is told at its end. It returns the next claim where more allows
// it and there is one. The error is that of a Redis that cannot be reached any more.
func (w *Worker) process(work, telling context.Context, claim *queue.Claim, more func() bool) (next *queue.Claim, err error) {
	log := w.Log.With(zap.String("file", claim.Name))
	job := newJob(w, claim)
	held, stop := claim.Hold(work, job.progress)
	leave := w.tally.quarantine.leave
	var outcome queue.Outcome
	var failure *failure
	if claim.Crashes > 0 {
		leave = w.tally.quarantine.release
		if err := w.tally.quarantine.isolate(held); err != nil {
			failure = notBegun(context.Cause(held))
		}
	}
	if failure == nil {
		outcome, failure = job.run(held)
	}
	stop()

	var state queue.State
	err = w.persist(telling, func(ctx context.Context) (err error) {
		switch {
		case failure == nil && more():
			next, err = claim.CompleteAndClaim(ctx, outcome, w.Name)
		case failure == nil:
			err = claim.Complete(ctx, outcome)
		case errors.Is(failure.err, queue.ErrLost):
			err = failure.err
		case work.Err() != nil: // told to stop, and out of time
			state, err = released, claim.Release(ctx)
		case failure.permanent:
			state, err = claim.Fail(ctx, failure.report())
		case failure.placeFails():
			state, err = claim.Postpone(ctx, failure.report())
		default:
			state, err = claim.Retry(ctx, failure.report())
		}
		return err
	})
	leave()
	switch {
	case err != nil:
		return next, w.ended(log, err)
	case failure == nil:
		log.Info("done", zap.Int64("rows", outcome.Rows), zap.Int64("bytes", outcome.Bytes), zap.Duration("seconds", outcome.Took))
	case state == released:
		log.Info("given back")
	default:
		log.Error("failed", zap.Error(failure.err), zap.String("kind", failure.kind), zap.String("now", string(state)),
			zap.Int64("errors", claim.Errors+1))
	}
	return next, nil
}

// released is where a name is that was given back.
const released queue.State = "released"

// ended handles an error of ending a claim: a lost one is somebody else's now, or
// was ended by a call whose answer did not arrive.
func (w *Worker) ended(log *zap.Logger, err error) error {
	if errors.Is(err, queue.ErrLost) {
		log.Warn("the claim is over: another worker has the file, or Redis knew already", zap.Error(err))
		return nil
	}
	return fmt.Errorf("tell Redis how the work on a file ended: %w", err)
}
