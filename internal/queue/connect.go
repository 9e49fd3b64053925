package queue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
)

// Config says where the queue is; its flags are the same in every service.
type Config struct {
	Host, Username, Password, PasswordFile, List string
	Port                                         int64
	Patience                                     time.Duration // how long to keep trying to reach Redis
}

// RegisterFlags defines the flags of c.
func (c *Config) RegisterFlags(fs *pflag.FlagSet) {
	fs.StringVar(&c.Host, "redis-host", "localhost", "`host` that Redis runs on")
	cli.Int64(fs, &c.Port, "redis-port", 6379, 1, 65535, "its port")
	fs.StringVar(&c.Username, "redis-username", "", "ACL `user`, where Redis has one for us")
	fs.StringVar(&c.Password, "redis-password", "", "its `password`; better in a file")
	fs.StringVar(&c.PasswordFile, "redis-password-file", "", "`file` that holds the password")
	fs.StringVar(&c.List, "redis-list", "csvs-to-process", "`key` of the list that names are pushed on")
	cli.Duration(fs, &c.Patience, "redis-timeout", time.Minute, 0, 24*time.Hour, "how long to keep trying to reach Redis before giving up")
}

// Address is host:port.
func (c Config) Address() string {
	return net.JoinHostPort(c.Host, strconv.FormatInt(c.Port, 10))
}

// Connect dials Redis and checks the list. While Redis cannot be reached, is
// loading or is full of connections, it tries again with growing pauses for
// c.Patience, telling report each time; a refused password or a key of another
// type end it at once.
func Connect(ctx context.Context, c Config, opts Options, report func(problem error, pause time.Duration)) (*Queue, redis.UniversalClient, error) {
	if c.List == "" {
		return nil, nil, cli.Usagef("--redis-list (REDIS_LIST) is empty: expected the key of a list, such as csvs-to-process")
	}
	if c.PasswordFile != "" {
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, nil, cli.Usagef("--redis-password-file (REDIS_PASSWORD_FILE): %v", err)
		}
		c.Password = strings.TrimRight(string(text), "\r\n")
	}
	redis.SetLogger(&logging.VoidLogger{}) // what goes wrong comes back as an error
	rdb := redis.NewClient(&redis.Options{
		Addr: c.Address(), Username: c.Username, Password: c.Password,
		ClientName: "csv-pipeline", ContextTimeoutEnabled: true, DisableIdentity: true,
		// A command whose answer is lost may have run: who sent it decides, not the client.
		MaxRetries:  -1,
		ReadTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second, DialTimeout: 2 * time.Second,
	})
	q := New(rdb, c.List, opts)
	err := Persist(ctx, c.Patience, report, q.Check)
	if err != nil {
		_ = rdb.Close()
		return nil, nil, fmt.Errorf("redis at %s: %w", c.Address(), err)
	}
	return q, rdb, nil
}

// Persist calls do until it succeeds, fails for good or has failed for longer than
// patience; pauses between calls double from 100 ms to 5 s.
func Persist(ctx context.Context, patience time.Duration, report func(problem error, pause time.Duration), do func(context.Context) error) error {
	deadline := time.Now().Add(patience)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := do(ctx)
		if err == nil || !Unreachable(err) || ctx.Err() != nil {
			return err
		}
		left := time.Until(deadline)
		if left <= 0 {
			return fmt.Errorf("gave up after %v: %w", patience, err)
		}
		pause = min(pause, left)
		report(err, pause)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// Unreachable reports whether err means that Redis cannot serve for now, so that
// the same call may succeed later.
func Unreachable(err error) bool {
	if err == nil || errors.Is(err, redis.Nil) || errors.Is(err, ErrEmpty) || errors.Is(err, ErrLost) || errors.Is(err, ErrWrongType) {
		return false
	}
	var answered redis.Error
	if !errors.As(err, &answered) {
		return true // no answer: the network, a time-out, a closed connection
	}
	for _, passing := range []string{"LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "OOM", "MISCONF", "NOREPLICAS", "ERR max number of clients"} {
		if strings.Contains(answered.Error(), passing) {
			return true
		}
	}
	return false
}

// LogTo reports to a log.
func LogTo(log *zap.Logger) func(problem error, pause time.Duration) {
	return func(problem error, pause time.Duration) {
		log.Warn("Redis cannot be reached, trying again", zap.Error(problem), zap.Duration("pause", pause))
	}
}
