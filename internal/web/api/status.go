package api

import (
	"math"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/queue"
)

// Status is how many files are in each state.
type Status struct {
	Waiting   int64 `json:"waiting"`
	InFlight  int64 `json:"inFlight"`
	Delayed   int64 `json:"delayed"`
	Failed    int64 `json:"failed"`
	Completed int64 `json:"completed"` // raw files whose result was made from their current version

	Raw       int     `json:"raw"`       // files in raw/: completed and pending ones
	Processed int     `json:"processed"` // files in processed/, with outdated results and rejected rows
	Pending   int     `json:"pending"`   // raw files that are not completed
	Unqueued  int64   `json:"unqueued"`  // raw files that wait to be queued, by the sweep
	Rate      float64 `json:"filesPerSecond"`
	// SecondsLeft estimates how long the remaining files take; nil when that is unknown.
	SecondsLeft          *float64 `json:"secondsLeft,omitempty"`
	OldestWaitingSeconds float64  `json:"oldestWaitingSeconds"`

	// Version of the program, and Questions that are in force: only where the status is asked for.
	Version   string     `json:"version,omitempty"`
	Questions []Question `json:"questions,omitempty"`
}

// NewStatus combines the counts of the queue with the files, which are the truth about
// what is completed.
func NewStatus(c queue.Counts, files *catalog.Snapshot, view *activity.View) Status {
	st := Status{Waiting: c.Waiting, InFlight: c.InFlight, Delayed: c.Delayed, Failed: c.Failed, Completed: int64(files.Done),
		Raw: files.Raw.Len(), Processed: files.Processed.Len(), Pending: files.Pending,
		Rate: math.Round(view.Rate*1000) / 1000, OldestWaitingSeconds: view.OldestWaiting.Seconds()}
	st.Unqueued = max(0, int64(st.Pending)-st.Failed-st.Waiting-st.InFlight-st.Delayed)
	if left := st.Left(); left == 0 {
		st.SecondsLeft = new(float64)
	} else if st.Rate > 0 {
		seconds := math.Ceil(float64(left) / st.Rate)
		st.SecondsLeft = &seconds
	}
	return st
}

// Left is how many files remain to be processed, also those that are not queued yet.
func (st Status) Left() int64 {
	return st.Waiting + st.Unqueued + st.InFlight + st.Delayed
}
