package api

import "time"

// Sink is a place that events are sent to, and how that goes.
type Sink struct {
	Name     string   `json:"name"`
	Place    string   `json:"place"` // without secrets
	Types    []string `json:"types"` // of events that it takes, such as result.done; none: all
	Datasets []string `json:"datasets,omitempty"`
	Files    []string `json:"files,omitempty"` // globs
	// Undelivered is how many events it has not been told of, also such as it does not want.
	Undelivered int64     `json:"undelivered"`
	Oldest      time.Time `json:"oldest,omitzero"` // when the oldest that is being delivered happened
	Delivered   int64     `json:"delivered"`
	DeliveredAt time.Time `json:"deliveredAt,omitzero"` // the last
	Refused     int64     `json:"refused"`              // deliveries that failed
	GivenUp     int64     `json:"givenUp"`              // events that it did not take for too long
	Lost        int64     `json:"lost"`                 // events that Redis removed before
	Failing     bool      `json:"failing"`              // the last delivery failed
	Error       string    `json:"error,omitempty"`      // of the last delivery that failed
	ErrorAt     time.Time `json:"errorAt,omitzero"`
}
