package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/events"
	"csv-pipeline/internal/events/schema"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

const (
	// eventsAtOnce is how many events a stream reads together.
	eventsAtOnce = 500
	// eventsPause is how long a stream waits before it reads again: however many streams are open,
	// Redis is asked rarely.
	eventsPause = 100 * time.Millisecond
)

// eventStream sends what happens as server-sent events, from now on or behind the last one that the
// client had, until the client leaves or the server stops.
func (s *Server) eventStream(w http.ResponseWriter, r *http.Request) {
	after := r.Header.Get("Last-Event-ID")
	if asked := r.URL.Query().Get("after"); after == "" && asked != "" {
		after = asked
	}
	if after != "" && !events.IsID(after) {
		s.respond.Problem(w, r, http.StatusBadRequest, "Last-Event-ID, after: expected the id of an event, or 0 for all that Redis keeps")
		return
	}
	var types []string
	for _, t := range r.URL.Query()["type"] {
		full, ok := events.FullType(t)
		if !ok {
			s.respond.Problem(w, r, http.StatusBadRequest, fmt.Sprintf("type: %q: expected one as docs/events.md has them, such as result.done", t))
			return
		}
		types = append(types, full)
	}
	changed, stop := s.Events.Watch()
	defer stop()
	if after == "" {
		var err error
		if after, err = s.Queue.LastChange(r.Context()); err != nil {
			s.respond.Error(w, r, err)
			return
		}
	}
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not buffer events
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	text := []byte(":\n\n") // a comment: the client sees that it is connected
	for {
		_ = rc.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if _, err := w.Write(text); err != nil || rc.Flush() != nil {
			return
		}
		changes, err := s.Queue.Changes(r.Context(), after, eventsAtOnce, 0)
		if text = nil; err == nil && len(changes) > 0 {
			for _, c := range changes {
				after = c.ID
				if len(types) == 0 || slices.Contains(types, c.Type) {
					text = s.appendEvent(text, c)
				}
			}
			continue
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.stopped:
			return
		case <-changed:
			time.Sleep(eventsPause)
		case <-beat.C:
			text = []byte(":\n\n")
		}
	}
}

// appendEvent appends an event as text/event-stream has it.
func (s *Server) appendEvent(text []byte, c queue.Change) []byte {
	e, err := s.Events.Event(c)
	if err != nil {
		return text // of another version
	}
	data, err := json.Marshal(e)
	if err != nil {
		s.Log.Error("an event cannot be written", zap.Error(err))
		return text
	}
	return fmt.Appendf(text, "id: %s\ndata: %s\n\n", c.ID, data)
}

// eventSchema answers with the JSON schema of an event.
func (s *Server) eventSchema(w http.ResponseWriter, r *http.Request) {
	text, ok := schema.Of(r.PathValue("name"))
	if !ok {
		s.respond.Problem(w, r, http.StatusNotFound, "there is no event of this type: expected one such as result.done.v1")
		return
	}
	w.Header().Set("Content-Type", "application/schema+json")
	_, _ = w.Write(text)
}

func (s *Server) sinks(r *http.Request) ([]api.Sink, error) {
	all, err := s.Events.Sinks(r.Context())
	if err != nil {
		return nil, err
	}
	sinks := []api.Sink{}
	for _, st := range all {
		sink := api.Sink{Name: st.Name, Place: st.Place, Types: []string{}, Datasets: st.Spec.Datasets, Files: st.Spec.Files,
			Undelivered: st.Lag, Oldest: st.Oldest, Delivered: st.Delivered, DeliveredAt: st.DeliveredAt, Refused: st.Refused,
			GivenUp: st.GivenUp, Lost: st.Lost, Failing: st.Failing(), Error: st.Error, ErrorAt: st.ErrorAt}
		for _, t := range st.Spec.Types {
			sink.Types = append(sink.Types, events.ShortType(t))
		}
		sinks = append(sinks, sink)
	}
	return sinks, nil
}

func (s *Server) sinksAPI(w http.ResponseWriter, r *http.Request) {
	sinks, err := s.sinks(r)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	respond.JSON(w, http.StatusOK, sinks)
}

func (s *Server) eventsPage(w http.ResponseWriter, r *http.Request) { s.showEvents(w, r, nil) }

func (s *Server) showEvents(w http.ResponseWriter, r *http.Request, tried *views.Tried) {
	sinks, err := s.sinks(r)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	s.respond.Page(w, r, http.StatusOK, views.EventsPage(s.frame(r, "events", "Events"), views.EventsData{Sinks: sinks, Tried: tried}))
}

// testSink sends a test event; known is false when there is no such sink.
func (s *Server) testSink(r *http.Request, name string) (known bool, err error) {
	known, err = s.Events.Test(r.Context(), name)
	if known {
		s.Log.Info("sent a test event", zap.String("sink", name), zap.Error(err))
	}
	return known, err
}

const noSuchSink = "there is no sink of this name"

// testForm tries a sink for the form of the page, and shows the page with what came of it.
func (s *Server) testForm(w http.ResponseWriter, r *http.Request) {
	name := r.PostFormValue("sink")
	known, err := s.testSink(r, name)
	if !known {
		s.respond.Problem(w, r, http.StatusNotFound, noSuchSink)
		return
	}
	s.showEvents(w, r, &views.Tried{Sink: name, Err: err})
}

func (s *Server) testAPI(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	known, err := s.testSink(r, name)
	switch {
	case !known:
		s.respond.Problem(w, r, http.StatusNotFound, noSuchSink)
	case err != nil:
		s.respond.Problem(w, r, http.StatusBadGateway, "the sink did not take the test event: "+err.Error())
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
