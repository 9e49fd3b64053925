package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"go.uber.org/zap"
)

//go:embed assets
var assets embed.FS

// version is a digest of all assets: a page asks for them by it, so that a browser
// may keep them for ever.
var version = func() string {
	sum := sha256.New()
	err := fs.WalkDir(assets, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := assets.ReadFile(name)
		sum.Write(text)
		return err
	})
	if err != nil {
		panic(err) // embedded at build time
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}()

// page is what every page has around its own part.
type page struct {
	Title    string
	Here     string // the menu's entry
	Base     string
	Writable bool // somebody may change things
	LoggedIn bool // by a session, which one can end
	Notice   string
	Stale    string // when the files were listed, where that does not work any more
}

// asset is the address of what pages are made of.
func (p page) asset(name string) string { return p.Base + "assets/" + name + "?v=" + version }

// page begins one for a request.
func (s *Server) page(r *http.Request, here, title string) page {
	p := page{Title: title, Here: here, Base: s.BasePath, Writable: s.Guard.Writable(), Notice: notice(r.URL.Query())}
	p.LoggedIn = s.Guard.HasSession(r)
	if files := s.Catalog.Latest(); files != nil && s.Catalog.Check() != nil {
		p.Stale = formatTime(files.At)
	}
	return p
}

// show writes a page.
func (s *Server) show(w http.ResponseWriter, r *http.Request, code int, view templ.Component) {
	var b bytes.Buffer
	if err := view.Render(r.Context(), &b); err != nil {
		if r.Context().Err() == nil { // somebody still waits for it
			s.Log.Error("a page could not be made", zap.String("path", visible(r.URL.Path)), zap.Error(err))
			http.Error(w, "the page could not be made", http.StatusInternalServerError)
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
	_, _ = w.Write(b.Bytes()) // the client has gone, or all is well
}

// notice says what an action did. The text is made here, since an address can be
// written by anybody.
func notice(q url.Values) string {
	n, err := strconv.Atoi(q.Get("n"))
	if err != nil || n < 0 {
		return ""
	}
	what := plural(n, "file", "files")
	switch q.Get("did") {
	case "retry":
		return what + " will be tried again."
	case "drop":
		return what + " dropped." + keptNotice(q)
	case "upload":
		return uploadNotice(q, what)
	}
	return ""
}

// asset serves what pages are made of.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	name := path.Join("assets", path.Clean("/"+r.PathValue("name")))
	text, err := assets.ReadFile(name)
	if err != nil {
		s.problem(w, r, http.StatusNotFound, "there is nothing at this address")
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Header().Set("ETag", `"`+version+`"`)
	w.Header().Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, strings.NewReader(string(text)))
}

// wantsPage reports whether the client shows pages, as a browser does: it accepts HTML
// by name, and does not like JSON better. One that accepts anything, as curl does, is
// a program.
func wantsPage(r *http.Request) bool {
	accept := strings.ToLower(strings.Join(r.Header["Accept"], ","))
	if !strings.Contains(accept, "html") {
		return false // soon, as programs ask most
	}
	var html, data float64
	for one := range strings.SplitSeq(accept, ",") {
		kind, parameters, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, there := parameters["q"]; there {
			if quality, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		switch kind {
		case "text/html", "application/xhtml+xml":
			html = max(html, quality)
		case "application/json":
			data = max(data, quality)
		}
	}
	return html > 0 && html >= data
}

// format is that in which an address with more than one form is asked for: as it says
// itself, or html for a browser and json for programs.
func format(w http.ResponseWriter, r *http.Request) string {
	w.Header().Add("Vary", "Accept")
	switch asked := r.URL.Query().Get("format"); {
	case asked != "":
		return asked
	case wantsPage(r):
		return "html"
	}
	return "json"
}

// problem answers that something cannot be done: a page for a browser, RFC 9457
// problem details for others.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, code int, detail string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept")
	for _, name := range []string{"ETag", "Content-Disposition", "Last-Modified"} {
		w.Header().Del(name)
	}
	if wantsPage(r) && !strings.HasPrefix(r.URL.Path, "/api/") {
		s.show(w, r, code, problemView(s.page(r, "problem", http.StatusText(code)), detail))
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(code), "status": code, "detail": detail})
	}
}
