package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"csv-pipeline/internal/auth"
)

const token, password = "a-token-of-many-characters", "correct horse"

// session logs in at a guard and returns the cookie.
func session(t *testing.T, g *auth.Guard) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := g.Begin(w, httptest.NewRequest(http.MethodPost, "/login", nil), "/"); err != nil {
		t.Fatal(err)
	}
	return w.Result().Cookies()[0]
}

func with(c *http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.AddCookie(c)
	return r
}

func TestSessionLastsTwelveHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := auth.New(token, "ann", password)
		c := session(t, g)
		if c.MaxAge != 12*60*60 {
			t.Errorf("a browser keeps it for %d s", c.MaxAge)
		}
		time.Sleep(12*time.Hour - time.Second)
		if err := g.Check(with(c)); err != nil {
			t.Errorf("before its end: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := g.Check(with(c)); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("after its end: %v", err)
		}
	})
}

// TestLogoutIsOfOneBrowser: a logout does not end other sessions.
func TestLogoutIsOfOneBrowser(t *testing.T) {
	g := auth.New(token, "", "")
	c := session(t, g)
	w := httptest.NewRecorder()
	g.End(w, with(c), "/")
	if gone := w.Result().Cookies()[0]; gone.Name != c.Name || gone.MaxAge >= 0 || gone.Value != "" {
		t.Errorf("the browser is told %v", gone)
	}
	if err := g.Check(with(c)); err != nil {
		t.Errorf("in another browser: %v", err)
	}
}

// TestFiveGuessesAndThenOneInTenSeconds: whatever X-Forwarded-For a client sends.
func TestFiveGuessesAndThenOneInTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := auth.New(token, "ann", password)
		n := 0
		guess := func(password string) error {
			r := httptest.NewRequest(http.MethodPost, "/login", nil)
			n++
			r.Header.Set("X-Forwarded-For", "203.0.113."+string(rune('0'+n%10)))
			r.Header.Set("Forwarded", "for=203.0.113."+string(rune('0'+n%10)))
			return g.CheckPassword(r, "ann", password)
		}
		for i := range 5 {
			if err := guess("wrong"); !errors.Is(err, auth.ErrDenied) {
				t.Fatalf("guess %d: %v", i+1, err)
			}
		}
		if err := guess("wrong"); !errors.Is(err, auth.ErrTooMany) {
			t.Errorf("the sixth: %v", err)
		}
		time.Sleep(9 * time.Second)
		if err := guess(password); !errors.Is(err, auth.ErrTooMany) {
			t.Errorf("after nine seconds: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := guess("wrong"); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("after eleven seconds: %v", err)
		}
		if err := guess("wrong"); !errors.Is(err, auth.ErrTooMany) {
			t.Errorf("and once more: %v", err)
		}
	})
}
