package worker

import (
	"context"
	"math"

	"golang.org/x/sync/semaphore"
)

// quarantine lets a file whose workers died be processed with no other file in the
// same process: should it be the file that kills, it must not take others with it,
// or these would be taken for poison together with it.
type quarantine struct {
	room  *semaphore.Weighted // each file has a place in it; a suspect has all of them
	queue *semaphore.Weighted // held by the one suspect that waits for the room or has it

	isolated bool // the suspect has the room; its own to change
}

// places is how many files the room has place for: more than there ever are.
const places = math.MaxInt32

func newQuarantine() quarantine {
	return quarantine{room: semaphore.NewWeighted(places), queue: semaphore.NewWeighted(1)}
}

// enter is called before a name is claimed. It waits while a suspect waits for the
// room or has it, and returns an error when ctx ends first.
func (q *quarantine) enter(ctx context.Context) error { return q.room.Acquire(ctx, 1) }

// tryEnter is enter for a worker that holds a claim and must not wait with it.
func (q *quarantine) tryEnter() bool { return q.room.TryAcquire(1) }

func (q *quarantine) leave() { q.room.Release(1) }

// trySuspect turns a place in the room into the right to wait for all of it, which
// one suspect at a time has. The place is given up also where that is not granted.
func (q *quarantine) trySuspect() bool {
	q.room.Release(1)
	return q.queue.TryAcquire(1)
}

// isolate waits until all others have left. When ctx ends first it returns an error,
// and the suspect does not have the room; release is to be called in both cases.
func (q *quarantine) isolate(ctx context.Context) error {
	if err := q.room.Acquire(ctx, places); err != nil {
		return err
	}
	q.isolated = true
	return nil
}

// release ends what trySuspect and isolate began.
func (q *quarantine) release() {
	if q.isolated {
		q.isolated = false
		q.room.Release(places)
	}
	q.queue.Release(1)
}

// awaitSuspect returns once no suspect waits or has the room, or ctx has ended.
func (q *quarantine) awaitSuspect(ctx context.Context) {
	if q.queue.Acquire(ctx, 1) == nil {
		q.queue.Release(1)
	}
}
