// Package auth decides who may change files: clients that know a token, or a user's
// password. They send it in HTTP's Authorization header, or log in with a form and get a
// session. The package limits how often a client may guess.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/credentials"
)

var (
	// ErrDenied means that the token or password is wrong, or that the request has none.
	ErrDenied = errors.New("not logged in, or the token or password is wrong")
	// ErrTooMany means that the client has made too many wrong attempts.
	ErrTooMany = fmt.Errorf("too many failed logins: try again in %.0f seconds", RetryAfter.Seconds())
)

// RetryAfter is how long after ErrTooMany a client may make another attempt.
const RetryAfter = 10 * time.Second

// Config is the settings for how users log in.
type Config struct {
	TokenFile, User, PasswordFile string
	Read                          bool
}

// Least lengths of the secrets, in bytes.
const (
	minToken    = 16
	minPassword = 8
)

// Guard makes a guard from the settings; nil when they name neither token nor password.
func (c Config) Guard() (*Guard, error) {
	if c.TokenFile == "" && c.User == "" && c.PasswordFile == "" {
		if c.Read {
			return nil, cli.Usagef("--auth-read (AUTH_READ) needs a token or a password: expected --auth-token-file, or --auth-user and --auth-password-file")
		}
		return nil, nil
	}
	if (c.User == "") != (c.PasswordFile == "") {
		return nil, cli.Usagef("--auth-user (AUTH_USER) and --auth-password-file (AUTH_PASSWORD_FILE) belong together: expected both or none")
	}
	token, err := secret(c.TokenFile, "--auth-token-file (AUTH_TOKEN_FILE)", minToken)
	if err != nil {
		return nil, err
	}
	password, err := secret(c.PasswordFile, "--auth-password-file (AUTH_PASSWORD_FILE)", minPassword)
	if err != nil {
		return nil, err
	}
	g := New(token, c.User, password)
	g.read = c.Read
	return g, nil
}

func secret(file, flag string, least int) (string, error) {
	if file == "" {
		return "", nil
	}
	s, err := credentials.Secret(file)
	if err != nil {
		return "", cli.Usagef("%s: %v", flag, err)
	}
	if len(s) < least {
		return "", cli.Usagef("%s: %s holds %d characters, expected at least %d", flag, file, len(s), least)
	}
	return s, nil
}

// Guard checks tokens, passwords and sessions. It is safe for use by many goroutines. A
// nil Guard lets everybody read and nobody change anything.
type Guard struct {
	token, user, password [sha256.Size]byte
	hasToken, hasPassword bool
	read                  bool
	guesses               limiter
	sessions              sessions
}

// New makes a guard that accepts a token, a user's password, or both; an empty one is
// not accepted. Other processes do not know its sessions, unless ShareKey is called.
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

// Writable reports whether there is a way to log in and change files.
func (g *Guard) Writable() bool { return g != nil }

// ProtectsReading reports whether reading needs the token or password, too.
func (g *Guard) ProtectsReading() bool { return g != nil && g.read }

// HasToken reports whether a token is accepted.
func (g *Guard) HasToken() bool { return g != nil && g.hasToken }

// HasPassword reports whether a user's password is accepted.
func (g *Guard) HasPassword() bool { return g != nil && g.hasPassword }

// Check returns nil when the request has a session, "Authorization: Bearer TOKEN" or a
// user and password (HTTP Basic) that are right. Otherwise it returns ErrDenied or
// ErrTooMany.
func (g *Guard) Check(r *http.Request) error {
	if g == nil {
		return ErrDenied
	}
	if g.HasSession(r) {
		return nil
	}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return g.CheckToken(r, token)
	}
	if user, password, ok := r.BasicAuth(); ok {
		return g.CheckPassword(r, user, password)
	}
	return ErrDenied
}

// HasSession reports whether the request has a valid session. A wrong one does not count
// as an attempt.
func (g *Guard) HasSession(r *http.Request) bool {
	if g == nil {
		return false
	}
	c, err := r.Cookie(cookie)
	return err == nil && g.sessions.valid(r.Context(), c.Value)
}

// CheckToken compares in constant time. It accepts the right token also after many wrong
// attempts: it is too long to be guessed, and so nobody can lock its owner out.
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

// CheckPassword compares in constant time. After too many wrong attempts it refuses the
// right password, too.
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
