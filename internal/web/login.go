package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"csv-pipeline/internal/auth"
)

// loginData is what the login form shows.
type loginData struct {
	Next            string
	Wrong           string
	Token, Password bool
}

// toLogin sends a browser to the form, and back to where it was.
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

// local is an address below the base path, or the start page: never another site.
func (s *Server) local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || strings.HasPrefix(next, "/") || strings.ContainsAny(next, "\\\r\n\t") {
		return s.BasePath
	}
	return s.BasePath + next
}

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	if !s.Guard.Writable() {
		s.problem(w, r, http.StatusNotFound, "there is nothing to log in for: nothing can be changed here")
		return
	}
	s.loginForm(w, r, http.StatusOK, r.URL.Query().Get("next"), "")
}

func (s *Server) loginForm(w http.ResponseWriter, r *http.Request, code int, next, wrong string) {
	d := loginData{Next: next, Wrong: wrong, Token: s.Guard.HasToken(), Password: s.Guard.HasPassword()}
	s.show(w, r, code, loginView(s.page(r, "login", "Log in"), d))
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if !s.Guard.Writable() {
		s.problem(w, r, http.StatusNotFound, "there is nothing to log in for: nothing can be changed here")
		return
	}
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusBadRequest, "the form cannot be read")
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
			s.fail(w, r, err)
			return
		}
		http.Redirect(w, r, s.local(next), http.StatusSeeOther)
	case errors.Is(err, auth.ErrTooMany):
		retryAfter(w)
		s.loginForm(w, r, http.StatusTooManyRequests, next, sentence(err.Error()))
	default:
		s.loginForm(w, r, http.StatusUnauthorized, next, "That is not right.")
	}
}

// retryAfter tells when another guess may be made.
func retryAfter(w http.ResponseWriter) {
	w.Header().Set("Retry-After", strconv.Itoa(int(auth.RetryAfter.Seconds())))
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	s.Guard.End(w, r, s.BasePath)
	http.Redirect(w, r, s.BasePath, http.StatusSeeOther)
}
