package activity

import (
	"time"

	"csv-pipeline/internal/queue"
)

// claims notes when workers give signs of life. It compares what it sees from time to time by
// this process' own clock, so that the clock of Redis does not matter.
type claims struct {
	started bool
	claimed int64 // the counter
	last    time.Time
	leases  map[string]renewal // by name
}

type renewal struct{ deadline, seen time.Time }

// sample notes the current claims, and returns when the last name was taken and when each lease
// was last renewed.
func (c *claims) sample(now time.Time, claimed int64, leases []queue.Lease) (last time.Time, renewed map[string]time.Time) {
	if c.started && claimed != c.claimed {
		c.last = now
	}
	c.started, c.claimed = true, claimed
	current := make(map[string]renewal, len(leases))
	renewed = make(map[string]time.Time, len(leases))
	for _, l := range leases {
		r, known := c.leases[l.Name]
		if !known || !r.deadline.Equal(l.Deadline) {
			r = renewal{l.Deadline, now}
		}
		current[l.Name], renewed[l.Name] = r, r.seen
	}
	c.leases = current
	return c.last, renewed
}
