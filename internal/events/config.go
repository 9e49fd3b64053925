package events

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
)

// Config is what the file of --events-config says. Files that it names are read by Open.
type Config struct {
	// Source is the source of all events; "" is /csv-pipeline/<list>.
	Source string `yaml:"source"`
	// GiveUpAfter is the age at which an event is given up that cannot be delivered; 0 is 24 h.
	GiveUpAfter Duration `yaml:"giveUpAfter"`
	// StuckAfter is how long names must have waited, with no worker taking one, until the queue
	// is told to be stuck; 0 is 10 min.
	StuckAfter Duration `yaml:"stuckAfter"`
	Sinks      []Spec   `yaml:"sinks"`
}

// Spec is one sink: where events go, and which.
type Spec struct {
	Name     string   `yaml:"name"`
	Types    []string `yaml:"types"`    // short or full; none: all
	Datasets []string `yaml:"datasets"` // none: all
	Files    []string `yaml:"files"`    // globs, as those of datasets; none: all
	From     string   `yaml:"from"`     // when it is new: new or all; "" is new
	// Exactly one of these is given.
	HTTP  *HTTPSpec  `yaml:"http"`
	Redis *RedisSpec `yaml:"redis"`
}

// HTTPSpec is a sink that is sent events by HTTP.
type HTTPSpec struct {
	URL               string   `yaml:"url"`
	Mode              string   `yaml:"mode"`              // binary or structured; "" is structured
	SigningSecretFile string   `yaml:"signingSecretFile"` // whsec_… of Standard Webhooks
	TokenFile         string   `yaml:"tokenFile"`         // sent as bearer token
	CAFile            string   `yaml:"caFile"`            // in PEM; "" trusts what the system trusts
	Timeout           Duration `yaml:"timeout"`           // 0 is 10 s
	Parallel          int      `yaml:"parallel"`          // deliveries at a time; 0 is 4
}

// RedisSpec is a sink that is a list or a stream.
type RedisSpec struct {
	URL          string `yaml:"url"` // redis:// or rediss://; "" is the Redis of the queue
	PasswordFile string `yaml:"passwordFile"`
	CAFile       string `yaml:"caFile"`
	List         string `yaml:"list"`   // key of a list that is pushed the name of each result
	Stream       string `yaml:"stream"` // key of a stream that events are added to
	MaxLen       int64  `yaml:"maxLen"` // entries the stream keeps, about; 0 is 100,000
}

// Duration is written as 10s or 24h.
type Duration time.Duration

// UnmarshalText reads it. What is none becomes less than 0, which check refuses by the field's name.
func (d *Duration) UnmarshalText(text []byte) error {
	read, err := time.ParseDuration(string(text))
	if err != nil || read <= 0 {
		read = -1
	}
	*d = Duration(read)
	return nil
}

// check puts the standard in the place of nothing.
func (d *Duration) check(field string, standard time.Duration) error {
	if *d < 0 {
		return fmt.Errorf("%s: expected a time such as 10s, 5m or 24h", field)
	}
	if *d == 0 {
		*d = Duration(standard)
	}
	return nil
}

// The modes of HTTP, and where a new sink begins.
const (
	ModeBinary     = "binary"
	ModeStructured = "structured"

	FromNew = "new"
	FromAll = "all"
)

// Parse reads a configuration in YAML or JSON and checks it. Its errors name the field.
func Parse(text []byte) (Config, error) {
	var c Config
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
		return c, errors.New(line)
	}
	if _, err := url.Parse(c.Source); err != nil || strings.ContainsFunc(c.Source, unicode.IsSpace) {
		return c, fmt.Errorf("source: %q: expected a URI reference such as /csv-pipeline/sales", c.Source)
	}
	if err := errors.Join(c.GiveUpAfter.check("giveUpAfter", 24*time.Hour), c.StuckAfter.check("stuckAfter", 10*time.Minute)); err != nil {
		return c, err
	}
	names := map[string]bool{}
	for i := range c.Sinks {
		s := &c.Sinks[i]
		if err := s.check(); err != nil {
			return c, fmt.Errorf("sinks[%d].%w", i, err)
		}
		if names[s.Name] {
			return c, fmt.Errorf("sinks[%d].name: %s is the name of another sink, too", i, s.Name)
		}
		names[s.Name] = true
	}
	return c, nil
}

