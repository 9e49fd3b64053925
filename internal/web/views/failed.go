package views

import (
	"fmt"

	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
)

// FailedData is what the page of failed files shows.
type FailedData struct {
	Files  []api.DeadLetter
	Chosen []string // values of the boxes that are ticked
	Paging
}

// shortName is the name of a failed file, or the beginning of a message that is no name.
func shortName(l api.DeadLetter) string { return fmt.Sprintf("%.200s", l.Name) }

// circumstances are when and where a file failed, and how often.
func circumstances(l api.DeadLetter) string {
	text := format.Time(l.At) + " UTC · " + format.Plural(l.Errors, "error", "errors")
	if l.Crashes > 0 {
		text += ", " + format.Plural(l.Crashes, "crash", "crashes")
	}
	if l.Worker != "" {
		text += " · " + format.Visible(l.Worker)
	}
	return text
}
