// Package faultpoint lets the chaos suite end, stop or interrupt a processor at a
// chosen step of a file's way, and not only at lucky moments. Builds without the
// tag faultpoints, which are all but that suite's, have nothing of it: Reach is
// empty there.
//
// With the tag, the environment variable FAULTPOINT holds one fault:
// STEP[@FILE][#N]=kill, stop, term or hold, at the Nth time (1) that the process is
// at the step, of that file if one is given; hold is term, and then to wait until
// the work on the file is to end.
package faultpoint

// Step is a step of a file's way.
type Step string

// The steps, in their order.
const (
	Claimed   Step = "claimed"   // the queue has leased the name
	Reading   Step = "reading"   // the input is open and the result begun
	Written   Step = "written"   // the result is whole and the lease confirmed, but it has no name yet
	Renamed   Step = "renamed"   // the result is published, but the claim not completed
	Completed Step = "completed" // the queue knows
)

// The steps of an event's way to a sink, in their order. Their file is the one that the event is about.
const (
	EventTaken     Step = "event-taken"     // it is read from the stream, and about to be delivered
	EventDelivered Step = "event-delivered" // the sink has it, but the stream does not know
	EventSettled   Step = "event-settled"   // the stream knows
)
