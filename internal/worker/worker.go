// Package worker does what a processor does: it claims names from the queue, aggregates
// the files and publishes the results.
//
// The way of a file is in Worker.Run: next claims a name, process computes and publishes
// its result and tells the queue how that ended, idle waits when there is nothing to claim.
package worker

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
)

// Worker processes files, one at a time. It is for one goroutine.
type Worker struct {
	Name        string // identifies the worker in the queue
	Queue       *queue.Queue
	Store       filestore.Store
	Questions   *query.Questions
	Engine      groupby.Options
	Log         *zap.Logger
	FilesPerJob int64         // how many files Run processes at most; 0: no maximum
	Watch       bool          // wait for more files when none is left, instead of ending
	Grace       time.Duration // how long to go on with the file in hand once ctx has ended
	Patience    time.Duration // how long to keep trying to reach Redis
	StaleAfter  time.Duration // the age at which a temporary file counts as one of a dead writer; 0: a day
	Beat        func()        // called whenever a step is done; may be nil

	lastHousekeeping time.Time
	pool             *shared
}

// shared is what the workers of a pool share.
type shared struct {
	busy       atomic.Int32 // workers that have a file in hand
	done       atomic.Int64 // files
	removed    atomic.Int64 // when stale files were last looked for, in ns since 1970; 0: never
	quarantine *quarantine
}

func newShared() *shared { return &shared{quarantine: newQuarantine()} }

// lastWord is how long a worker that must stop may take to tell Redis so.
const lastWord = 2 * time.Second

// shift is one call of Run.
type shift struct {
	*Worker
	ctx     context.Context // ends when the worker is told to stop
	work    context.Context // ends Grace later: the file in hand is given back then
	telling context.Context // ends lastWord later: the queue is told nothing any more

	done    int64        // files
	claimed *queue.Claim // was taken together with the completion of the last file; may be nil
	others  waiting
}

// Run processes files until none is left, FilesPerJob have been processed or ctx ends.
// When ctx ends it finishes the file in hand, or gives it back when that takes longer than
// Grace. The error is that of a Redis that could not be reached for longer than Patience,
// or that refused a command.
func (w *Worker) Run(ctx context.Context) error {
	if w.Beat == nil {
		w.Beat = func() {}
	}
	if w.StaleAfter == 0 {
		w.StaleAfter = 24 * time.Hour
	}
	if w.pool == nil {
		w.pool = newShared()
	}
	work, endWork := outlive(ctx, w.Grace)
	defer endWork()
	telling, endTelling := outlive(work, lastWord)
	defer endTelling()
	s := &shift{Worker: w, ctx: ctx, work: work, telling: telling}

	for ctx.Err() == nil && s.mayTake(1) {
		w.Beat()
		w.removeStale(ctx)
		claim, room, err := s.next()
		switch {
		case errors.Is(err, queue.ErrEmpty):
			if over, err := s.idle(); err != nil || over {
				return err
			}
		case err != nil:
			return err
		case claim != nil:
			if err := s.process(claim, room); err != nil {
				return err
			}
		}
	}
	return s.leave()
}

// mayTake reports whether FilesPerJob allows that many files more.
func (s *shift) mayTake(files int64) bool { return s.FilesPerJob == 0 || s.done+files <= s.FilesPerJob }

// next claims a name, and enters the quarantine with it: process leaves that. The claim is
// nil when there is none for now, because the worker was told to stop or because its file
// must not be processed beside those of other workers; the caller asks again. The error is
// queue.ErrEmpty when no name waits, and otherwise that of Redis.
func (s *shift) next() (*queue.Claim, *place, error) {
	quarantine := s.pool.quarantine
	if s.claimed != nil {
		claim := s.claimed
		s.claimed = nil
		if room := quarantine.tryEnter(); room != nil {
			return s.admit(claim, room)
		}
		// A suspect waits to be alone, and a lease must not be held meanwhile.
		if err := s.giveBack(claim); err != nil {
			return nil, nil, err
		}
	}
	room, err := quarantine.enter(s.ctx)
	if err != nil {
		return nil, nil, nil //nolint:nilerr // told to stop while a suspect was alone
	}
	claim, err := s.claim()
	if err != nil {
		room.leave()
		if s.ctx.Err() != nil {
			err = nil
		}
		return nil, nil, err
	}
	return s.admit(claim, room)
}

