// Package respond is how the inspector answers over HTTP, whatever a page is about:
// pages, JSON, files and problems, by what the client accepts.
package respond

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"go.uber.org/zap"

	"csv-pipeline/internal/web/format"
)

// Responder answers requests. Make it with New.
type Responder struct {
	log         *zap.Logger
	problemPage func(r *http.Request, code int, detail string) templ.Component
	digests     chan struct{} // holds an element for each file that is being read for its digest
}

// New makes a responder. problemPage draws the page that tells a browser what is wrong.
func New(log *zap.Logger, problemPage func(r *http.Request, code int, detail string) templ.Component) *Responder {
	return &Responder{log: log, problemPage: problemPage, digests: make(chan struct{}, mostDigests)}
}

// Page answers with a page.
func (p *Responder) Page(w http.ResponseWriter, r *http.Request, code int, view templ.Component) {
	var b bytes.Buffer
	if err := view.Render(r.Context(), &b); err != nil {
		if r.Context().Err() == nil { // the client still waits
			p.log.Error("a page could not be rendered", zap.String("path", format.Visible(r.URL.Path)), zap.Error(err))
			http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		}
		return
	}
	header := w.Header()
	// Not no-referrer: browsers then hide the origin of forms, which is checked.
	header["Referrer-Policy"] = sameOrigin
	header["Cross-Origin-Opener-Policy"] = sameOrigin
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // an error means that the client has gone
}

// JSON answers with JSON that caches do not keep.
func JSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // an error means that the client has gone
}

// Problem answers that a request cannot be served: with a page for a browser, with
// problem details (RFC 9457) for others.
func (p *Responder) Problem(w http.ResponseWriter, r *http.Request, code int, detail string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept")
	for _, name := range []string{"ETag", "Content-Disposition", "Last-Modified"} {
		w.Header().Del(name)
	}
	if WantsPage(r) && !strings.HasPrefix(r.URL.Path, "/api/") {
		p.Page(w, r, code, p.problemPage(r, code, detail))
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(code), "status": code, "detail": detail})
	}
}

// Error answers 400 where err is a BadRequest, and otherwise as Unavailable does.
func (p *Responder) Error(w http.ResponseWriter, r *http.Request, err error) {
	var mistake BadRequest
	if errors.As(err, &mistake) {
		p.Problem(w, r, http.StatusBadRequest, mistake.Detail)
		return
	}
	p.Unavailable(w, r, err)
}

// Unavailable answers 503: Redis or the file store does not work for now. It logs err,
// which the client is not told.
func (p *Responder) Unavailable(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	p.log.Error("a request failed", zap.String("path", format.Visible(r.URL.Path)), zap.Error(err))
	p.Problem(w, r, http.StatusServiceUnavailable, "Redis or the file store cannot be reached for now; try again soon")
}