var sinkName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (s *Spec) check() error {
	if !sinkName.MatchString(s.Name) {
		return fmt.Errorf("name: %q: expected lower-case letters, digits and dashes, 63 at most", s.Name)
	}
	for i, kind := range s.Types {
		full, ok := FullType(kind)
		if !ok {
			return fmt.Errorf("types[%d]: %q: expected one of %s", i, kind, shortTypes())
		}
		s.Types[i] = full
	}
	for i, glob := range s.Files {
		if _, err := path.Match(glob, ""); err != nil {
			return fmt.Errorf("files[%d]: %q: %w", i, glob, err)
		}
	}
	if s.From == "" {
		s.From = FromNew
	}
	if s.From != FromNew && s.From != FromAll {
		return fmt.Errorf("from: %q: expected %s or %s", s.From, FromNew, FromAll)
	}
	switch {
	case (s.HTTP == nil) == (s.Redis == nil):
		return errors.New("http, redis: expected one of them")
	case s.HTTP != nil:
		return s.HTTP.check()
	}
	return s.Redis.check(s)
}

func shortTypes() string {
	var short []string
	for _, t := range Types {
		short = append(short, ShortType(t))
	}
	return strings.Join(short, ", ")
}

func (h *HTTPSpec) check() error {
	u, err := url.Parse(h.URL)
	if err != nil {
		return errors.New("http.url: expected an address such as https://example.org/events") // the error would show a password
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("http.url: expected an address such as https://example.org/events")
	}
	if u.User != nil {
		return errors.New("http.url: it holds a password: expected http.tokenFile instead")
	}
	if h.Mode == "" {
		h.Mode = ModeStructured
	}
	if h.Mode != ModeBinary && h.Mode != ModeStructured {
		return fmt.Errorf("http.mode: %q: expected %s or %s", h.Mode, ModeBinary, ModeStructured)
	}
	if err := h.Timeout.check("http.timeout", 10*time.Second); err != nil {
		return err
	}
	if h.Parallel == 0 {
		h.Parallel = 4
	}
	if h.Parallel < 1 || h.Parallel > 100 {
		return fmt.Errorf("http.parallel: %d: expected 1 to 100", h.Parallel)
	}
	return nil
}

func (r *RedisSpec) check(s *Spec) error {
	if r.URL != "" {
		o, err := redis.ParseURL(r.URL)
		if err != nil {
			return errors.New("redis.url: expected redis://host:6379 or rediss://host:6379, with /1 behind it for the database 1")
		}
		if o.Password != "" {
			return errors.New("redis.url: it holds a password: expected redis.passwordFile instead")
		}
	} else if r.PasswordFile+r.CAFile != "" {
		return errors.New("redis.url: expected the address of the Redis that passwordFile or caFile are for")
	}
	if (r.List == "") == (r.Stream == "") {
		return errors.New("redis.list, redis.stream: expected one of them")
	}
	if r.MaxLen < 0 || r.MaxLen > 0 && r.Stream == "" {
		return errors.New("redis.maxLen: expected a number above 0, of a stream")
	}
	if r.List != "" {
		if len(s.Types) == 0 {
			s.Types = []string{queue.TypeDone}
		}
		if !slices.Equal(s.Types, []string{queue.TypeDone}) {
			return errors.New("types: a list is pushed names of results: expected just result.done")
		}
	}
	return nil
}

// parseSecret reads a signing secret of Standard Webhooks.
func parseSecret(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(text), "whsec_"))
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("expected whsec_ and 24 to 64 bytes in base64")
	}
	return key, nil
}