// admit lets a claim go on to process. A suspect is given back, until another suspect is
// done, where there is one.
func (s *shift) admit(claim *queue.Claim, room *place) (*queue.Claim, *place, error) {
	if claim.Crashes == 0 || room.becomeSuspect() {
		return claim, room, nil
	}
	if err := s.giveBack(claim); err != nil {
		return nil, nil, err
	}
	s.pool.quarantine.awaitSuspect(s.ctx)
	return nil, nil, nil
}

// idle waits for a while, since no name waits. It reports whether the work is over: nothing
// waits, nobody else of this process is busy, and every file in flight has a living worker.
func (s *shift) idle() (over bool, err error) {
	switch {
	case s.Watch:
		if err := s.Queue.Wait(s.ctx, time.Second); err != nil && s.ctx.Err() == nil {
			if !queue.Unreachable(err) {
				return false, err
			}
			pause(s.ctx, time.Second) // the next claim finds out whether Redis is back
		}
		return false, nil
	case s.pool.busy.Load() > 0:
		// The autoscaler counts this process as a running one until it ends, so all its
		// workers stay to take what comes.
		s.others.wait(s.ctx)
		return false, nil
	}
	var leases []queue.Lease
	if err := s.persist(s.ctx, func(ctx context.Context) (err error) {
		leases, err = s.Queue.InFlight(ctx)
		return err
	}); err != nil && s.ctx.Err() == nil {
		return false, err
	}
	if !s.others.mayHaveDied(leases) {
		return true, nil
	}
	s.others.wait(s.ctx)
	return false, nil
}

// leave gives back what the worker has claimed and not begun. That may be a name of which
// it does not know: one whose claim Redis made and whose answer was lost.
func (s *shift) leave() error {
	claim := s.claimed
	if claim == nil {
		err := s.persist(s.telling, func(ctx context.Context) (err error) {
			claim, err = s.Queue.Recover(ctx, s.Name)
			return err
		})
		if errors.Is(err, queue.ErrEmpty) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("ask Redis for the last claim of this worker: %w", err)
		}
	}
	return s.giveBack(claim)
}

// giveBack ends a claim on which nothing was begun.
func (s *shift) giveBack(claim *queue.Claim) error {
	if err := s.persist(s.telling, claim.Release); err != nil {
		return s.ended(s.Log.With(zap.String("file", claim.Name)), err)
	}
	return nil
}

// housekeepingInterval is the least time between two housekeepings of a worker.
const housekeepingInterval = time.Second

// claim does the queue's housekeeping, unless it did so just now, and claims a name.
func (s *shift) claim() (claim *queue.Claim, err error) {
	err = s.persist(s.ctx, func(ctx context.Context) error {
		if err := s.keepHouse(ctx); err != nil {
			return err
		}
		// A worker that is told to stop during this call still gets the answer.
		claim, err = s.Queue.Claim(context.WithoutCancel(ctx), s.Name)
		return err
	})
	return claim, err
}

// keepHouse does the queue's housekeeping, unless this worker did so just now. When Redis
// refuses it, the work goes on.
func (w *Worker) keepHouse(ctx context.Context) error {
	if time.Since(w.lastHousekeeping) <= housekeepingInterval {
		return nil
	}
	_, err := w.Queue.Tidy(ctx)
	if queue.Refused(err) {
		w.Log.Warn("Redis refused the queue's housekeeping", zap.Error(err))
	} else if err != nil {
		return err
	}
	w.lastHousekeeping = time.Now()
	return nil
}

// removeStale removes the temporary files of dead writers, once every StaleAfter for all workers of the
// process.
func (w *Worker) removeStale(ctx context.Context) {
	last, now := w.pool.removed.Load(), time.Now()
	if last != 0 && now.Sub(time.Unix(0, last)) < w.StaleAfter || !w.pool.removed.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	if n, err := w.Store.RemoveStale(ctx, w.StaleAfter); err != nil && ctx.Err() == nil {
		w.Log.Warn("temporary files of dead writers could not be removed", zap.Error(err))
	} else if n > 0 {
		w.Log.Info("removed temporary files of dead writers", zap.Int("files", n))
	}
}

// persist calls do until Redis can be reached, for as long as Patience.
func (w *Worker) persist(ctx context.Context, do func(context.Context) error) error {
	report := queue.LogTo(w.Log)
	return queue.Persist(ctx, w.Patience, func(problem error, pause time.Duration) {
		w.Beat()
		report(problem, pause)
	}, do)
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
