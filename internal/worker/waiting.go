package worker

import (
	"context"
	"time"

	"csv-pipeline/internal/queue"
)

// waiting is for a worker that found nothing to claim while other workers have files in
// flight. It stays until each lease that it saw first has been renewed or has ended: until
// then the lease's holder may be dead, and its file be there to take. The autoscaler counts
// what is in flight as work, and would start again and again whoever left earlier.
type waiting struct {
	first map[string]time.Time // deadlines of leases, by name
	pause time.Duration
}

// mayHaveDied takes the leases that are in flight now. It reports whether any of those
// it saw first is still there with the same deadline.
func (w *waiting) mayHaveDied(leases []queue.Lease) bool {
	now := make(map[string]time.Time, len(leases))
	for _, l := range leases {
		if deadline, ok := w.first[l.Name]; w.first == nil || ok && deadline.Equal(l.Deadline) {
			now[l.Name] = l.Deadline
		}
	}
	w.first = now
	return len(now) > 0
}

// wait pauses before the next look: first for 20 ms, then twice as long each time, up to a
// second.
func (w *waiting) wait(ctx context.Context) {
	w.pause = min(max(2*w.pause, 20*time.Millisecond), time.Second)
	pause(ctx, w.pause)
}
