package views

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/a-h/templ"

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

// DropQuestion asks before so many files are dropped.
func DropQuestion(files int) string {
	return "Delete " + format.Plural(files, "file", "files") + " from raw/ and from the list of failed files?"
}

// DropQuestionOf asks before a file is dropped.
func DropQuestionOf(name string) string {
	return "Delete " + format.Visible(name) + " from raw/ and from the list of failed files?"
}

// What buttons do.
const retry, drop = "retry", "drop"

// button is what act draws.
type button struct {
	action, field, value string
	text, name           string // the name is for screen readers
	class, asks          string // what the script asks before; "": nothing
}

// ofFile is a button for one failed file. Its value is the name as in a URL: HTML does not allow every
// character.
func ofFile(action string, l api.DeadLetter) button {
	value, name := url.PathEscape(l.Name), format.Visible(shortName(l))
	if action == retry {
		return button{retry, "name", value, "Retry", "Retry " + name, "quiet", ""}
	}
	return button{drop, "name", value, "Drop", "Drop " + name, "quiet danger", DropQuestionOf(shortName(l))}
}

// ofGroup is a button for all failed files of a group.
func ofGroup(action string, g failures.Group) button {
	name := format.Plural(g.Files, "file", "files") + ": " + format.Visible(g.Reason)
	if action == retry {
		return button{retry, "group", g.ID, "Retry " + format.Count(g.Files), "Retry " + name, "quiet", ""}
	}
	return button{drop, "group", g.ID, "Drop " + format.Count(g.Files), "Drop " + name, "quiet danger", DropQuestion(g.Files)}
}

// hidden are fields of a form that nobody sees, given as names and values in turn.
func hidden(pairs ...string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		for i := 0; i+1 < len(pairs); i += 2 {
			if _, err := io.WriteString(w, `<input type="hidden" name="`+templ.EscapeString(pairs[i])+`" value="`+templ.EscapeString(pairs[i+1])+`">`); err != nil {
				return err
			}
		}
		return nil
	})
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
