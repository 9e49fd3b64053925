package queue_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/service"
)

// connect takes the settings as a service does, from the environment.
func connect(t *testing.T, env map[string]string) (*queue.Queue, error) {
	t.Helper()
	var c queue.Config
	fs := cli.NewFlags()
	service.RedisFlags(fs, &c)
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	if _, err := cli.Parse(cli.Command{Name: "test", Flags: fs}, nil, getenv, nil); err != nil {
		return nil, err
	}
	q, rdb, err := queue.Connect(t.Context(), c, queue.Options{}, func(problem error, _ time.Duration) { t.Log(problem) })
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = rdb.Close() })
	return q, nil
}

// roundTrip sends a name through the queue, by every kind of key that it has.
func roundTrip(t *testing.T, q *queue.Queue) {
	t.Helper()
	ctx := t.Context()
	if err := q.Push(ctx, "a.csv", "b.csv"); err != nil {
		t.Fatal(err)
	}
	if err := q.Wait(ctx, time.Second); err != nil {
		t.Error(err)
	}
	claim, err := q.Claim(ctx, "worker")
	if err != nil {
		t.Fatal(err)
	}
	if err := claim.Complete(ctx, queue.Outcome{Rows: 1}); err != nil {
		t.Error(err)
	}
	claim, err = q.Claim(ctx, "worker")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim.Fail(ctx, queue.Failure{Kind: queue.KindMalformed, Reason: "no"}); err != nil {
		t.Error(err)
	}
	if _, err := q.Tidy(ctx); err != nil {
		t.Error(err)
	}
	counts, err := q.Counts(ctx)
	if err != nil || counts.Totals["completed"] != 1 || counts.Waiting+counts.InFlight != 0 {
		t.Errorf("%+v, %v", counts, err)
	}
	if done, err := q.Completed(ctx, 10); err != nil || len(done) != 1 || done[0].Name != "a.csv" {
		t.Errorf("completed: %v, %v", done, err)
	}
}

func TestConnectWithTLS(t *testing.T) {
	certificates := redistest.NewCertificates(t)
	server := redistest.StartTLS(t, certificates, "--user", "default", "off", "--user", "worker", "on", ">secret", "~*", "&*", "+@all")
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"REDIS_ADDRESSES": server.Addr(), "REDIS_TLS": "true", "REDIS_TLS_CA_FILE": certificates.CA,
		"REDIS_TLS_CERT_FILE": certificates.Cert, "REDIS_TLS_KEY_FILE": certificates.Key,
		"REDIS_USERNAME": "worker", "REDIS_PASSWORD_FILE": password, "REDIS_TIMEOUT": "1s"}
	q, err := connect(t, env)
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, q)

	for name, change := range map[string]map[string]string{
		"an authority that did not sign it": {"REDIS_TLS_CA_FILE": redistest.NewCertificates(t).CA},
		"the system's authorities":          {"REDIS_TLS_CA_FILE": ""},
		"no certificate of our own":         {"REDIS_TLS_CERT_FILE": "", "REDIS_TLS_KEY_FILE": ""},
		"no TLS":                            {"REDIS_TLS": "false", "REDIS_TLS_CA_FILE": "", "REDIS_TLS_CERT_FILE": "", "REDIS_TLS_KEY_FILE": ""},
	} {
		other := map[string]string{"REDIS_TIMEOUT": "10ms"}
		for _, set := range []map[string]string{env, change} {
			for key, value := range set {
				if _, fixed := other[key]; !fixed || key != "REDIS_TIMEOUT" {
					other[key] = value
				}
			}
		}
		if _, err := connect(t, other); err == nil {
			t.Errorf("with %s it connects all the same", name)
		}
	}
}

func TestConnectToAURL(t *testing.T) {
	certificates := redistest.NewCertificates(t)
	server := redistest.StartTLS(t, certificates, "--user", "default", "off", "--user", "worker", "on", ">se/cret", "~*", "&*", "+@all")
	env := map[string]string{"REDIS_URL": "rediss://worker:se%2Fcret@" + server.Addr() + "/3", "REDIS_TLS_CA_FILE": certificates.CA,
		"REDIS_TLS_CERT_FILE": certificates.Cert, "REDIS_TLS_KEY_FILE": certificates.Key, "REDIS_TIMEOUT": "10ms"}
	q, err := connect(t, env)
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, q)

	env["REDIS_URL"] = "rediss://worker:other@" + server.Addr()
	_, err = connect(t, env)
	if err == nil || !strings.Contains(err.Error(), server.Addr()) || strings.Contains(err.Error(), "other") {
		t.Errorf("a wrong password: %v", err)
	}
}

