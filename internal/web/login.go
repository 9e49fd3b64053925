package web

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/views"
)

// toLogin redirects a browser to the login form, which leads back to this address.
// The files that a form chose are chosen again then: nothing is done to them by itself.
func (s *Server) toLogin(w http.ResponseWriter, r *http.Request) {
	at := url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	if r.Method == http.MethodPost {
		at = s.pageOf(r)
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
			r.Body = http.MaxBytesReader(w, r.Body, maxLogin)
			if err := r.ParseForm(); err == nil && r.PostForm.Has("name") {
				q := at.Query()
				q["chosen"] = r.PostForm["name"]
				if text := q.Encode(); len(text) <= maxChosen {
					at.RawQuery = text
				}
			}
		}
	}
	http.Redirect(w, r, s.BasePath+"login?"+url.Values{"next": {s.belowBase(at)}}.Encode(), http.StatusSeeOther)
}

// belowBase is an address of this server without the base path, as local takes it.
func (s *Server) belowBase(at url.URL) string {
	next := strings.TrimPrefix(strings.TrimPrefix(at.EscapedPath(), s.BasePath), "/")
	if at.RawQuery != "" {
		next += "?" + at.RawQuery
	}
	return next
}

// here is the address of the page that a request is for, or was sent from, to which a login leads back.
// One that is very long is left out.
func (s *Server) here(r *http.Request) string {
	at := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: withoutNotice(r.URL.Query()).Encode()}
	if r.Method == http.MethodPost {
		at = s.pageOf(r)
	}
	if next := s.belowBase(at); len(next) <= maxChosen {
		return next
	}
	return ""
}

// withoutNotice is the query of an address without what it says of an earlier action.
func withoutNotice(q url.Values) url.Values {
	for _, key := range append([]string{"did", "n", "unqueued", "chosen"}, keptKeys()...) {
		q.Del(key)
	}
	return q
}

// maxChosen bounds the part of an address that says which files were chosen, in bytes.
const maxChosen = 16 << 10

// chosenBefore are the values of the boxes that were ticked before the login, which the page ticks
// again: at most as many as a page has.
func chosenBefore(r *http.Request) []string {
	chosen := r.URL.Query()["chosen"]
	return chosen[:min(len(chosen), mostShown)]
}

// pageOf is the page with the form of a request, without what it says of an earlier action.
func (s *Server) pageOf(r *http.Request) url.URL {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host || from.Path == "" {
		return url.URL{Path: strings.TrimSuffix(strings.TrimSuffix(r.URL.Path, "/retry"), "/drop")}
	}
	return url.URL{Path: from.Path, RawPath: from.RawPath, RawQuery: withoutNotice(from.Query()).Encode()}
}

// local is an address below the base path, or else the start page; never another site.
func (s *Server) local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || strings.HasPrefix(next, "/") || strings.ContainsAny(next, "\\\r\n\t") {
		return s.BasePath
	}
	return s.BasePath + next
}

const noLogin = "the inspector is read-only: it has no token or password to log in with"

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	if !s.Guard.Writable() {
		s.respond.Problem(w, r, http.StatusNotFound, noLogin)
		return
	}
	s.loginForm(w, r, http.StatusOK, r.URL.Query().Get("next"), "")
}

func (s *Server) loginForm(w http.ResponseWriter, r *http.Request, code int, next, wrong string) {
	d := views.LoginData{Next: next, Wrong: wrong, Token: s.Guard.HasToken(), Password: s.Guard.HasPassword()}
	frame := s.frame(r, "login", "Log in")
	frame.At = next
	s.respond.Page(w, r, code, views.LoginPage(frame, d))
}

func (s *Server) logIn(w http.ResponseWriter, r *http.Request) {
	if !s.Guard.Writable() {
		s.respond.Problem(w, r, http.StatusNotFound, noLogin)
		return
	}
	if err := r.ParseForm(); err != nil {
		s.respond.Problem(w, r, http.StatusBadRequest, "the form cannot be read")
		return
	}
	var err error
	if token := r.PostForm.Get("token"); token != "" {
		err = s.Guard.CheckToken(r, strings.TrimSpace(token))
	} else {
		err = s.Guard.CheckPassword(r, r.PostForm.Get("user"), r.PostForm.Get("password"))
	}
	next := r.PostForm.Get("next")
	switch {
	case err == nil:
		if err := s.Guard.Begin(w, r, s.BasePath); err != nil {
			s.respond.Unavailable(w, r, err)
			return
		}
		http.Redirect(w, r, s.local(next), http.StatusSeeOther) //nolint:gosec // G710: local keeps to paths of this server
	case errors.Is(err, auth.ErrTooMany):
		retryAfter(w)
		s.loginForm(w, r, http.StatusTooManyRequests, next, format.Sentence(err.Error()))
	default:
		s.loginForm(w, r, http.StatusUnauthorized, next, "Wrong token, user name or password.")
	}
}

// retryAfter tells when the client may try again.
func retryAfter(w http.ResponseWriter) {
	w.Header().Set("Retry-After", strconv.Itoa(int(auth.RetryAfter.Seconds())))
}

func (s *Server) logOut(w http.ResponseWriter, r *http.Request) {
	s.Guard.End(w, r, s.BasePath)
	http.Redirect(w, r, s.BasePath, http.StatusSeeOther)
}
