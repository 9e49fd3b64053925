package auth

import (
	"context"
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
		"nothing":                      {request("", ""), ErrDenied},
		"token, as RFC 9110 allows it": {request("Authorization", "bearer "+token), nil},
		"another scheme":               {request("Authorization", "Bearers "+token), ErrDenied},
		"token":                        {request("Authorization", "Bearer "+token), nil},
		"wrong token":                  {request("Authorization", "Bearer "+token+"x"), ErrDenied},
		"empty token":                  {request("Authorization", "Bearer "), ErrDenied},
		"password":                     {right, nil},
		"forged session":               {request("Cookie", cookie+"="+strings.Repeat("A", 75)), ErrDenied},
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

// begin logs in, and returns a request that carries the session.
func begin(t *testing.T, g *Guard) (*http.Cookie, *http.Request) {
	t.Helper()
	w := httptest.NewRecorder()
	if err := g.Begin(w, request("X-Forwarded-Proto", "https"), "/csv/"); err != nil {
		t.Fatal(err)
	}
	c := w.Result().Cookies()[0]
	return c, request("Cookie", c.Name+"="+c.Value)
}

func TestSession(t *testing.T) {
	g := New(token, "", "")
	c, r := begin(t, g)
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/csv/" {
		t.Errorf("the cookie is %v", c)
	}
	if err := g.Check(r); err != nil {
		t.Errorf("a session: %v", err)
	}
	for i := range c.Value {
		changed := []byte(c.Value)
		if changed[i] == 'A' {
			changed[i] = 'z'
		} else {
			changed[i] = 'A'
		}
		if g.HasSession(request("Cookie", c.Name+"="+string(changed))) {
			t.Errorf("a session that was changed at %d is taken", i)
		}
	}
}

// A session does not help to guess the password: a guard that an attacker makes with the
// right password does not accept it.
func TestSessionTellsNothingAboutThePassword(t *testing.T) {
	_, r := begin(t, New("", "ann", password))
	if New("", "ann", password).HasSession(r) {
		t.Error("whoever has a session can try passwords on it")
	}
}

// Replicas accept each other's sessions, also after a restart and after the key was lost. A
// session ends when the token or password changes.
func TestSharedSessions(t *testing.T) {
	key := "the key of this installation"
	var broken error
	replica := func(password string) *Guard {
		g := New("", "ann", password)
		g.ShareKey(func(context.Context) (string, error) { return key, broken })
		return g
	}
	one, two := replica(password), replica(password)
	_, r := begin(t, one)
	if !two.HasSession(r) || !replica(password).HasSession(r) {
		t.Error("another replica does not know the session")
	}
	if replica("another horse").HasSession(r) {
		t.Error("the session outlives a change of the password")
	}
	key = "the key after the first was lost"
	_, later := begin(t, one)
	two.sessions.asked = time.Time{} // long ago
	if !two.HasSession(later) {
		t.Error("a replica does not learn the new key")
	}
	broken = errors.New("Redis is away")
	two.sessions.asked = time.Time{}
	if !two.HasSession(later) || two.HasSession(r) {
		t.Error("without Redis, what is known of sessions is forgotten")
	}
	if err := two.Begin(httptest.NewRecorder(), request("", ""), "/"); !errors.Is(err, broken) {
		t.Errorf("a login without Redis: %v", err)
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
		g.guesses.try(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32), false)
	}
	if n := len(g.guesses.clients); n > maxClients {
		t.Errorf("%d clients are remembered", n)
	}
}

func TestConfig(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	if g, err := (Config{}).Guard(); g != nil || err != nil {
		t.Errorf("no flags: %v, %v", g, err)
	}
	g, err := Config{TokenFile: file(token + "\n"), Read: true}.Guard()
	if err != nil || g.CheckToken(request("", ""), token) != nil || !g.ProtectsReading() {
		t.Errorf("a token: %v", err)
	}
	for want, f := range map[string]Config{
		"AUTH_READ":                    {Read: true},
		"both or none":                 {User: "ann"},
		"expected at least 16":         {TokenFile: file("short")},
		"no such file":                 {TokenFile: "/nowhere/token"},
		"expected at least 8":          {User: "ann", PasswordFile: file("short")},
		"AUTH_PASSWORD_FILE) belong t": {PasswordFile: file(password)},
	} {
		if _, err := f.Guard(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want an error that says %q", f, err, want)
		}
	}
}
