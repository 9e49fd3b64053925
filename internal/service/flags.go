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
	"csv-pipeline/internal/groupby"
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

// AuthFlags defines the flags that say who may change things.
func AuthFlags(fs *pflag.FlagSet, f *auth.Flags) {
	fs.StringVar(&f.TokenFile, "auth-token-file", "", "`file` with the token for retrying, dropping and uploading files; without a token and a password nothing can be changed")
	fs.StringVar(&f.User, "auth-user", "", "`name` of the user who may do so with a password")
	fs.StringVar(&f.PasswordFile, "auth-password-file", "", "`file` with that user's password")
	fs.BoolVar(&f.Read, "auth-read", false, "require the token or the password for reading as well")
}

// PlanFlags say what is aggregated.
type PlanFlags struct {
	GroupBy, Aggregates []string
	Delimiter           string
	NoHeader            bool
	OnBadRow            string
	MaxBadShare         float64
}

// RegisterFlags defines the flags of p.
func (p *PlanFlags) RegisterFlags(fs *pflag.FlagSet) {
	cli.List(fs, &p.GroupBy, "group-by", []string{"item_id"}, groupby.SplitList, "`what` makes a group: "+groupby.KeysInWords+"; repeatable, or several with commas")
	cli.List(fs, &p.Aggregates, "aggregate", []string{"sum(quantity) as total_quantity"}, groupby.SplitList,
		"`what` to compute of each group: "+groupby.AggregatesInWords+"; repeatable, or several with commas")
	fs.StringVar(&p.Delimiter, "delimiter", ",", "`character` between the fields: , ; | or tab")
	fs.BoolVar(&p.NoHeader, "no-header", false, "the files have no header line; columns are #1, #2, …")
	fs.StringVar(&p.OnBadRow, "on-bad-row", "fail", "`what` to do about a row that cannot be read: fail the file, or skip the row and write it to <name>_rejected.csv with the reason")
	fs.Float64Var(&p.MaxBadShare, "max-bad-share", 0.1, "the `share` of rows that may be skipped; a file with more of them fails")
}

// SkipsBadRows reports whether rows that cannot be read are left out.
func (p *PlanFlags) SkipsBadRows() bool { return p.OnBadRow == string(groupby.SkipBadRow) }

// Compile makes the plan; its errors are the user's mistakes.
func (p *PlanFlags) Compile() (*groupby.Plan, error) {
	spec := groupby.Spec{GroupBy: p.GroupBy, Aggregates: p.Aggregates, NoHeader: p.NoHeader, MaxBadShare: p.MaxBadShare}
	switch p.OnBadRow {
	case "fail":
		spec.OnBadRow = groupby.FailOnBadRow
	case "skip":
		spec.OnBadRow = groupby.SkipBadRow
	default:
		return nil, cli.Usagef("--on-bad-row (ON_BAD_ROW) %q: expected fail or skip", p.OnBadRow)
	}
	if p.MaxBadShare <= 0 || p.MaxBadShare > 1 {
		return nil, cli.Usagef("--max-bad-share (MAX_BAD_SHARE) %v: expected a number above 0, up to 1", p.MaxBadShare)
	}
	switch p.Delimiter {
	case "tab", `\t`:
		spec.Comma = '\t'
	default:
		if len(p.Delimiter) != 1 {
			return nil, cli.Usagef("--delimiter (DELIMITER) %q: expected one ASCII character, or tab", p.Delimiter)
		}
		spec.Comma = p.Delimiter[0]
	}
	plan, err := groupby.Compile(spec)
	if err != nil {
		return nil, &cli.UsageError{Problem: fmt.Sprintf("--group-by (GROUP_BY), --aggregate (AGGREGATE): %v", err)}
	}
	return plan, nil
}
