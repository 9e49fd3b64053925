package views

import (
	"fmt"
	"net/url"
	"strings"

	"csv-pipeline/internal/failures"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
)

// FailedData is what the page of failed files shows.
type FailedData struct {
	Files  []api.DeadLetter
	All    int      // how many failed files there are, also of other groups
	Chosen []string // values of the boxes that are ticked
	Paging          // of the files that match

	Groups      []failures.Group // of the files that match
	MoreGroups  int              // that are not among them
	Group, Text string           // the filter
	Reason      string           // of the group of the filter
	Until       string           // buttons for all that match leave out files that failed later
	Tries       map[string][]queue.Attempt
}

// filtered reports whether only some of the failed files are meant.
func (d FailedData) filtered() bool { return d.Group != "" || d.Text != "" }

// groupAddress is the page with the files of a group.
func (d FailedData) groupAddress(group string) string {
	q := url.Values{"group": {group}}
	if d.Text != "" {
		q.Set("q", d.Text)
	}
	return "?" + q.Encode()
}

// match names the files that match, for buttons.
func (d FailedData) match() string {
	if d.filtered() {
		return format.Plural(d.Total, "file", "files") + " shown"
	}
	return "all " + format.Count(d.Total)
}

// shortName is the name of a failed file, or the beginning of a message that is no name.
func shortName(l api.DeadLetter) string { return fmt.Sprintf("%.200s", l.Name) }

// dropQuestion asks before so many files are dropped.
func dropQuestion(files int) string {
	if files == 1 {
		return "Delete 1 file from raw/ and remove it from the failed files?"
	}
	return "Delete " + format.Count(files) + " files from raw/ and remove them from the failed files?"
}

// settingsMayRead reports whether settings can help: they make no CSV file of a picture or of nothing.
func settingsMayRead(l api.DeadLetter) bool {
	for _, never := range []string{"expected a CSV file", "expected the CSV file", "the file is empty"} {
		if strings.Contains(l.Reason, never) {
			return false
		}
	}
	return true
}

// circumstances are where a file failed, and how often.
func circumstances(l api.DeadLetter) string {
	text := format.Plural(l.Errors, "error", "errors")
	if l.Crashes > 0 {
		text += ", " + format.Plural(l.Crashes, "crash", "crashes")
	}
	if l.Worker != "" {
		text += " · " + format.Visible(l.Worker)
	}
	return text
}

// try is what an attempt was, in a line.
func try(a queue.Attempt) string {
	text := a.Outcome
	if a.Cause == queue.CauseSettings {
		text += ", tried because the settings had changed"
	}
	if a.Worker != "" {
		text += " · " + format.Visible(a.Worker)
	}
	if a.Reason != "" {
		text += " · " + format.Visible(a.Reason)
	}
	return text
}
