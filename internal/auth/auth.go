// Package auth says who may change things: whoever knows a token, or a user's
// password, by HTTP's own means or by a session that a form begins. It protects
// against requests that other sites make a browser send, and against guessing.
package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"csv-pipeline/internal/cli"
)

var (
	// ErrDenied: the secret is wrong, or there is none.
	ErrDenied = errors.New("not logged in, or the token or password is wrong")
	// ErrTooMany: too many wrong guesses came from there.
	ErrTooMany = errors.New("too many failed logins; try again in a minute")
)

// Flags say by what people are known.
type Flags struct {
	TokenFile, User, PasswordFile string
	Read                          bool
}

// RegisterFlags defines the flags of f.
func (f *Flags) RegisterFlags(fs *pflag.FlagSet) {
	fs.StringVar(&f.TokenFile, "auth-token-file", "", "`file` with the token that lets one retry, drop and upload; without it, and without a password, nothing can be changed")
	fs.StringVar(&f.User, "auth-user", "", "`name` of the user who may do so by password")
	fs.StringVar(&f.PasswordFile, "auth-password-file", "", "`file` with that user's password")
	fs.BoolVar(&f.Read, "auth-read", false, "ask for the token or password for looking, too")
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
	key                   [sha256.Size]byte // of the sessions; other secrets make another one
	guesses               limiter
}

// New makes a guard that knows a token, a user's password, or both. An empty one
// lets nobody in.
func New(token, user, password string) *Guard {
	g := &Guard{
		token: sha256.Sum256([]byte(token)), user: sha256.Sum256([]byte(user)), password: sha256.Sum256([]byte(password)),
		hasToken: token != "", hasPassword: password != "",
	}
	mac := hmac.New(sha256.New, []byte("csv-pipeline session key"))
	for _, part := range [][sha256.Size]byte{g.token, g.user, g.password} {
		mac.Write(part[:])
	}
	mac.Sum(g.key[:0])
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
	if c, err := r.Cookie(cookie); err == nil && g.session(c.Value) {
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

// CheckToken compares in constant time. A right token is taken however many wrong
// ones came before: it is too long to be guessed, and nobody can lock its owner out.
func (g *Guard) CheckToken(r *http.Request, token string) error {
	sum := sha256.Sum256([]byte(token))
	if g != nil && g.hasToken && subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 {
		return nil
	}
	return g.wrong(r)
}

// CheckPassword compares in constant time, unless too many wrong ones came before.
func (g *Guard) CheckPassword(r *http.Request, user, password string) error {
	if g == nil {
		return ErrDenied
	}
	if !g.guesses.allowed(client(r)) {
		return ErrTooMany
	}
	u, p := sha256.Sum256([]byte(user)), sha256.Sum256([]byte(password))
	if g.hasPassword && subtle.ConstantTimeCompare(u[:], g.user[:])&subtle.ConstantTimeCompare(p[:], g.password[:]) == 1 {
		return nil
	}
	return g.wrong(r)
}

func (g *Guard) wrong(r *http.Request) error {
	if g != nil && !g.guesses.take(client(r)) {
		return ErrTooMany
	}
	return ErrDenied
}

// cookie is the session's name.
const cookie = "csv-pipeline-session"

// sessionLength is how long a login lasts.
const sessionLength = 12 * time.Hour

// Begin starts a session for all pages below path. The session needs no memory: it
// is signed, and ends by itself or when the secrets change.
func (g *Guard) Begin(w http.ResponseWriter, r *http.Request, path string) {
	value := make([]byte, 8, 8+16+sha256.Size)
	binary.BigEndian.PutUint64(value, uint64(time.Now().Add(sessionLength).Unix()))
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	value = append(value, nonce...)
	g.set(w, r, path, base64.RawURLEncoding.EncodeToString(append(value, g.sign(value)...)), int(sessionLength.Seconds()))
}

// End ends the session in this browser.
func (g *Guard) End(w http.ResponseWriter, r *http.Request, path string) { g.set(w, r, path, "", -1) }

func (g *Guard) set(w http.ResponseWriter, r *http.Request, path, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Value: value, Path: path, MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	})
}

func (g *Guard) sign(value []byte) []byte {
	mac := hmac.New(sha256.New, g.key[:])
	mac.Write(value)
	return mac.Sum(nil)
}

func (g *Guard) session(text string) bool {
	value, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(value) != 8+16+sha256.Size {
		return false
	}
	signed, signature := value[:8+16], value[8+16:]
	return hmac.Equal(g.sign(signed), signature) && time.Now().Unix() < int64(binary.BigEndian.Uint64(signed))
}
