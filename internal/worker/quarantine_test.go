package worker

import (
	"context"
	"errors"
	"testing"
)

// Whoever waits for a suspect, or as a suspect for the others, stops waiting when the
// worker is told to stop, and the room is whole afterwards.
func TestQuarantineIsNotWaitedForByWhoMustStop(t *testing.T) {
	q := newQuarantine()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := q.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !q.trySuspect() {
		t.Fatal("there is no other suspect")
	}
	if err := q.enter(t.Context()); err != nil { // another file is in work
		t.Fatal(err)
	}
	if err := q.isolate(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("a suspect that must stop: %v", err)
	}
	q.release()
	q.leave()

	if err := q.enter(t.Context()); err != nil || !q.trySuspect() {
		t.Fatal("the room is not whole")
	}
	if err := q.isolate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if q.tryEnter() {
		t.Error("a file came in beside the suspect")
	}
	if err := q.enter(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("a worker that must stop: %v", err)
	}
	q.awaitSuspect(stopped)
	q.release()
	if !q.tryEnter() {
		t.Error("the room is not free again")
	}
}
