package api

import (
	"cmp"
	"slices"
	"time"

	"csv-pipeline/internal/queue"
)

// What happened to a raw file, or will.
const (
	LifeModified = "modified"         // by the file's modification time
	LifeClaimed  = "claimed"          // a worker took it
	LifeDone     = queue.AttemptDone  // that worker published the result
	LifeError    = queue.AttemptError // that try failed
	LifeCrash    = queue.AttemptCrash // that worker died
	LifeFailed   = "failed"           // it became a dead letter
	LifeWaiting  = "waiting"          // it waits now; when that began is not recorded
	LifeRetry    = "retry"            // its next try is due
)

// LifeEvent is something in the life of a raw file.
type LifeEvent struct {
	What   string    `json:"what"`        // an Life… constant
	At     time.Time `json:"at,omitzero"` // not where that is not known
	Worker string    `json:"worker,omitempty"`
	Text   string    `json:"text,omitempty"` // why, of a failure
	Rows   int64     `json:"rows,omitempty"`
	Took   float64   `json:"seconds,omitempty"`
	File   string    `json:"file,omitempty"` // name of a file in processed/: the result, of the last done
}

// NewLife is the life of a raw file: from its modification time, zero where there is no such file,
// its attempts, in any order, and where it is now. result is the name of its result, "" where it
// has none.
func NewLife(modified time.Time, attempts []queue.Attempt, state string, standing queue.Standing, lease *queue.Lease, result string) []LifeEvent {
	life := []LifeEvent{}
	if !modified.IsZero() {
		life = append(life, LifeEvent{What: LifeModified, At: modified.UTC()})
	}
	tries := slices.Clone(attempts)
	slices.SortStableFunc(tries, func(a, b queue.Attempt) int { return a.At.Compare(b.At) })
	for i, a := range tries {
		life = append(life, LifeEvent{What: LifeClaimed, At: a.At.Add(-time.Duration(a.Seconds * float64(time.Second))), Worker: a.Worker})
		ended := LifeEvent{What: a.Outcome, At: a.At, Worker: a.Worker, Text: a.Reason, Rows: a.Rows, Took: a.Seconds}
		if i == len(tries)-1 && a.Outcome == queue.AttemptDone {
			ended.File = result
		}
		life = append(life, ended)
	}
	if lease != nil {
		life = append(life, LifeEvent{What: LifeClaimed, At: lease.Claimed, Worker: lease.Worker, Rows: lease.Rows})
	}
	if state == StateFailed && standing.Failed != nil {
		life = append(life, LifeEvent{What: LifeFailed, At: standing.Failed.At})
	}
	slices.SortStableFunc(life, func(a, b LifeEvent) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
	switch state {
	case StateRetrying:
		life = append(life, LifeEvent{What: LifeRetry, At: standing.Delayed})
	case StateWaiting:
		life = append(life, LifeEvent{What: LifeWaiting})
	}
	return life
}