// Two queues of the same name in two databases of a server do not meet.
func TestConnectToADatabase(t *testing.T) {
	server := redistest.Start(t)
	for _, database := range []string{"0", "3"} {
		q, err := connect(t, map[string]string{"REDIS_ADDRESSES": server.Addr(), "REDIS_DATABASE": database})
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, q)
	}
}

func TestConnectToACluster(t *testing.T) {
	nodes := redistest.StartCluster(t)
	// Every name of the list is in some slot: with three of them each node has its turn.
	for _, list := range []string{"csvs-to-process", "b", "c", "{shop}:csvs"} {
		q, err := connect(t, map[string]string{"REDIS_ADDRESSES": nodes[0].Addr() + "," + nodes[1].Addr(), "REDIS_CLUSTER": "true", "REDIS_LIST": list})
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, q)
	}
}

func TestConnectThroughSentinel(t *testing.T) {
	if testing.Short() {
		t.Skip("a failover takes seconds")
	}
	sentinel, master, replica := redistest.StartSentinel(t, "orders")
	q, err := connect(t, map[string]string{"REDIS_ADDRESSES": sentinel.Addr(), "REDIS_SENTINEL_MASTER": "orders"})
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, q)
	master.Kill()
	redistest.AwaitMaster(t, sentinel, replica, "orders")
	err = queue.Persist(t.Context(), time.Minute, func(problem error, _ time.Duration) { t.Log(problem) },
		func(ctx context.Context) error { return q.Push(ctx, "after.csv") })
	if err != nil {
		t.Fatalf("after the fail-over: %v", err)
	}
	if waiting := replica.Client(t).LRange(t.Context(), "csvs-to-process", 0, -1).Val(); len(waiting) == 0 || waiting[0] != "after.csv" {
		t.Errorf("the new master has %q", waiting)
	}
}

func TestConnectRefusesWhatMakesNoSense(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("not PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  map[string]string
		want []string
	}{
		{map[string]string{"REDIS_ADDRESSES": "redis"}, []string{"REDIS_ADDRESSES", "host:port"}},
		{map[string]string{"REDIS_ADDRESSES": "redis:http"}, []string{"REDIS_ADDRESSES", "host:port"}},
		{map[string]string{"REDIS_ADDRESSES": "a:1,b:2"}, []string{"REDIS_ADDRESSES", "REDIS_CLUSTER", "REDIS_SENTINEL_MASTER"}},
		{map[string]string{"REDIS_URL": "redis"}, []string{"REDIS_URL", "redis://"}},
		{map[string]string{"REDIS_URL": "http://redis:6379"}, []string{"REDIS_URL", "redis://"}},
		{map[string]string{"REDIS_URL": "redis://redis:6379/one"}, []string{"REDIS_URL", "redis://"}},
		{map[string]string{"REDIS_URL": "redis://redis?pool_size=3"}, []string{"REDIS_URL", "redis://"}},
		{map[string]string{"REDIS_URL": "redis://a", "REDIS_ADDRESSES": "b:1"}, []string{"REDIS_URL", "REDIS_ADDRESSES"}},
		{map[string]string{"REDIS_URL": "redis://a/3", "REDIS_CLUSTER": "true"}, []string{"REDIS_DATABASE", "cluster"}},
		{map[string]string{"REDIS_CLUSTER": "true", "REDIS_SENTINEL_MASTER": "m"}, []string{"REDIS_CLUSTER", "REDIS_SENTINEL_MASTER"}},
		{map[string]string{"REDIS_CLUSTER": "true", "REDIS_DATABASE": "3"}, []string{"REDIS_DATABASE", "cluster"}},
		{map[string]string{"REDIS_PASSWORD_FILE": none}, []string{"REDIS_PASSWORD_FILE", none}},
		{map[string]string{"REDIS_SENTINEL_PASSWORD_FILE": none}, []string{"REDIS_SENTINEL_PASSWORD_FILE", none}},
		{map[string]string{"REDIS_TLS_CA_FILE": text}, []string{"REDIS_TLS"}},
		{map[string]string{"REDIS_TLS": "true", "REDIS_TLS_CA_FILE": none}, []string{"REDIS_TLS_CA_FILE", none}},
		{map[string]string{"REDIS_TLS": "true", "REDIS_TLS_CA_FILE": text}, []string{"REDIS_TLS_CA_FILE", "PEM"}},
		{map[string]string{"REDIS_TLS": "true", "REDIS_TLS_CERT_FILE": text}, []string{"REDIS_TLS_CERT_FILE", "REDIS_TLS_KEY_FILE"}},
	} {
		_, err := connect(t, c.env)
		var usage *cli.UsageError
		if !errors.As(err, &usage) {
			t.Errorf("%v: got %v, want a UsageError", c.env, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %q does not name %s", c.env, err, want)
			}
		}
	}
}
