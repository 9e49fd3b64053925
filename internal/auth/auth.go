// Package auth says who may change things: whoever knows a token, or a user's
// password, by HTTP's own means or by a session that a form begins. It protects
// against requests that other sites make a browser send, and against guessing.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"csv-pipeline/internal/cli"
)

var (
	// ErrDenied: the secret is wrong, or there is none.
	ErrDenied = errors.New("not logged in, or the token or password is wrong")
	// ErrTooMany: too many wrong guesses came from there.
	ErrTooMany = fmt.Errorf("too many failed logins: try again in %.0f seconds", RetryAfter.Seconds())
)

// RetryAfter is how long after ErrTooMany another guess may be made.
const RetryAfter = 10 * time.Second

// Flags are the settings that say by what people are known.
type Flags struct {
	TokenFile, User, PasswordFile string
	Read                          bool
}

// Least lengths of the secrets, in bytes.
const (
	minToken    = 16
	minPassword = 8
)

// Guard makes a guard of what the flags say; nil when they name no secret.
func (f Flags) Guard() (*Guard, error) {
	if f.TokenFile == "" && f.User == "" && f.PasswordFile == "" {
		if f.Read {
			return nil, cli.Usagef("--auth-read (AUTH_READ) needs a secret to ask for: expected --auth-token-file, or --auth-user and --auth-password-file")
		}
		return nil, nil
	}
	if (f.User == "") != (f.PasswordFile == "") {
		return nil, cli.Usagef("--auth-user (AUTH_USER) and --auth-password-file (AUTH_PASSWORD_FILE) go together: expected both or none")
	}
	token, err := secret(f.TokenFile, "--auth-token-file (AUTH_TOKEN_FILE)", minToken)
	if err != nil {
		return nil, err
	}
	password, err := secret(f.PasswordFile, "--auth-password-file (AUTH_PASSWORD_FILE)", minPassword)
	if err != nil {
		return nil, err
	}
	g := New(token, f.User, password)
	g.read = f.Read
	return g, nil
}

func secret(file, flag string, least int) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", cli.Usagef("%s: %v", flag, err)
	}
	s := strings.TrimRight(string(text), "\r\n")
	if len(s) < least {
		return "", cli.Usagef("%s: %s holds %d characters, expected at least %d", flag, file, len(s), least)
	}
	return s, nil
}

// Guard knows the secrets. It is safe for use by many goroutines; a nil Guard lets
// everybody look and nobody change anything.
type Guard struct {
	token, user, password [sha256.Size]byte
	hasToken, hasPassword bool
	read                  bool
	guesses               limiter
	sessions              sessions
}

// New makes a guard that knows a token, a user's password, or both. An empty one
// lets nobody in. Its sessions are its own, unless ShareKey is called.
func New(token, user, password string) *Guard {
	g := &Guard{
		token: sha256.Sum256([]byte(token)), user: sha256.Sum256([]byte(user)), password: sha256.Sum256([]byte(password)),
		hasToken: token != "", hasPassword: password != "",
	}
	g.sessions.secrets = slices.Concat(g.token[:], g.user[:], g.password[:])
	own := rand.Text()
	g.sessions.fetch = func(context.Context) (string, error) { return own, nil }
	return g
}

// Writable reports whether anybody may change things.
func (g *Guard) Writable() bool { return g != nil }

// ProtectsReading reports whether looking needs the secret, too.
func (g *Guard) ProtectsReading() bool { return g != nil && g.read }

// HasToken and HasPassword report what one may log in with.
func (g *Guard) HasToken() bool { return g != nil && g.hasToken }

// HasPassword reports whether one may log in with a user's password.
func (g *Guard) HasPassword() bool { return g != nil && g.hasPassword }

// Check returns nil when the request carries a session or a right secret:
// "Authorization: Bearer TOKEN" or that of a user and password. Otherwise it is
// ErrDenied or ErrTooMany.
func (g *Guard) Check(r *http.Request) error {
	if g == nil {
		return ErrDenied
	}
	if g.HasSession(r) {
		return nil
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return g.CheckToken(r, token)
	}
	if user, password, ok := r.BasicAuth(); ok {
		return g.CheckPassword(r, user, password)
	}
	return ErrDenied
}

// HasSession reports whether the request carries a session. It counts as no guess.
func (g *Guard) HasSession(r *http.Request) bool {
	if g == nil {
		return false
	}
	c, err := r.Cookie(cookie)
	return err == nil && g.sessions.valid(r.Context(), c.Value)
}

// CheckToken compares in constant time. A right token is taken however many wrong
// ones came before: it is too long to be guessed, and nobody can lock its owner out.
func (g *Guard) CheckToken(r *http.Request, token string) error {
	if g == nil {
		return ErrDenied
	}
	sum := sha256.Sum256([]byte(token))
	if g.hasToken && subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 {
		return nil
	}
	return g.judge(r, false)
}

// CheckPassword compares in constant time. After too many wrong ones the right one is
// refused, too.
func (g *Guard) CheckPassword(r *http.Request, user, password string) error {
	if g == nil {
		return ErrDenied
	}
	u, p := sha256.Sum256([]byte(user)), sha256.Sum256([]byte(password))
	return g.judge(r, g.hasPassword && subtle.ConstantTimeCompare(u[:], g.user[:])&subtle.ConstantTimeCompare(p[:], g.password[:]) == 1)
}

func (g *Guard) judge(r *http.Request, right bool) error {
	switch {
	case !g.guesses.try(client(r), right):
		return ErrTooMany
	case !right:
		return ErrDenied
	}
	return nil
}
