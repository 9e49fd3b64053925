package views

import (
	"fmt"
	"time"

	"github.com/a-h/templ"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/chart"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
)

// OverviewData is what the start page shows.
type OverviewData struct {
	Status   api.Status
	View     *activity.View
	Problems []queue.Attempt // the newest attempts that failed
	Chart    chart.Chart     // of throughput
	Base     string          // as of Frame
	Away     bool            // Redis cannot be reached, and the rest is older
	// Result is the name of the result of a raw file; "" where it has none.
	Result func(raw string) string
	// Asked are the questions in force, of each dataset and last of all other files; none where they
	// are not known.
	Asked   []api.Question
	Version string // of the program
}

// AwayParts are those of LiveParts that say so when Redis cannot be reached.
var AwayParts = map[string]func(OverviewData) templ.Component{"progress": progress}

// LiveParts are the parts of the start page that an open page is sent again when they
// change.
var LiveParts = map[string]func(OverviewData) templ.Component{
	"progress": progress, "tiles": tiles, "workers": activeWorkers, "problems": problems, "latest": latest,
	"waitingcount": func(o OverviewData) templ.Component { return waitingCount(CountsOf(o.Status)) },
	"failedcount":  func(o OverviewData) templ.Component { return failedCount(CountsOf(o.Status)) },
}

// done is how many files of the current batch are done: none where the queue is empty and files are
// still to be queued, which are of the next one.
func (o OverviewData) done() int64 {
	if o.View.Left() == 0 && o.Status.Left() > 0 {
		return 0
	}
	return o.View.BatchDone
}

// total is the number of files of the current batch.
func (o OverviewData) total() int64 { return o.Status.Left() + o.done() }

// percent is how much of the batch is done.
func (o OverviewData) percent() string {
	if o.total() == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(o.done())/float64(o.total()))
}

// outlook says how long the remaining files take and how fast it goes, as far as that is
// known.
func (o OverviewData) outlook() (text string) {
	if o.Status.Activity != api.ActivityWorking {
		return ""
	}
	if left := o.Status.SecondsLeft; left != nil && o.Status.Left() > 0 {
		text = ", about " + format.Span(time.Duration(*left*float64(time.Second))) + " to go"
	}
	if o.Status.Rate > 0 {
		text += " at " + format.Rate(o.Status.Rate) + " files/s"
	}
	return text
}

// batch says how much of the batch is done.
func (o OverviewData) batch() string {
	return format.Count(o.done()) + " of " + format.Count(o.total()) + " of this batch done"
}

// verdict is a word for what the pipeline does, and the class of its colour.
func (o OverviewData) verdict() (word, class string) {
	switch {
	case o.Away:
		return "Redis is away", "failed"
	case o.Status.Activity == api.ActivityStuck:
		return "Stuck", "failed"
	case o.Status.Activity == api.ActivityWorking:
		return "Working", "in-flight"
	case o.Status.Activity == api.ActivityWaiting:
		return "Waiting", "retrying"
	}
	return "Idle", "done"
}

// alarm says what is stuck; "" where nothing is.
func (o OverviewData) alarm() string {
	switch n := len(o.Status.Stuck); {
	case n > 1:
		return o.Status.Stuck[0].Text + " And " + format.Count(n-1) + " more: see the workers."
	case n == 1:
		return o.Status.Stuck[0].Text
	}
	return ""
}

// figure is a number of the overview and its name.
type figure struct {
	Name, Value, Title string
	At                 time.Time // instead of the value; zero where it is no time
}

// figures answer how fast it goes and when it will be done. There are always the same ones, so that
// nothing moves when they change; "–" stands for what is not known.
func (o OverviewData) figures() []figure {
	const unknown = "–"
	perMinute := func(perSecond float64) string {
		if perSecond <= 0 {
			return unknown
		}
		return format.Count(int64(perSecond*60 + 0.5))
	}
	doneAt, oldest := figure{Name: "Done at", Value: unknown, Title: "at the speed of the last 30 seconds"}, unknown
	if left := o.Status.SecondsLeft; left != nil && o.Status.Activity == api.ActivityWorking && o.Status.Left() > 0 {
		if span := time.Duration(*left * float64(time.Second)); *left > 24*3600 {
			doneAt.Value = "in " + format.Span(span)
		} else {
			doneAt.At = o.View.At.Add(span)
		}
	}
	if o.Status.OldestWaitingSeconds >= 1 {
		oldest = format.Span(time.Duration(o.Status.OldestWaitingSeconds * float64(time.Second)))
	}
	return []figure{
		{Name: "Files a minute", Value: perMinute(o.Status.Rate), Title: "the average of the last 30 seconds"},
		{Name: "Rows a minute", Value: perMinute(o.Status.RowRate), Title: "rows of input, the average of the last 30 seconds"},
		{Name: "Left", Value: format.Count(o.Status.Left()), Title: "files that wait, are in flight or are to be retried"},
		doneAt,
		{Name: "Longest wait", Value: oldest, Title: "how long the next file has been waiting in the queue"},
	}
}

// renewed is how long ago a worker renewed its lease.
func (o OverviewData) renewed(name string) string {
	seen, known := o.View.Renewed[name]
	if !known {
		return ""
	}
	return format.Span(o.View.At.Sub(seen)) + " ago"
}

// outcome says how many files are done and how many failed.
func (o OverviewData) outcome() string {
	text := format.Plural(o.Status.Completed, "file is", "files are") + " done"
	if o.Status.Failed > 0 {
		text += ", " + format.Count(o.Status.Failed) + " failed"
	}
	return text + "."
}

// ThroughputChart draws how many files were done in each step.
func ThroughputChart(points []activity.Point) chart.Chart {
	c := chart.Chart{Title: "Files done in each ten seconds of the last quarter of an hour", Kind: chart.Bars, Width: 1100, Height: 190}
	values := make([]float64, len(points))
	for i, p := range points {
		c.Labels = append(c.Labels, time.Unix(p.Unix, 0).UTC().Format("15:04:05"))
		values[i] = float64(p.Files)
	}
	c.Series = []chart.Series{{Values: values}}
	return c
}
