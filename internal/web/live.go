package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/web/views"
)

// liveEvent is what open pages and event streams are sent about a view.
type liveEvent struct {
	view         *activity.View
	page, status []byte // JSON; no status while Redis cannot be reached
}

// makeLive makes the event of the newest view, which all streams share.
func (s *Server) makeLive(ctx context.Context) (*liveEvent, error) {
	view, err := s.monitor.Recent(ctx, 2*activity.Interval)
	if err != nil {
		return s.makeAway(ctx, err)
	}
	if last := s.lastLive; last != nil && last.view == view {
		return last, nil
	}
	o, err := s.overview(ctx, view)
	if err != nil {
		return nil, err
	}
	event := struct {
		Parts  map[string]string `json:"parts"`
		Points []activity.Point  `json:"points"`
	}{map[string]string{}, s.monitor.Throughput(view.At, chartStep)}
	for name, part := range views.LiveParts {
		var b strings.Builder
		if err := part(o).Render(ctx, &b); err != nil {
			return nil, err
		}
		event.Parts[name] = b.String()
	}
	made := &liveEvent{view: view}
	if made.page, err = json.Marshal(event); err != nil {
		return nil, err
	}
	if made.status, err = json.Marshal(o.Status); err != nil {
		return nil, err
	}
	s.lastLive = made
	return made, nil
}

// makeAway makes an event for open pages that says that Redis cannot be reached, if there is
// something to show beside that; why otherwise.
func (s *Server) makeAway(ctx context.Context, why error) (*liveEvent, error) {
	view := s.monitor.Last()
	if view == nil || ctx.Err() != nil {
		return nil, why
	}
	o, err := s.overview(ctx, view)
	if err != nil {
		return nil, err
	}
	o.Away = true
	event := struct {
		Parts map[string]string `json:"parts"`
	}{map[string]string{}}
	for name, part := range views.AwayParts {
		var b strings.Builder
		if err := part(o).Render(ctx, &b); err != nil {
			return nil, err
		}
		event.Parts[name] = b.String()
	}
	made := &liveEvent{}
	if made.page, err = json.Marshal(event); err != nil {
		return nil, err
	}
	s.lastLive = nil // what comes after it is news, also if nothing changed meanwhile
	return made, nil
}

func (s *Server) liveStream(w http.ResponseWriter, r *http.Request) {
	s.stream(w, r, func(e *liveEvent) []byte { return e.page })
}

func (s *Server) statusStream(w http.ResponseWriter, r *http.Request) {
	s.stream(w, r, func(e *liveEvent) []byte { return e.status })
}

// stream sends server-sent events until the client leaves or the server stops.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, choose func(*liveEvent) []byte) {
	changed, stop := s.monitor.Watch()
	defer stop()
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not buffer events
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	var last string
	for {
		text := ":\n\n" // a comment keeps the connection open
		if event, err := s.live.Fresh(r.Context()); err == nil {
			if now := string(choose(event)); now != "" && now != last {
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
