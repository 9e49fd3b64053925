// Package api holds what the HTTP API takes and answers: its description, openapi.json,
// and the Go types of the description's schemas, each under the name of its schema.
package api

import (
	"embed"
	"time"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// Description holds the description of the API, openapi.json (OpenAPI 3.1).
//
//go:embed openapi.json
var Description embed.FS

// The states of a raw file.
const (
	StateWaiting  = "waiting" // in the queue's list, or about to be put there
	StateInFlight = "in-flight"
	StateRetrying = "retrying"
	StateFailed   = "failed"
	StateDone     = "done"
)

// States are all of them, in the order in which a file goes through them.
var States = []string{StateWaiting, StateInFlight, StateRetrying, StateFailed, StateDone}

// Under which settings a result was made.
const (
	SettingsCurrent = "current" // those in force
	SettingsOther   = "other"
	SettingsUnknown = "unknown" // the result does not say
)

// NoDataset stands for the files of no dataset where one is chosen.
const NoDataset = "-"

// File is a file in a listing.
type File struct {
	Name    string    `json:"name"`
	Size    int64     `json:"size"`
	ModTime time.Time `json:"modified"`
	ETag    string    `json:"etag"`
	State   string    `json:"state,omitempty"`  // of a raw file
	Reason  string    `json:"reason,omitempty"` // why a raw file failed
	Result  string    `json:"result,omitempty"` // name of the current result of a raw file; one that failed when it was done again has one, too
	Source  string    `json:"source,omitempty"` // name of the raw file that a result was made from
	// Outdated says of a result that its raw file has changed since, or is gone.
	Outdated bool   `json:"outdated,omitempty"`
	Settings string `json:"settings,omitempty"` // of a result: a Settings… constant
	// Of a result: when it was made, from how many rows and in how many seconds, as far as the queue
	// remembers, and the dataset of its raw file.
	Made    *time.Time `json:"made,omitempty"`
	Rows    int64      `json:"rows,omitempty"`
	Seconds float64    `json:"seconds,omitempty"`
	Dataset string     `json:"dataset,omitempty"`
	SHA256  string     `json:"sha256,omitempty"`
}

// FileDetail is all that is known about one file.
type FileDetail struct {
	File
	Area     filestore.Area  `json:"area"`
	Attempts []queue.Attempt `json:"attempts"`
	Lease    *queue.Lease    `json:"lease,omitempty"` // of a raw file in flight
	// Fingerprint is that of the settings under which a result was made; "" where it is not recorded.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Question is what is asked of the file, or of the raw file of a result, by the settings in force.
	Question *Question   `json:"question,omitempty"`
	Life     []LifeEvent `json:"life"` // of the raw file, the earliest first
}

// DeadLetter is a file that failed, and why.
type DeadLetter struct {
	queue.DeadLetter
	Exists  bool   `json:"exists"`            // the raw file is there
	Group   string `json:"group"`             // of the files that failed for the same reason
	Dataset string `json:"dataset,omitempty"` // whose question was asked of it; "" for the main one
}

// Chosen is which failed files an action is for: those of Names, or all that match the rest.
type Chosen struct {
	Names []string  `json:"names"`
	All   bool      `json:"all"`   // all of them, or all that match, whatever Names says
	Group string    `json:"group"` // all of this group
	Text  string    `json:"q"`     // all with this text in the name or the reason
	Until time.Time `json:"until"` // only those that failed by then
}

// Some reports whether it says which files.
func (c Chosen) Some() bool { return len(c.Names) > 0 || c.Matching() }

// Matching reports whether it is for all that match, and not for the names.
func (c Chosen) Matching() bool { return c.All || c.Group != "" || c.Text != "" }

// Done is what an action did.
type Done struct {
	Files int    `json:"files"` // how many files it was done to
	Kept  []Kept `json:"kept,omitempty"`
}

// Kept is a file that was to be dropped and was not.
type Kept struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Uploaded is a file that was stored.
type Uploaded struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	ETag    string `json:"etag"`
	Result  string `json:"result"`            // the name that its result will have
	Dataset string `json:"dataset,omitempty"` // whose question is asked of it; "" for the main one
	// Queued is false where Redis did not answer; Note says what happens then.
	Queued bool   `json:"queued"`
	Note   string `json:"note,omitempty"`
}

// Preview is what would come of a file that is not stored.
type Preview struct {
	Name     string    `json:"name"`
	Result   string    `json:"result"`            // the name that its result would have
	Dataset  string    `json:"dataset,omitempty"` // whose question would be asked of it; "" for the main one
	Exists   bool      `json:"exists"`            // there is a raw file of the name, which it would replace
	Partial  bool      `json:"partial"`           // only the beginning of the file was tried
	Readable bool      `json:"readable"`          // a result comes of it without a choice: under the settings of the pipeline, or under Values
	AsItIs   bool      `json:"asItIs"`            // under those of the pipeline; then Readable is true, and the first outcome is this one
	Values   string    `json:"values,omitempty"`  // other settings that read it, as values of the chart
	Flags    string    `json:"flags,omitempty"`   // the same as flags
	Problems []string  `json:"problems"`          // what no setting reads
	Notes    []string  `json:"notes"`
	Late     string    `json:"late,omitempty"` // why there is no more, where time was up
	Outcomes []Outcome `json:"outcomes"`       // one, or one for each way to read the file
}

// Outcome is what would come of a file with some settings.
type Outcome struct {
	Title    string     `json:"title"`
	Problem  string     `json:"problem,omitempty"` // why there is no result
	RowsRead int64      `json:"rowsRead"`          // of the file
	Rejected int64      `json:"rejected"`          // rows that would be left out, as onBadRow: skip says
	Columns  []string   `json:"columns"`           // of the result
	Rows     [][]string `json:"rows"`              // the first of the result
	More     bool       `json:"more"`              // the result goes on
}
