// Package events tells others what happens in the pipeline: it reads the queue's stream of changes
// and delivers each of them as a CloudEvent to sinks, at least once and in order for each file.
// docs/events.md is the contract.
package events

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"csv-pipeline/internal/queue"
)

// TypeTest is the type of the event that a person sends to try a sink.
const TypeTest = typePrefix + "sink.test" + typeSuffix

const typePrefix, typeSuffix = "io.github.csv-pipeline.", ".v1"

// Types are the types of all events, but for TypeTest.
var Types = []string{queue.TypeDone, queue.TypeFailed, queue.TypeRetried, queue.TypeDropped, queue.TypeEmpty, queue.TypeStuck}

// ShortType is a type as configurations name it: result.done.
func ShortType(full string) string {
	return strings.TrimSuffix(strings.TrimPrefix(full, typePrefix), typeSuffix)
}

// FullType is the type that a configuration or a request names, short or full; false where there is none.
func FullType(name string) (full string, ok bool) {
	if !strings.HasPrefix(name, typePrefix) {
		name = typePrefix + name + typeSuffix
	}
	return name, slices.Contains(Types, name)
}

var id = regexp.MustCompile(`^[0-9]{1,15}(-[0-9]{1,15})?$`)

// IsID reports whether a text may be the ID of an event; 0 is before all of them.
func IsID(text string) bool { return id.MatchString(text) }

// Maker makes events of changes.
type Maker struct {
	// Source is the source of all events, a URI reference that says which pipeline they are from.
	Source string
	// Dataset returns the dataset of a file, "" when it is in none; nil: there are none.
	Dataset func(name string) string
}

// The data of events, each under its type in docs/events.md and package schema.
type (
	// Done is the data of queue.TypeDone.
	Done struct {
		File     string  `json:"file"`
		Dataset  string  `json:"dataset,omitempty"`
		Result   string  `json:"result"` // its name below processed/
		Rows     int64   `json:"rows"`   // of the input
		Bytes    int64   `json:"bytes"`  // of the input
		Seconds  float64 `json:"seconds"`
		Checksum string  `json:"checksum"` // SHA-256 of the result, in hexadecimal digits
		Worker   string  `json:"worker"`
		Found    string  `json:"found,omitempty"` // how the file was found to be written
		Cause    string  `json:"cause,omitempty"` // settings: it failed before, under others
	}
	// Failed is the data of queue.TypeFailed.
	Failed struct {
		File    string `json:"file"`
		Dataset string `json:"dataset,omitempty"`
		Reason  string `json:"reason"`
		Kind    string `json:"kind"`   // one of queue.Kinds
		Errors  int64  `json:"errors"` // tries that failed
		Crashes int64  `json:"crashes"`
		Worker  string `json:"worker"`
		Version string `json:"version,omitempty"` // ETag of the input
		Line    int64  `json:"line,omitempty"`    // from 1
		Column  string `json:"column,omitempty"`
		Field   string `json:"field,omitempty"`
	}
	// Moved is the data of queue.TypeRetried and queue.TypeDropped.
	Moved struct {
		File    string `json:"file"`
		Dataset string `json:"dataset,omitempty"`
		Cause   string `json:"cause"`
	}
	// Empty is the data of queue.TypeEmpty.
	Empty struct {
		Failed int64 `json:"failed"` // dead letters that there are
	}
	// Stuck is the data of queue.TypeStuck.
	Stuck struct {
		Waiting int64 `json:"waiting"` // names that wait
		Seconds int64 `json:"seconds"` // since when no worker took one
	}
	// Test is the data of TypeTest.
	Test struct {
		Sink string `json:"sink"`
	}
)

// Event makes the event of a change.
func (m Maker) Event(c queue.Change) (Event, error) {
	number := func(field string) int64 { n, _ := strconv.ParseInt(c.Fields[field], 10, 64); return n }
	f, dataset := c.Fields, m.dataset(c.Name)
	var data any
	switch c.Type {
	case queue.TypeDone:
		seconds, _ := strconv.ParseFloat(f["seconds"], 64)
		data = Done{c.Name, dataset, f["result"], number("rows"), number("bytes"), seconds, f["checksum"], f["worker"], f["found"], f["cause"]}
	case queue.TypeFailed:
		data = Failed{c.Name, dataset, f["reason"], f["kind"], number("errors"), number("crashes"), f["worker"], f["version"],
			number("line"), f["column"], f["field"]}
	case queue.TypeRetried, queue.TypeDropped:
		data = Moved{c.Name, dataset, f["cause"]}
	case queue.TypeEmpty:
		data = Empty{number("failed")}
	case queue.TypeStuck:
		data = Stuck{number("waiting"), number("seconds")}
	default:
		return Event{}, fmt.Errorf("the change %s is of the type %q, which this version does not know", c.ID, c.Type)
	}
	return Event{ID: c.ID, Source: m.Source, Type: c.Type, Subject: c.Name, Time: c.At(), Data: data}, nil
}

func (m Maker) dataset(name string) string {
	if m.Dataset == nil || name == "" {
		return ""
	}
	return m.Dataset(name)
}
