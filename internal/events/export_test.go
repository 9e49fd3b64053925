package events

import "time"

// Hurry makes pauses and leases short. Call it before Run.
func (t *Teller) Hurry() {
	for _, o := range t.outlets {
		o.lease, o.first, o.most = 300*time.Millisecond, time.Millisecond, 20*time.Millisecond
	}
}
