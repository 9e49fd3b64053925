package views

import (
	"strings"

	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
)

// EventsData is what the page of events shows.
type EventsData struct {
	Sinks []api.Sink
	Tried *Tried // nil: no sink was tried
}

// Tried is what came of a test event.
type Tried struct {
	Sink string
	Err  error // nil: it arrived
}

// wants says in words which events a sink takes.
func wants(s api.Sink) string {
	words := []string{"all events"}
	if len(s.Types) > 0 {
		words[0] = strings.Join(s.Types, ", ")
	}
	if len(s.Datasets) > 0 {
		words = append(words, "of the datasets "+strings.Join(s.Datasets, ", "))
	}
	if len(s.Files) > 0 {
		words = append(words, "about "+strings.Join(s.Files, ", "))
	}
	return strings.Join(words, " ")
}

// missed says what a sink will not be told of; "" when it is nothing.
func missed(s api.Sink) string {
	var words []string
	if s.GivenUp > 0 {
		words = append(words, format.Count(s.GivenUp)+" given up")
	}
	if s.Lost > 0 {
		words = append(words, format.Count(s.Lost)+" lost")
	}
	return strings.Join(words, ", ")
}
