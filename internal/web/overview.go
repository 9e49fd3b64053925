package web

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/chart"
	"csv-pipeline/internal/queue"
)

// status is how many files are in each state.
type status struct {
	Waiting   int64 `json:"waiting"`
	InFlight  int64 `json:"inFlight"`
	Delayed   int64 `json:"delayed"`
	Failed    int64 `json:"failed"`
	Completed int64 `json:"completed"` // raw files that have a result of just their version

	Raw       int     `json:"raw"`       // files in raw/: completed and pending ones
	Processed int     `json:"processed"` // files in processed/, also outdated results and rejected rows
	Pending   int     `json:"pending"`   // raw files without a result of just their version
	Rate      float64 `json:"filesPerSecond"`
	// SecondsLeft is about how long the rest takes; absent when that is unknown.
	SecondsLeft          *float64 `json:"secondsLeft,omitempty"`
	OldestWaitingSeconds float64  `json:"oldestWaitingSeconds"`
}

// counted puts together what the queue and the files say; the files are the truth
// about what is done.
func counted(c queue.Counts, files *catalog.Snapshot, view *activity.View) status {
	st := status{Waiting: c.Waiting, InFlight: c.InFlight, Delayed: c.Delayed, Failed: c.Failed, Completed: int64(files.Done),
		Raw: files.Raw.Len(), Processed: files.Processed.Len(), Pending: files.Pending,
		Rate: math.Round(view.Rate*1000) / 1000, OldestWaitingSeconds: view.OldestWaiting.Seconds()}
	if left := st.left(); left == 0 {
		st.SecondsLeft = new(float64)
	} else if st.Rate > 0 {
		seconds := math.Ceil(float64(left) / st.Rate)
		st.SecondsLeft = &seconds
	}
	return st
}

// left is what is still to be done, with files that are not queued yet.
func (st status) left() int64 {
	return max(st.Waiting+st.InFlight+st.Delayed, int64(st.Pending)-st.Failed)
}

func (s *Server) now(ctx context.Context) (status, error) {
	counts, err := s.Queue.Counts(ctx)
	if err != nil {
		return status{}, err
	}
	view, err := s.monitor.Recent(ctx, glance)
	if err != nil {
		return status{}, err
	}
	files, err := s.Catalog.Recent(ctx)
	if err != nil {
		return status{}, err
	}
	return counted(counts, files, view), nil
}

// overview is the start page's data; the parts that change are rendered one by one.
type overview struct {
	Status   status
	View     *activity.View
	Left     int64
	Total    int64 // of the current batch
	Percent  float64
	TimeLeft string
	Problems []queue.Attempt
	Chart    chart.Chart
	Base     string
}

// outlook says how long the rest takes and how fast it goes, as far as that is known.
func (o overview) outlook() (text string) {
	if o.TimeLeft != "" {
		text = ", about " + o.TimeLeft + " to go"
	}
	if o.Status.Rate > 0 {
		text += " at " + formatRate(o.Status.Rate) + " files/s"
	}
	return text
}

// batch says how much of what is being worked on is done.
func (o overview) batch() string {
	text := formatCount(o.View.BatchDone) + " of " + formatCount(o.Total) + " of this batch done"
	if o.Status.OldestWaitingSeconds > 1 {
		text += fmt.Sprintf(" · the next file has been waiting for %.0f s", o.Status.OldestWaitingSeconds)
	}
	return text
}

// outcome says what became of all the files.
func (o overview) outcome() string {
	text := plural(o.Status.Completed, "file is", "files are") + " done"
	if o.Status.Failed > 0 {
		text += ", " + formatCount(o.Status.Failed) + " failed"
	}
	return text + "."
}

// parts of the start page that are sent to those who watch it.
var parts = map[string]func(overview) templ.Component{
	"progress": progress, "tiles": tiles, "workers": workersNow, "problems": problems, "latest": latest,
}

const chartStep = 10 // seconds

// glance is how old what a page shows may be when it is asked for.
const glance = 100 * time.Millisecond

