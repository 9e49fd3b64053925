package activity

import (
	"testing"
	"time"

	"csv-pipeline/internal/queue"
)

// Signs of life are noted by the time at which they are seen, whatever Redis' clock says.
func TestSignsOfLife(t *testing.T) {
	var c claims
	now := time.Unix(1_700_000_000, 0)
	past := time.Unix(0, 0) // by a clock that is far behind
	lease := func(name string, deadline time.Time) queue.Lease { return queue.Lease{Name: name, Deadline: deadline} }
	if last, renewed := c.sample(now, 7, []queue.Lease{lease("a.csv", past)}); !last.IsZero() || !renewed["a.csv"].Equal(now) {
		t.Errorf("at first: %v, %v", last, renewed)
	}
	second := now.Add(time.Minute)
	if last, renewed := c.sample(second, 8, []queue.Lease{lease("a.csv", past), lease("b.csv", past)}); !last.Equal(second) || !renewed["a.csv"].Equal(now) || !renewed["b.csv"].Equal(second) {
		t.Errorf("one was taken: %v, %v", last, renewed)
	}
	third := now.Add(2 * time.Minute)
	if last, renewed := c.sample(third, 8, []queue.Lease{lease("a.csv", past.Add(time.Second))}); !last.Equal(second) || !renewed["a.csv"].Equal(third) || len(renewed) != 1 {
		t.Errorf("one was renewed: %v, %v", last, renewed)
	}
}
