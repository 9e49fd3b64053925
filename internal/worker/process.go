package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/faultpoint"
	"csv-pipeline/internal/queue"
)

// process takes a claimed file all the way: it computes and publishes the result, tells the
// queue how that ended, leaves the quarantine and logs the end. When the worker may take
// another file, it claims one in the call that completes this one; next returns that claim.
// A file that fails is no error. The error is that of Redis, or of a command that cannot be
// started.
func (s *shift) process(claim *queue.Claim, room *place) error {
	faultpoint.Reach(s.work, faultpoint.Claimed, claim.Name)
	s.others = waiting{}
	s.pool.busy.Add(1)
	outcome, failure := s.compute(claim, room)
	state, err := s.tell(claim, outcome, failure)
	room.leave()
	err = s.report(claim, outcome, failure, state, err)
	s.pool.busy.Add(-1)
	if err == nil && failure != nil && failure.cannotStart() {
		err = failure.err
	}
	if err != nil {
		return err
	}
	faultpoint.Reach(s.work, faultpoint.Completed, claim.Name)
	s.done++
	s.pool.done.Add(1)
	return nil
}

// compute renews the lease while it aggregates the file and publishes the result. A suspect
// first waits until it is alone.
func (s *shift) compute(claim *queue.Claim, room *place) (queue.Outcome, *failure) {
	job := newJob(s.Worker, claim)
	held, stop := claim.Hold(s.work, job.progress)
	defer stop()
	if claim.Crashes > 0 {
		if err := room.isolate(held); err != nil {
			return queue.Outcome{}, notBegun(context.Cause(held))
		}
	}
	return job.run(held)
}

// released is the state of a name that was given back.
const released queue.State = "released"

// tell tells the queue how the work on a claim ended, and returns the state of the name
// where it is not done.
func (s *shift) tell(claim *queue.Claim, outcome queue.Outcome, failure *failure) (state queue.State, err error) {
	err = s.persist(s.telling, func(ctx context.Context) (err error) {
		switch {
		case failure == nil && s.mayClaimAtOnce():
			s.claimed, err = claim.CompleteAndClaim(ctx, outcome, s.Name)
		case failure == nil:
			err = claim.Complete(ctx, outcome)
		case errors.Is(failure.err, queue.ErrLost):
			err = failure.err
		case s.work.Err() != nil, failure.cannotStart(): // told to stop, and out of time; or of no use to any file
			state, err = released, claim.Release(ctx)
		case failure.permanent:
			state, err = claim.Fail(ctx, failure.report())
		case failure.storeFails(), errors.Is(failure.err, errOtherSettings):
			state, err = claim.Postpone(ctx, failure.report())
		default:
			state, err = claim.Retry(ctx, failure.report())
		}
		return err
	})
	return state, err
}

// mayClaimAtOnce reports whether the worker may take another file, and need not do the
// housekeeping before.
func (s *shift) mayClaimAtOnce() bool {
	return s.ctx.Err() == nil && s.mayTake(2) && time.Since(s.lastHousekeeping) < housekeepingInterval
}

// report logs how the work on a claim ended; err is the error of telling the queue.
func (s *shift) report(claim *queue.Claim, outcome queue.Outcome, failure *failure, state queue.State, err error) error {
	log := s.Log.With(zap.String("file", claim.Name))
	if claim.Settings != "" {
		log = log.With(zap.String("cause", "a dead letter, tried again because the settings have changed"))
	}
	switch {
	case err != nil:
		return s.ended(log, err)
	case failure == nil:
		log.Info("done", zap.Int64("rows", outcome.Rows), zap.Int64("bytes", outcome.Bytes), zap.Duration("seconds", outcome.Took))
	case state == released:
		log.Info("given back")
	case errors.Is(failure.err, errOtherSettings):
		log.Info("put off", zap.Error(failure.err))
	default:
		log.Error("failed", zap.Error(failure.err), zap.String("kind", failure.kind), zap.String("now", string(state)),
			zap.Int64("errors", claim.Errors+1))
	}
	return nil
}

// ended handles the error of a call that was to end a claim. A claim that is lost is no
// error: another worker has the file, or the answer to an earlier such call was lost.
func (w *Worker) ended(log *zap.Logger, err error) error {
	if errors.Is(err, queue.ErrLost) {
		log.Warn("the claim had ended already: another worker has the file, or the answer to an earlier call was lost", zap.Error(err))
		return nil
	}
	return fmt.Errorf("tell Redis how the work on a file ended: %w", err)
}
