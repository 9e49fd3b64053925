package service

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/queue"
)

// DataVolume is the default of --store-url: where the images and the chart mount the files.
const DataVolume = "file:///data"

// StoreFlag defines --store-url.
func StoreFlag(fs *pflag.FlagSet, target *string, standard string) {
	fs.StringVar(target, "store-url", standard,
		"`URL` of the place that holds raw/ and processed/: a folder or a bucket, such as file:///data, s3://bucket/prefix?region=eu-central-1, "+
			"gs://bucket/prefix or azblob://container/prefix; &endpoint=http://minio:9000 is for other S3-compatible stores")
}

// LogLevelFlag defines --log-level.
func LogLevelFlag(fs *pflag.FlagSet, target *zapcore.Level, standard zapcore.Level) {
	cli.Choice(fs, target, "log-level", standard, []zapcore.Level{zapcore.DebugLevel, zapcore.InfoLevel, zapcore.WarnLevel, zapcore.ErrorLevel},
		"the lowest `level` of the lines that are logged")
}

// RedisFlags defines the flags that say where the queue is.
func RedisFlags(fs *pflag.FlagSet, c *queue.Config) {
	fs.StringVar(&c.Host, "redis-host", "localhost", "`host` of Redis")
	cli.Int64(fs, &c.Port, "redis-port", 6379, 1, 65535, "its port")
	cli.Int64(fs, &c.Database, "redis-database", 0, 0, 1<<20, "`index` of its database; a cluster has only 0")
	fs.StringVar(&c.URL, "redis-url", "", "`URL` of Redis, instead of host, port, database, user, password and TLS: redis://user:password@host:port/database, or rediss:// for TLS")
	cli.List(fs, &c.Addresses, "redis-addresses", nil, splitAddresses, "`host:port` of Redis, instead of host and port; several are those of Sentinels or of nodes of a cluster")
	fs.BoolVar(&c.Cluster, "redis-cluster", false, "Redis is a cluster")
	fs.StringVar(&c.Sentinel.Master, "redis-sentinel-master", "", "`name` of the master that the Sentinels at these addresses watch")
	fs.StringVar(&c.Sentinel.Username, "redis-sentinel-username", "", "ACL `user` of the Sentinels")
	fs.StringVar(&c.Sentinel.PasswordFile, "redis-sentinel-password-file", "", "`file` that holds its password")
	fs.StringVar(&c.Username, "redis-username", "", "ACL `user` of Redis, if there is one")
	fs.StringVar(&c.Password, "redis-password", "", "its `password`; a file is safer")
	fs.StringVar(&c.PasswordFile, "redis-password-file", "", "`file` that holds the password")
	fs.BoolVar(&c.TLS.Enabled, "redis-tls", false, "connect with TLS")
	fs.StringVar(&c.TLS.CAFile, "redis-tls-ca-file", "", "`file` with the CA certificates that sign the one of Redis; empty: those that the system trusts")
	fs.StringVar(&c.TLS.CertFile, "redis-tls-cert-file", "", "`file` with a client certificate for Redis")
	fs.StringVar(&c.TLS.KeyFile, "redis-tls-key-file", "", "`file` with its key")
	fs.StringVar(&c.List, "redis-list", "csvs-to-process", "`key` of the list that names are pushed on")
	cli.Int64(fs, &c.KeepChanges, "keep-events", queue.DefaultKeepChanges, 1000, 1e9, "how many `events` Redis keeps for those who have not been told yet, about; 250 bytes each")
	cli.Duration(fs, &c.Patience, "redis-timeout", time.Minute, 0, 24*time.Hour, "how long to keep trying to reach Redis before giving up")
}

func splitAddresses(text string) ([]string, error) {
	var addresses []string
	for address := range strings.SplitSeq(text, ",") {
		address = strings.TrimSpace(address)
		host, port, err := net.SplitHostPort(address)
		if _, notNumber := strconv.ParseUint(port, 10, 16); err != nil || notNumber != nil || host == "" {
			return nil, fmt.Errorf("%q: expected host:port, or several with commas", address)
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}

// Serving says how the pages and the API are served.
type Serving struct {
	MaxUpload     int64 // bytes
	ClientTimeout time.Duration
	BasePath      string
}

// RegisterFlags defines the flags of s.
func (s *Serving) RegisterFlags(fs *pflag.FlagSet) {
	cli.Int64(fs, &s.MaxUpload, "max-upload", 1<<30, 1, 1<<50, "the largest file that may be uploaded, in bytes")
	cli.Duration(fs, &s.ClientTimeout, "client-timeout", 30*time.Second, 10*time.Millisecond, time.Hour, "how long a client may keep the server waiting for each 256 KiB that it sends or receives, before it is disconnected")
	fs.StringVar(&s.BasePath, "base-path", "/", "`path` prefix that an ingress forwards, such as /csv/")
}

// HeaderTimeout is how long a client may take to send the header of a request.
func (s *Serving) HeaderTimeout() time.Duration { return min(s.ClientTimeout, 5*time.Second) }

// AuthFlags defines the flags that say who may change things.
func AuthFlags(fs *pflag.FlagSet, f *auth.Config) {
	fs.StringVar(&f.TokenFile, "auth-token-file", "", "`file` with the token for retrying, dropping and uploading files; without a token and a password nothing can be changed")
	fs.StringVar(&f.User, "auth-user", "", "`name` of the user who may do so with a password")
	fs.StringVar(&f.PasswordFile, "auth-password-file", "", "`file` with that user's password")
	fs.BoolVar(&f.Read, "auth-read", false, "require the token or the password for reading as well")
}
