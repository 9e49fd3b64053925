package activity

import (
	"context"

	"csv-pipeline/internal/queue"
)

// Last returns the newest view that there is, without asking Redis; nil: there is none yet.
func (m *Monitor) Last() *View {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view
}

// Fresh returns a view that was begun after the call. Whoever changed the queue calls it, so that
// Last has the change.
func (m *Monitor) Fresh(ctx context.Context) (*View, error) { return m.looking.Fresh(ctx) }

// Histories returns the attempts of several names that are kept, the newest first, at most n of
// each.
func (m *Monitor) Histories(names map[string]bool, n int) map[string][]queue.Attempt {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := make(map[string][]queue.Attempt)
	m.latest(len(m.attempts), func(a queue.Attempt) bool {
		if names[a.Name] && len(found[a.Name]) < n {
			found[a.Name] = append(found[a.Name], a)
		}
		return false
	})
	return found
}
