package activity

import (
	"time"

	"csv-pipeline/internal/queue"
)

// arrivals tells how long names have waited, although the list holds no times and
// strangers push on it. A first-in-first-out queue hands out its n-th arrival as
// its n-th departure, so it is enough to note how many had arrived when: the
// cumulative curves of G. F. Newell, "Applications of Queueing Theory" (1971).
// Retries, which return to the front, blur it a little.
type arrivals struct {
	steps   []step // when how many had arrived, without those that all have left
	left    int64  // departures so far
	arrived int64
	started bool
}

type step struct {
	at      time.Time
	arrived int64
}

// maxSteps bounds the memory; beyond it neighbours are merged.
const maxSteps = 4096

// departures is how many names were ever taken out of the list.
func departures(totals map[string]int64) int64 {
	return totals["claimed"] + totals["merged"]
}

// sample notes the counts of now, and tells observe how many seconds each name
// waited that left since the last sample.
func (a *arrivals) sample(now time.Time, c queue.Counts, observe func(seconds float64)) {
	left := departures(c.Totals)
	arrived := left + c.Waiting
	if !a.started || left < a.left || arrived < a.arrived { // Redis began anew, or the list was cut
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

// oldest is how long the name that leaves next has been there.
func (a *arrivals) oldest(now time.Time) time.Duration {
	if len(a.steps) == 0 {
		return 0
	}
	return now.Sub(a.steps[0].at)
}
