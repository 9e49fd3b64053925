package worker

import "sync"

// quarantine lets a file whose workers died be processed with no other file in the
// same process: should it be the file that kills, it must not take others with it,
// or these would be taken for poison together with it.
type quarantine struct {
	room  sync.RWMutex // held by each file; for writing by a suspect
	queue sync.Mutex   // held by the one suspect that waits for the room or has it
}

// enter is called before a name is claimed. It waits while a suspect has the room.
func (q *quarantine) enter() { q.room.RLock() }

// tryEnter is enter for a worker that holds a claim and must not wait with it.
func (q *quarantine) tryEnter() bool { return q.room.TryRLock() }

func (q *quarantine) leave() { q.room.RUnlock() }

// trySuspect turns a place in the room into the right to wait for all of it, which
// one suspect at a time has. The place is given up also where that is not granted.
func (q *quarantine) trySuspect() bool {
	q.room.RUnlock()
	return q.queue.TryLock()
}

// isolate waits until all others have left.
func (q *quarantine) isolate() { q.room.Lock() }

// release ends what trySuspect and isolate began.
func (q *quarantine) release() {
	q.room.Unlock()
	q.queue.Unlock()
}

// awaitSuspect returns once no suspect waits or has the room.
func (q *quarantine) awaitSuspect() {
	q.queue.Lock()
	//lint:ignore SA2001 passing through is the point
	q.queue.Unlock()
}
