package auth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	token    = "a-token-of-many-characters"
	password = "correct horse"
)

func request(header, value string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	if header != "" {
		r.Header.Set(header, value)
	}
	return r
}

func TestCheck(t *testing.T) {
	g := New(token, "ann", password)
	right := httptest.NewRequest(http.MethodPost, "/", nil)
	right.SetBasicAuth("ann", password)
	for name, c := range map[string]struct {
		r    *http.Request
		want error
	}{
		"nothing":        {request("", ""), ErrDenied},
		"token":          {request("Authorization", "Bearer "+token), nil},
		"wrong token":    {request("Authorization", "Bearer "+token+"x"), ErrDenied},
		"empty token":    {request("Authorization", "Bearer "), ErrDenied},
		"password":       {right, nil},
		"forged session": {request("Cookie", cookie+"="+strings.Repeat("A", 75)), ErrDenied},
	} {
		if err := g.Check(c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	empty := New("", "", "")
	noPassword := httptest.NewRequest(http.MethodPost, "/", nil)
	noPassword.SetBasicAuth("", "")
	for _, r := range []*http.Request{request("Authorization", "Bearer "), noPassword} {
		if err := empty.Check(r); !errors.Is(err, ErrDenied) {
			t.Errorf("without a secret: %v", err)
		}
		if err := (*Guard)(nil).Check(r); !errors.Is(err, ErrDenied) {
			t.Errorf("without a guard: %v", err)
		}
	}
}

func TestSession(t *testing.T) {
	g := New(token, "", "")
	w := httptest.NewRecorder()
	https := request("X-Forwarded-Proto", "https")
	g.Begin(w, https, "/csv/")
	c := w.Result().Cookies()[0]
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/csv/" {
		t.Errorf("the cookie is %v", c)
	}
	if err := g.Check(request("Cookie", c.Name+"="+c.Value)); err != nil {
		t.Errorf("a session: %v", err)
	}
	if err := New(token+"2", "", "").Check(request("Cookie", c.Name+"="+c.Value)); err == nil {
		t.Error("the session outlives a change of the token")
	}
	for i := range c.Value {
		changed := []byte(c.Value)
		if changed[i] == 'A' {
			changed[i] = 'z'
		} else {
			changed[i] = 'A'
		}
		if g.session(string(changed)) {
			t.Errorf("a session that was changed at %d is taken", i)
		}
	}
}

func TestGuessesAreLimited(t *testing.T) {
	g := New(token, "ann", password)
	now := time.Unix(1e9, 0)
	g.guesses.now = func() time.Time { return now }
	guess := func(password string) error {
		return g.CheckPassword(request("", ""), "ann", password)
	}
	for range burst {
		if err := guess("wrong"); !errors.Is(err, ErrDenied) {
			t.Fatal(err)
		}
	}
	if err := guess(password); !errors.Is(err, ErrTooMany) {
		t.Errorf("after %d wrong ones: %v", burst, err)
	}
	if err := g.CheckToken(request("", ""), token); err != nil {
		t.Errorf("the token's owner is locked out: %v", err)
	}
	if err := g.CheckToken(request("", ""), "wrong"); !errors.Is(err, ErrTooMany) {
		t.Errorf("a wrong token: %v", err)
	}
	other := request("", "")
	other.RemoteAddr = "[2001:db8::1]:1234"
	if err := g.CheckPassword(other, "ann", password); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	now = now.Add(refill)
	if err := guess(password); err != nil {
		t.Errorf("later: %v", err)
	}
	for i := range 2 * maxClients {
		g.guesses.take(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32))
	}
	if n := len(g.guesses.clients); n > maxClients {
		t.Errorf("%d clients are remembered", n)
	}
}

func TestFlags(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	if g, err := (Flags{}).Guard(); g != nil || err != nil {
		t.Errorf("no flags: %v, %v", g, err)
	}
	g, err := Flags{TokenFile: file(token + "\n"), Read: true}.Guard()
	if err != nil || g.CheckToken(request("", ""), token) != nil || !g.ProtectsReading() {
		t.Errorf("a token: %v", err)
	}
	for want, f := range map[string]Flags{
		"AUTH_READ":                {Read: true},
		"both or none":             {User: "ann"},
		"expected at least 16":     {TokenFile: file("short")},
		"no such file":             {TokenFile: "/nowhere/token"},
		"expected at least 8":      {User: "ann", PasswordFile: file("short")},
		"AUTH_PASSWORD_FILE) go t": {PasswordFile: file(password)},
	} {
		if _, err := f.Guard(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want an error that says %q", f, err, want)
		}
	}
}
