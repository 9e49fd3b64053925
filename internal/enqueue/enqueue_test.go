package enqueue_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/enqueue"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/service"
)

const list = "csvs-to-process"

// bench is a store and a queue with files in every state: done.csv and shop/done.csv
// have results, failed.csv is a dead letter, waiting.csv waits, held.csv is in flight,
// new.csv is none of that.
type bench struct {
	folder string
	server *redistest.Server
	rdb    *redis.Client
	queue  *queue.Queue
	held   *queue.Claim
}

func setUp(t *testing.T) *bench {
	t.Helper()
	server := redistest.Start(t)
	b := &bench{folder: t.TempDir(), server: server, rdb: server.Client(t)}
	b.queue = queue.New(b.rdb, list, queue.Options{})
	day := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"raw/new.csv", "raw/done.csv", "raw/shop/done.csv", "raw/failed.csv", "raw/waiting.csv", "raw/held.csv", "raw/notes.md",
		"processed/done_aggregated_sales.csv", "processed/shop/done_aggregated_sales.csv"} {
		path := filepath.Join(b.folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, day, day); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"failed.csv", "held.csv"} {
		if err := b.queue.Push(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	claim := func() *queue.Claim {
		c, err := b.queue.Claim(t.Context(), "w")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if _, err := claim().Fail(t.Context(), queue.Failure{Reason: "no column", Kind: queue.KindMalformed}); err != nil {
		t.Fatal(err)
	}
	b.held = claim()
	if err := b.queue.Push(t.Context(), "waiting.csv"); err != nil {
		t.Fatal(err)
	}
	return b
}

// command runs 'inspector enqueue' with args.
func (b *bench) command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	env := map[string]string{"REDIS_HOST": b.server.Host, "REDIS_PORT": strconv.Itoa(b.server.Port), "STORE_URL": b.folder, "REDIS_TIMEOUT": "1s",
		"ALL": "true"} // anybody may have set that for something else
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	var out, errs bytes.Buffer
	code = cli.ExitCode(service.Enqueue(t.Context(), "inspector", args, getenv, &out, &errs), &errs)
	return code, out.String(), errs.String()
}

func (b *bench) waiting(t *testing.T) []string {
	t.Helper()
	names := b.rdb.LRange(t.Context(), list, 0, -1).Val()
	slices.Reverse(names)
	return names
}

func TestEnqueueQueuesWhatItIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		says    string
		waiting []string // in their order
	}{
		"what has no result": {nil, "queued 2 files, of which 1 was a dead letter; 1 more waited already",
			[]string{"waiting.csv", "failed.csv", "new.csv"}},
		"all": {[]string{"--all"}, "queued 5 files, of which 1 was a dead letter; 1 more waited already",
			[]string{"waiting.csv", "done.csv", "failed.csv", "held.csv", "new.csv", "shop/done.csv"}},
		"those of two patterns": {[]string{"--all", "d*", "new*"}, "queued 3 files",
			[]string{"waiting.csv", "done.csv", "new.csv", "shop/done.csv"}},
		"those of a folder": {[]string{"--all", "shop/*"}, "queued 1 file", []string{"waiting.csv", "shop/done.csv"}},
		"none without a result": {[]string{"done*"}, "queued 0 files: raw/ has no CSV file that matches without a result; --all takes those with one, too",
			[]string{"waiting.csv"}},
		"none": {[]string{"--all", "nothing*"}, "queued 0 files: raw/ has no CSV file that matches", []string{"waiting.csv"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t)
			code, out, errs := b.command(t, c.args...)
			if code != cli.ExitOK || out != c.says+"\n" {
				t.Errorf("exit code %d: %s%s; want %q", code, out, errs, c.says)
			}
			if got := b.waiting(t); !slices.Equal(got, c.waiting) {
				t.Errorf("waiting: %q, want %q", got, c.waiting)
			}
			left, err := b.queue.DeadLetters(t.Context())
			if want := !slices.Contains(c.waiting, "failed.csv"); err != nil || (len(left) == 1) != want {
				t.Errorf("dead letters that are left: %+v, %v, want any: %v", left, err, want)
			}
		})
	}
}

