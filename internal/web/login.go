package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/views"
)

// toLogin redirects a browser to the login form, which leads back to this address.
func (s *Server) toLogin(w http.ResponseWriter, r *http.Request) {
	next := ""
	if r.Method == http.MethodGet {
		next = strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, s.BasePath), "/")
		if r.URL.RawQuery != "" {
			next += "?" + r.URL.RawQuery
		}
	}
	http.Redirect(w, r, s.BasePath+"login?"+url.Values{"next": {next}}.Encode(), http.StatusSeeOther)
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
	s.respond.Page(w, r, code, views.LoginPage(s.frame(r, "login", "Log in"), d))
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
