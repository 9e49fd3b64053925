package events

import "time"

// Hurry makes pauses and leases short. Call it before Run.
func (d *Dispatcher) Hurry() {
	for _, o := range d.outlets {
		o.lease, o.first, o.most = 300*time.Millisecond, time.Millisecond, 20*time.Millisecond
	}
}
