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
	first, err := q.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !first.becomeSuspect() {
		t.Fatal("there is no other suspect")
	}
	other, err := q.enter(t.Context())
	if err != nil { // another file is in work
		t.Fatal(err)
	}
	if err := first.isolate(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("a suspect that must stop: %v", err)
	}
	first.leave()
	other.leave()

	second, err := q.enter(t.Context())
	if err != nil || !second.becomeSuspect() {
		t.Fatal("the room is not whole")
	}
	if err := second.isolate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if q.tryEnter() != nil {
		t.Error("a file came in beside the suspect")
	}
	if _, err := q.enter(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("a worker that must stop: %v", err)
	}
	q.awaitSuspect(stopped)
	second.leave()
	if q.tryEnter() == nil {
		t.Error("the room is not free again")
	}
}

// Of two suspects the second one is refused, and holds up nobody.
func TestQuarantineHasOneSuspectAtATime(t *testing.T) {
	q := newQuarantine()
	one, other := q.tryEnter(), q.tryEnter()
	if !one.becomeSuspect() || other.becomeSuspect() {
		t.Fatal("the first is a suspect, and the second is refused")
	}
	if err := one.isolate(t.Context()); err != nil {
		t.Fatal(err)
	}
	one.leave()
	q.awaitSuspect(t.Context())
	if again := q.tryEnter(); again == nil || !again.becomeSuspect() {
		t.Error("the room is not free again")
	}
}
