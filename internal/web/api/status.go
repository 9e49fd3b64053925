package api

import (
	"math"
	"time"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web/format"
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
	Version     string         `json:"version,omitempty"`
	Questions   []Question     `json:"questions,omitempty"`
	RowRate     float64        `json:"rowsPerSecond"`
	Activity    string         `json:"activity"`              // an Activity… constant
	Stuck       []Stuck        `json:"stuck"`                 // what does not go on
	LastProblem *queue.Attempt `json:"lastProblem,omitempty"` // the newest attempt that failed of a file that was not done since
}

// What a pipeline does.
const (
	ActivityIdle    = "idle"    // nothing is left to do
	ActivityWorking = "working" // processors are at work
	ActivityWaiting = "waiting" // files wait for processors
	ActivityStuck   = "stuck"   // see Status.Stuck
)

// Stuck is something that does not go on.
type Stuck struct {
	What    string  `json:"what"` // no-processor or silent-worker
	Text    string  `json:"text"`
	Name    string  `json:"name,omitempty"` // the file, of a worker
	Worker  string  `json:"worker,omitempty"`
	Seconds float64 `json:"seconds"` // for how long
}

// patience is how long nothing may be heard of workers. A pod may take a minute or two to start.
const patience = 3 * time.Minute

// NewStatus combines a view of the queue with the files, which are the truth about what is
// completed.
func NewStatus(files *catalog.Snapshot, view *activity.View) Status {
	c := view.Counts
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
	st.RowRate, st.LastProblem, st.Stuck = math.Round(view.RowRate*10)/10, view.LastProblem, stuck(st, view)
	switch {
	case len(st.Stuck) > 0:
		st.Activity = ActivityStuck
	case st.InFlight > 0 || st.Left() > 0 && view.At.Sub(view.LastClaim) < 5*time.Second: // a worker may be between two files
		st.Activity = ActivityWorking
	case st.Left() > 0:
		st.Activity = ActivityWaiting
	default:
		st.Activity = ActivityIdle
	}
	return st
}

// stuck says what does not go on, the worst first.
func stuck(st Status, view *activity.View) []Stuck {
	found := []Stuck{}
	if quiet := min(view.OldestWaiting, view.At.Sub(view.LastClaim)); st.Waiting > 0 && st.InFlight == 0 && quiet >= patience {
		found = append(found, Stuck{What: "no-processor", Seconds: math.Round(quiet.Seconds()),
			Text: "Files wait, and no processor has taken one for " + format.Span(quiet) + ". On Kubernetes, kubectl get scaledjobs,jobs,pods says whether KEDA starts Jobs, and kubectl describe pods -l app.kubernetes.io/component=processor why one does not start or ends; a Job whose Pod cannot start holds its place until it is deleted. Elsewhere, look whether a processor runs."})
	}
	for _, l := range view.Leases {
		if quiet := view.At.Sub(view.Renewed[l.Name]); quiet >= patience {
			found = append(found, Stuck{What: "silent-worker", Name: l.Name, Worker: l.Worker, Seconds: math.Round(quiet.Seconds()),
				Text: "The worker " + format.Visible(l.Worker) + " has not renewed its lease on " + format.Visible(l.Name) + " for " + format.Span(quiet) + ". When the lease ends, another takes the file."})
		}
	}
	return found
}

// Left is how many files remain to be processed, also those that are not queued yet.
func (st Status) Left() int64 {
	return st.Waiting + st.Unqueued + st.InFlight + st.Delayed
}
