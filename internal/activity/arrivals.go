package activity

import (
	"time"

	"csv-pipeline/internal/queue"
)

// arrivals estimates how long names have waited, although the list stores no times and
// other programs push on it. The n-th name that arrives in a first-in-first-out queue is
// the n-th that leaves, so it is enough to note how many had arrived at what time: the
// cumulative curves of G. F. Newell, "Applications of Queueing Theory" (1971). Retries
// return to the front, which makes the estimate a little wrong.
type arrivals struct {
	steps   []step // how many had arrived when; without steps whose names have all left
	left    int64  // how many have left so far
	arrived int64
	started bool
}

type step struct {
	at      time.Time
	arrived int64
}

// maxSteps bounds the memory; beyond it, neighbouring steps are merged.
const maxSteps = 4096

// departures is how many names have ever left the list.
func departures(totals map[string]int64) int64 {
	return totals["claimed"] + totals["merged"]
}

// sample notes the current counts, and calls observe for each name that left since the
// last sample with the seconds that it waited.
func (a *arrivals) sample(now time.Time, c queue.Counts, observe func(seconds float64)) {
	left := departures(c.Totals)
	arrived := left + c.Waiting
	if !a.started || left < a.left || arrived < a.arrived { // Redis lost its data, or somebody removed names from the list
		*a = arrivals{started: true, left: left, arrived: left}
	}
	if arrived > a.arrived {
		a.steps = append(a.steps, step{now, arrived})
		a.arrived = arrived
	}
	n := a.left
	for len(a.steps) > 0 && n < left {
		first := a.steps[0]
		for n < min(first.arrived, left) {
			observe(now.Sub(first.at).Seconds())
			n++
		}
		if n == first.arrived {
			a.steps = a.steps[1:]
		}
	}
	a.left = left
	if len(a.steps) > maxSteps {
		thinned := a.steps[:0]
		for i := 1; i < len(a.steps); i += 2 {
			thinned = append(thinned, step{a.steps[i-1].at, a.steps[i].arrived})
		}
		if len(a.steps)%2 == 1 {
			thinned = append(thinned, a.steps[len(a.steps)-1])
		}
		a.steps = thinned
	}
}

// oldest is how long the name that leaves next has been waiting.
func (a *arrivals) oldest(now time.Time) time.Duration {
	if len(a.steps) == 0 {
		return 0
	}
	return now.Sub(a.steps[0].at)
}
