package queue

import (
	"cmp"
	"crypto/tls"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/credentials"
)

// Config says where the queue is.
type Config struct {
	Host, Username, Password, PasswordFile, List string
	Port                                         int64
	Database                                     int64         // its index; a cluster has only 0
	Patience                                     time.Duration // how long to keep trying to reach Redis

	// URL, where there is one, is redis://user:password@host:port/database, or rediss:// for TLS.
	// What it says takes the place of the fields.
	URL string

	// Addresses, where there are any, are host:port of the Redis to use instead of
	// Host and Port, or of Sentinels, or of nodes of a cluster.
	Addresses []string
	Cluster   bool
	Sentinel  SentinelConfig
	TLS       TLSConfig

	KeepChanges int64 // that of Options, unless those have one
}

// SentinelConfig says how to ask Redis Sentinel for the master; without a Master
// there is no Sentinel.
type SentinelConfig struct{ Master, Username, PasswordFile string }

// TLSConfig says how to encrypt the connections. Without a CAFile Redis'
// certificate must be one that the system trusts; CertFile and KeyFile are for a
// Redis that asks its clients for one.
type TLSConfig struct {
	Enabled                   bool
	CAFile, CertFile, KeyFile string
}

// Address is host:port, of several with commas.
func (c Config) Address() string {
	if at, err := c.located(); err == nil {
		c = at
	}
	return strings.Join(c.addresses(), ",")
}

// located is c with what its URL says in the fields; its errors are the user's mistakes, and do
// not repeat the URL, which may hold a password.
func (c Config) located() (Config, error) {
	if c.URL == "" {
		return c, nil
	}
	parsed, err := redis.ParseURL(c.URL)
	given, _ := url.Parse(c.URL)
	switch {
	case err != nil || given == nil || given.Scheme == "unix" || given.RawQuery != "" || given.Hostname() == "":
		return c, cli.Usagef("--redis-url (REDIS_URL) is not a URL of Redis: expected redis://user:password@host:port/database, or rediss:// for TLS, where only the host is needed")
	case len(c.Addresses) > 0:
		return c, cli.Usagef("--redis-url (REDIS_URL) and --redis-addresses (REDIS_ADDRESSES) are both set: expected one of them")
	}
	c.Addresses = []string{parsed.Addr}
	c.Username = cmp.Or(parsed.Username, c.Username)
	c.TLS.Enabled = c.TLS.Enabled || parsed.TLSConfig != nil
	if parsed.DB != 0 {
		c.Database = int64(parsed.DB)
	}
	if parsed.Password != "" {
		c.Password, c.PasswordFile = parsed.Password, ""
	}
	return c, nil
}

func (c Config) addresses() []string {
	if len(c.Addresses) > 0 {
		return c.Addresses
	}
	return []string{net.JoinHostPort(c.Host, strconv.FormatInt(c.Port, 10))}
}

// options turns c into those of the client; its errors are the user's mistakes.
func (c Config) options() (*redis.UniversalOptions, error) {
	c, err := c.located()
	if err != nil {
		return nil, err
	}
	switch {
	case c.Cluster && c.Sentinel.Master != "":
		return nil, cli.Usagef("--redis-cluster (REDIS_CLUSTER) and --redis-sentinel-master (REDIS_SENTINEL_MASTER) exclude each other: expected one of them")
	case len(c.Addresses) > 1 && !c.Cluster && c.Sentinel.Master == "":
		return nil, cli.Usagef("--redis-addresses (REDIS_ADDRESSES) names %d servers: expected one, or --redis-cluster (REDIS_CLUSTER) or --redis-sentinel-master (REDIS_SENTINEL_MASTER) as well", len(c.Addresses))
	}
	if c.Cluster && c.Database != 0 {
		return nil, cli.Usagef("--redis-database (REDIS_DATABASE) is %d: expected 0, the only one that a cluster has", c.Database)
	}
	password, err := secret("redis-password-file", c.PasswordFile, c.Password)
	if err != nil {
		return nil, err
	}
	ofSentinel, err := secret("redis-sentinel-password-file", c.Sentinel.PasswordFile, "")
	if err != nil {
		return nil, err
	}
	encryption, err := c.TLS.load()
	if err != nil {
		return nil, err
	}
	return &redis.UniversalOptions{
		Addrs: c.addresses(), DB: int(c.Database), IsClusterMode: c.Cluster, MasterName: c.Sentinel.Master,
		Username: c.Username, Password: password,
		SentinelUsername: c.Sentinel.Username, SentinelPassword: ofSentinel,
		TLSConfig:  encryption,
		ClientName: "csv-pipeline", ContextTimeoutEnabled: true, DisableIdentity: true,
		// A command whose answer is lost may have run: who sent it decides, not the client.
		MaxRetries:  -1,
		ReadTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second, DialTimeout: 2 * time.Second,
	}, nil
}

// secret is the text of a file, without the line break at its end, or the given
// text if no file is named.
func secret(flag, path, text string) (string, error) {
	if path == "" {
		return text, nil
	}
	read, err := credentials.Secret(path)
	if err != nil {
		return "", cli.Usagef("--%s (%s): %v", flag, cli.EnvName(flag), err)
	}
	return read, nil
}

// load reads the files; without TLS it is nil.
func (c TLSConfig) load() (*tls.Config, error) {
	if !c.Enabled {
		if c.CAFile+c.CertFile+c.KeyFile != "" {
			return nil, cli.Usagef("certificates are named but --redis-tls (REDIS_TLS) is false: expected true, or no certificates")
		}
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		var err error
		if config.RootCAs, err = credentials.Authorities(c.CAFile); err != nil {
			return nil, cli.Usagef("--redis-tls-ca-file (REDIS_TLS_CA_FILE): %v", err)
		}
	}
	if c.CertFile+c.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, cli.Usagef("--redis-tls-cert-file (REDIS_TLS_CERT_FILE), --redis-tls-key-file (REDIS_TLS_KEY_FILE): %v", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