func (s *Server) look(ctx context.Context, view *activity.View) (overview, error) {
	files, err := s.Catalog.Recent(ctx)
	if err != nil {
		return overview{}, err
	}
	o := overview{View: view, Status: counted(view.Counts, files, view), Base: s.BasePath}
	o.Left = o.Status.left()
	o.Total = o.Left + view.BatchDone
	if o.Total > 0 {
		o.Percent = 100 * float64(view.BatchDone) / float64(o.Total)
	}
	if left := o.Status.SecondsLeft; left != nil && o.Left > 0 {
		o.TimeLeft = formatSpan(time.Duration(*left * float64(time.Second)))
	}
	for _, a := range s.monitor.Latest(200) {
		if a.Outcome != queue.AttemptDone && len(o.Problems) < 5 {
			o.Problems = append(o.Problems, a)
		}
	}
	o.Chart = throughputChart(s.monitor.Throughput(view.At, chartStep))
	return o, nil
}

func throughputChart(points []activity.Point) chart.Chart {
	c := chart.Chart{Title: "Files done in each ten seconds of the last quarter of an hour", Kind: chart.Bars, Width: 1100, Height: 190}
	values := make([]float64, len(points))
	for i, p := range points {
		c.Labels = append(c.Labels, time.Unix(p.Unix, 0).UTC().Format("15:04:05"))
		values[i] = float64(p.Files)
	}
	c.Series = []chart.Series{{Values: values}}
	return c
}

func (s *Server) overview(w http.ResponseWriter, r *http.Request) {
	switch format(w, r) {
	case "html":
	case "json":
		s.status(w, r)
		return
	default:
		s.problem(w, r, http.StatusBadRequest, "format: expected html or json")
		return
	}
	view, err := s.monitor.Recent(r.Context(), glance)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	o, err := s.look(r.Context(), view)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, overviewView(s.page(r, "overview", "Overview"), o))
}

// liveEvent is what those who watch are sent about a view.
type liveEvent struct {
	of           *activity.View
	page, status []byte
}

// makeLive makes the event of the newest view, once for all who watch.
func (s *Server) makeLive(ctx context.Context) (*liveEvent, error) {
	view, err := s.monitor.Recent(ctx, 2*activity.Interval)
	if err != nil {
		return nil, err
	}
	if last := s.lastLive; last != nil && last.of == view {
		return last, nil
	}
	o, err := s.look(ctx, view)
	if err != nil {
		return nil, err
	}
	event := struct {
		Parts  map[string]string `json:"parts"`
		Points []activity.Point  `json:"points"`
	}{map[string]string{}, s.monitor.Throughput(view.At, chartStep)}
	for name, part := range parts {
		var b strings.Builder
		if err := part(o).Render(ctx, &b); err != nil {
			return nil, err
		}
		event.Parts[name] = b.String()
	}
	made := &liveEvent{of: view}
	if made.page, err = json.Marshal(event); err != nil {
		return nil, err
	}
	if made.status, err = json.Marshal(o.Status); err != nil {
		return nil, err
	}
	s.lastLive = made
	return made, nil
}

func (s *Server) liveEvents(w http.ResponseWriter, r *http.Request) {
	s.stream(w, r, func(e *liveEvent) []byte { return e.page })
}

func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.stream(w, r, func(e *liveEvent) []byte { return e.status })
}

// stream sends server-sent events until the client goes or the server stops.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, choose func(*liveEvent) []byte) {
	changed, stop := s.monitor.Watch()
	defer stop()
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies must not hold events back
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	var last string
	for {
		text := ":\n\n" // keeps the connection
		if event, err := s.live.Fresh(r.Context()); err == nil {
			if now := string(choose(event)); now != last {
				last, text = now, "data: "+now+"\n\n"
			}
		}
		_ = rc.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if _, err := fmt.Fprint(w, text); err != nil {
			return
		}
		if err := rc.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.stopped:
			return
		case <-changed:
		case <-beat.C:
		}
	}
}