// TestEnqueueAgainChangesNothing: nothing is queued twice.
func TestEnqueueAgainChangesNothing(t *testing.T) {
	b := setUp(t)
	var before []string
	for i := range 2 {
		if code, out, errs := b.command(t, "--all"); code != cli.ExitOK {
			t.Fatalf("exit code %d: %s%s", code, out, errs)
		}
		got := b.waiting(t)
		if i > 0 && !slices.Equal(got, before) {
			t.Errorf("waiting: %q, before %q", got, before)
		}
		before = got
	}
}

// TestEnqueueNeedsNoWritableFiles: the inspector's volume is mounted read-only.
func TestEnqueueNeedsNoWritableFiles(t *testing.T) {
	b := setUp(t)
	state := func() (text string) {
		err := filepath.WalkDir(b.folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			fi, err := d.Info()
			text += path + " " + fi.Mode().String() + " " + fi.ModTime().String() + "\n"
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	before := state()
	if code, out, errs := b.command(t, "--all"); code != cli.ExitOK {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	if after := state(); after != before {
		t.Errorf("it changed\n%s\nto\n%s", before, after)
	}
}

// TestEnqueueGoesAlongTheFiles: more of them than are kept in memory are told about,
// and queued, a part at a time.
func TestEnqueueGoesAlongTheFiles(t *testing.T) {
	b := setUp(t)
	const n = 10_500 // more than are brought into order together
	for i := range n {
		f, err := os.Create(filepath.Join(b.folder, "raw", "shop", strconv.Itoa(i)+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	store, err := dirstore.Open(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	lastListed, lastQueued, between := 0, 0, false
	e := enqueue.Enqueuer{Store: store, Queue: b.queue, All: true, Report: func(p enqueue.Progress) {
		listed, queued := p.Listed, p.Queued
		if listed < lastListed || queued < lastQueued {
			t.Errorf("progress goes back from %d, %d to %d, %d", lastListed, lastQueued, listed, queued)
		}
		lastListed, lastQueued = listed, queued
		between = between || queued > 0 && listed < n
	}}
	did, err := e.Run(t.Context())
	if err != nil || did.Queued != n+5 || did.Waiting != 1 || did.Matching != n+6 {
		t.Errorf("%+v, %v", did, err)
	}
	if !between || lastQueued != did.Queued {
		t.Errorf("it queued before all were listed: %v; told of %d", between, lastQueued)
	}
	if depth, err := b.queue.Depth(t.Context()); err != nil || depth != n+6 {
		t.Errorf("%d wait, %v", depth, err)
	}
}

func TestWhatWasQueuedBeforeAnErrorIsSaid(t *testing.T) {
	b := setUp(t)
	raw := filepath.Join(b.folder, "raw")
	if err := os.RemoveAll(raw); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(raw, nil, 0o666); err != nil { // cannot be listed
		t.Fatal(err)
	}
	code, out, errs := b.command(t, "--all")
	if code != cli.ExitFailed || out != "" || !strings.Contains(errs, "look for files") || !strings.Contains(errs, "queued 0 files, the rest not: run it again") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestMistakesAreSaidBeforeAnythingIsDone(t *testing.T) {
	b := setUp(t)
	b.server.Kill()
	code, _, errs := b.command(t, "[")
	if code != cli.ExitUsage || !strings.Contains(errs, "GLOB") || !strings.Contains(errs, "'2022*.csv'") {
		t.Errorf("a bad pattern: exit code %d: %s", code, errs)
	}
	code, _, errs = b.command(t)
	if code != cli.ExitFailed || !strings.Contains(errs, "gave up after 1s") {
		t.Errorf("no Redis: exit code %d: %s", code, errs)
	}
}
