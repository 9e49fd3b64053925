package views

import (
	"testing"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web/api"
)

// TestBatchThatBeginsCountsNoFileOfTheLastOne: its files are not queued yet.
func TestBatchThatBeginsCountsNoFileOfTheLastOne(t *testing.T) {
	status := api.Status{}
	status.Unqueued = 1980
	o := OverviewData{View: &activity.View{BatchDone: 1980}, Status: status}
	if got := o.batch() + ", " + o.percent(); got != "0 of 1,980 of this batch done, 0 %" {
		t.Error(got)
	}
	o.Status.Unqueued, o.Status.Waiting = 990, 495
	o.View = &activity.View{BatchDone: 495, Counts: queue.Counts{Waiting: 495}}
	if got := o.batch() + ", " + o.percent(); got != "495 of 1,980 of this batch done, 25 %" {
		t.Error(got)
	}
}
