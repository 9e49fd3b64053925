package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.uber.org/zap"

	"csv-pipeline/internal/chart"
	"csv-pipeline/internal/filestore"
)

//go:embed templates/*.html
var templates embed.FS

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

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"size": formatSize, "count": formatCount, "visible": visible, "path": escapePath, "ago": formatAgo, "took": formatTook,
	"stamp":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"version": func() string { return version },
	"result":  func(raw string) string { name, _ := filestore.ResultName(raw); return name },
	"rate":    func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) },
	"speed": func(rows int64, seconds float64) string {
		if rows == 0 || seconds <= 0 {
			return ""
		}
		return formatCount(int64(float64(rows) / seconds))
	},
	"mod":  func(i int) int { return i % len(chart.Palette) },
	"safe": func(svg string) template.HTML { return template.HTML(svg) }, //nolint:gosec // of package chart, which escapes all texts
	"add":  func(a, b int) int { return a + b },
	"json": func(v any) (string, error) { text, err := json.Marshal(v); return string(text), err },
}).ParseFS(templates, "templates/*.html"))

// page is what every template gets.
type page struct {
	Title    string
	Here     string // the menu's entry
	Base     string
	Writable bool // somebody may change things
	LoggedIn bool
	Protects bool // looking needs a login, too
	Notice   string
	Data     any
}

// render writes a page.
func (s *Server) render(w http.ResponseWriter, r *http.Request, code int, name, title string, data any) {
	p := page{Title: title, Here: name, Base: s.BasePath, Writable: s.Guard.Writable(), Protects: s.Guard.ProtectsReading(), Data: data}
	p.LoggedIn = p.Writable && s.Guard.Check(r) == nil
	p.Notice = notice(r.URL.Query())
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, name+".html", p); err != nil {
		s.Log.Error("a page could not be made", zap.String("page", name), zap.Error(err))
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(b.String())) // the client has gone, or all is well
}

// notice says what an action did. The text is made here, since an address can be
// written by anybody.
func notice(q url.Values) string {
	n, err := strconv.Atoi(q.Get("n"))
	if err != nil || n < 0 {
		return ""
	}
	what := formatCount(n) + " files"
	if n == 1 {
		what = "1 file"
	}
	switch q.Get("did") {
	case "retry":
		return what + " will be tried again."
	case "drop":
		return what + " dropped."
	case "upload":
		return what + " uploaded and queued."
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

// wantsPage reports whether the client is a browser that shows pages.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
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
		s.render(w, r, code, "problem", http.StatusText(code), detail)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(code), "status": code, "detail": detail})
	}
}

// formatSize writes bytes for people: 5,120 becomes 5.0 KiB.
func formatSize(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/(1<<10), 0
	for value >= 1<<10 && unit < 4 {
		value, unit = value/(1<<10), unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTP"[unit])
}

// formatCount groups digits: 12345 becomes 12,345.
func formatCount(v any) string {
	text := fmt.Sprint(v)
	digits, fraction, hasFraction := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	if strings.Trim(digits+fraction, "0123456789") != "" {
		return text
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if hasFraction {
		digits += "." + fraction
	}
	return sign + digits
}

// formatAgo is how long ago something was, for people.
func formatAgo(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return formatSpan(time.Since(t)) + " ago"
}

func formatSpan(d time.Duration) string {
	d = max(0, d)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// formatTook is a length of time in seconds, for people.
func formatTook(seconds float64) string {
	switch {
	case seconds < 0.001:
		return fmt.Sprintf("%.0f µs", seconds*1e6)
	case seconds < 1:
		return fmt.Sprintf("%.1f ms", seconds*1e3)
	case seconds < 120:
		return fmt.Sprintf("%.1f s", seconds)
	}
	return formatSpan(time.Duration(seconds * float64(time.Second)))
}

// visible is a text whose invisible characters can be seen: those that control the
// direction of writing could make a name look like another.
func visible(text string) string {
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Co) || r == unicode.ReplacementChar
}

// escapePath is a name as part of an address.
func escapePath(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}
