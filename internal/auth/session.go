package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// cookie is the name of the cookie that holds a session.
const cookie = "csv-pipeline-session"

// sessionLength is how long a login lasts.
const sessionLength = 12 * time.Hour

// The parts of a session: the time until which it is valid, a nonce of 16 bytes, and the
// signature of both. Sizes are in bytes.
const (
	untilSize  = 8
	signedSize = untilSize + 16
)

// sessions signs sessions and checks them. The key is random, so that a cookie does not
// help to guess a password. Token and password are part of it, so that a change of them
// ends all sessions, and the random part alone is not enough to make one.
type sessions struct {
	secrets []byte
	fetch   func(context.Context) (string, error)

	key   atomic.Pointer[[]byte]
	mu    sync.Mutex // held while the key is fetched
	asked time.Time
}

// ShareKey signs sessions with the key that fetch returns: a random text that is the same
// for all replicas. The guard fetches it when a session begins, and at most once a second
// when it meets a session that was signed with another key, since a lost key is replaced
// by a new one. Call ShareKey before the guard is used.
func (g *Guard) ShareKey(fetch func(context.Context) (string, error)) { g.sessions.fetch = fetch }

// Begin starts a session for all pages below path. Nothing is stored: the session is a
// signed cookie, which expires, or ends when the token or password changes. An error is
// one of fetching the shared key.
func (g *Guard) Begin(w http.ResponseWriter, r *http.Request, path string) error {
	g.sessions.mu.Lock()
	key, err := g.sessions.renew(r.Context())
	g.sessions.mu.Unlock()
	if err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	value := make([]byte, signedSize, signedSize+sha256.Size)
	_, _ = rand.Read(value) // never fails
	binary.BigEndian.PutUint64(value, uint64(time.Now().Add(sessionLength).Unix()))
	set(w, r, path, base64.RawURLEncoding.EncodeToString(append(value, sign(key, value)...)), int(sessionLength.Seconds()))
	return nil
}

// End removes the session from this browser.
func (g *Guard) End(w http.ResponseWriter, r *http.Request, path string) { set(w, r, path, "", -1) }

func set(w http.ResponseWriter, r *http.Request, path, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure wherever the browser came by TLS; make run has none
		Name: cookie, Value: value, Path: path, MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: ByTLS(r),
	})
}

// ByTLS says whether the client came by TLS, to this server or to an ingress before it.
func ByTLS(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}

func sign(key, value []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(value)
	return mac.Sum(nil)
}

// renew fetches the key. The caller holds mu.
func (s *sessions) renew(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // other requests wait for it, too
	defer cancel()
	shared, err := s.fetch(ctx)
	s.asked = time.Now()
	if err != nil {
		return nil, err
	}
	key := sign([]byte(shared), append([]byte("csv-pipeline session key"), s.secrets...))
	s.key.Store(&key)
	return key, nil
}

// valid reports whether a session has our signature and has not expired.
func (s *sessions) valid(ctx context.Context, text string) bool {
	value, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(value) != signedSize+sha256.Size || time.Now().Unix() >= int64(binary.BigEndian.Uint64(value)) {
		return false
	}
	signed := func(key []byte) bool { return hmac.Equal(sign(key, value[:signedSize]), value[signedSize:]) }
	key := s.key.Load()
	if key != nil && signed(*key) {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key.Load() == key && time.Since(s.asked) > time.Second {
		_, _ = s.renew(ctx) // the request fails later if it needs Redis
	}
	newest := s.key.Load()
	return newest != key && signed(*newest)
}
