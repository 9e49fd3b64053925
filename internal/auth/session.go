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

// cookie is the session's name.
const cookie = "csv-pipeline-session"

// sessionLength is how long a login lasts.
const sessionLength = 12 * time.Hour

// Parts of a session, in bytes: until when it is valid, a nonce, and the signature.
const (
	untilSize  = 8
	signedSize = untilSize + 16
)

// sessions signs and checks. The key is random, so that a cookie is of no use for
// guessing a password; the secrets are mixed in, so that a change of them ends the
// sessions and the key alone does not make one.
type sessions struct {
	secrets []byte
	fetch   func(context.Context) (string, error)

	key   atomic.Pointer[[]byte]
	mu    sync.Mutex // held by who fetches the key
	asked time.Time
}

// ShareKey has sessions signed with the key that fetch returns, which is to be the same
// random text in all replicas. It is asked when a session begins, and at most once a
// second when a session comes that was signed with another key: one that gets lost is
// replaced by a new one. Call it before the guard is used.
func (g *Guard) ShareKey(fetch func(context.Context) (string, error)) { g.sessions.fetch = fetch }

// Begin starts a session for all pages below path. The session needs no memory: it
// is signed, and ends by itself or when the secrets change. The error is that of the
// shared key.
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

// End ends the session in this browser.
func (g *Guard) End(w http.ResponseWriter, r *http.Request, path string) { set(w, r, path, "", -1) }

func set(w http.ResponseWriter, r *http.Request, path, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Value: value, Path: path, MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	})
}

func sign(key, value []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(value)
	return mac.Sum(nil)
}

// renew asks for the key; the caller holds mu.
func (s *sessions) renew(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // it is for all
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

// valid reports whether a session is one of ours and lasts.
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
		_, _ = s.renew(ctx) // whoever needs Redis finds out by himself
	}
	newest := s.key.Load()
	return newest != key && signed(*newest)
}
