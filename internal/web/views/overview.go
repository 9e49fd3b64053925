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
	// Result is the name of the result of a raw file; "" where it has none.
	Result func(raw string) string
}

// LiveParts are the parts of the start page that an open page is sent again when they
// change.
var LiveParts = map[string]func(OverviewData) templ.Component{
	"progress": progress, "tiles": tiles, "workers": activeWorkers, "problems": problems, "latest": latest,
	"waitingcount": func(o OverviewData) templ.Component { return waitingCount(CountsOf(o.Status)) },
	"failedcount":  func(o OverviewData) templ.Component { return failedCount(CountsOf(o.Status)) },
}

// total is the number of files of the current batch.
func (o OverviewData) total() int64 { return o.Status.Left() + o.View.BatchDone }

// percent is how much of the batch is done.
func (o OverviewData) percent() string {
	if o.total() == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(o.View.BatchDone)/float64(o.total()))
}

// outlook says how long the remaining files take and how fast it goes, as far as that is
// known.
func (o OverviewData) outlook() (text string) {
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
	text := format.Count(o.View.BatchDone) + " of " + format.Count(o.total()) + " of this batch done"
	if o.Status.OldestWaitingSeconds > 1 {
		text += fmt.Sprintf(" · the next file has been waiting for %.0f s", o.Status.OldestWaitingSeconds)
	}
	return text
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
