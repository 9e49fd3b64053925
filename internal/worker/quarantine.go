package worker

import (
	"context"
	"math"

	"golang.org/x/sync/semaphore"
)

// quarantine keeps suspects apart from the other files of a process. A suspect is a file
// that was being processed when its worker died. The rule:
//
// While a suspect is processed, this process works on no other file. If the suspect kills
// this process too, Redis counts a crash for every file that the process had in hand: the
// files beside the suspect would become dead letters with it.
//
// One suspect at a time waits to be alone: the files that are being processed end, and no
// worker claims another one until the suspect is done. A worker that claims a second suspect
// meanwhile gives it back.
type quarantine struct {
	room    *semaphore.Weighted // each file has one place in it; a suspect that is alone has all of them
	suspect *semaphore.Weighted // held by the suspect that waits to be alone or is
}

// places is how many files the room has place for: more than there ever are.
const places = math.MaxInt32

func newQuarantine() *quarantine {
	return &quarantine{room: semaphore.NewWeighted(places), suspect: semaphore.NewWeighted(1)}
}

// place is the permission to process one file. It is for one goroutine, and ends with leave.
type place struct {
	*quarantine
	suspected bool  // it holds the suspect's semaphore
	taken     int64 // places in the room
}

// enter is called before a name is claimed. It waits while a suspect waits to be alone or
// is; when ctx ends first it returns the error of ctx.
func (q *quarantine) enter(ctx context.Context) (*place, error) {
	if err := q.room.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return &place{quarantine: q, taken: 1}, nil
}

// tryEnter is enter for a worker that has a claim already and must not wait with it. It
// returns nil where enter would wait.
func (q *quarantine) tryEnter() *place {
	if !q.room.TryAcquire(1) {
		return nil
	}
	return &place{quarantine: q, taken: 1}
}

// awaitSuspect returns once no suspect waits to be alone or is, or when ctx has ended.
func (q *quarantine) awaitSuspect(ctx context.Context) {
	if q.suspect.Acquire(ctx, 1) == nil {
		q.suspect.Release(1)
	}
}

// becomeSuspect makes the place that of a suspect, which calls isolate before it is
// processed. If there is another suspect already, it gives up the place and returns false.
func (p *place) becomeSuspect() bool {
	p.room.Release(p.taken) // it would wait for itself
	p.taken = 0
	p.suspected = p.suspect.TryAcquire(1)
	return p.suspected
}

// isolate waits until the suspect is alone. When ctx ends first it returns the error of ctx.
func (p *place) isolate(ctx context.Context) error {
	if err := p.room.Acquire(ctx, places); err != nil {
		return err
	}
	p.taken = places
	return nil
}

// leave gives up the place.
func (p *place) leave() {
	p.room.Release(p.taken)
	p.taken = 0
	if p.suspected {
		p.suspected = false
		p.suspect.Release(1)
	}
}
