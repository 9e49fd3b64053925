package cleanup_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/cleanup"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/sweep"
)

// pipeline is a folder and a Redis, and what was reported of them.
type pipeline struct {
	store    *dirstore.Store
	folder   string
	queue    *queue.Queue
	rdb      *redis.Client
	removals []cleanup.Removal
}

func setUp(t *testing.T) *pipeline {
	t.Helper()
	folder := t.TempDir()
	store, err := dirstore.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	rdb := redistest.Start(t).Client(t)
	return &pipeline{store: store, folder: folder, rdb: rdb, queue: queue.New(rdb, "csvs-to-process", queue.Options{})}
}

func (p *pipeline) put(t *testing.T, area filestore.Area, name, text string, source *filestore.Info) filestore.Info {
	t.Helper()
	w, err := p.store.Create(t.Context(), area, name, source)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	info, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// done puts a raw file and its result, as a processor leaves them.
func (p *pipeline) done(t *testing.T, name string) {
	t.Helper()
	raw := p.put(t, filestore.Raw, name, "raw", nil)
	result, err := filestore.ResultName(name)
	if err != nil {
		t.Fatal(err)
	}
	p.put(t, filestore.Processed, result, "result", &raw)
}

// now is a time that is later, by the file system's clock, than all that was
// published, and earlier than all that will be.
func (p *pipeline) now(t *testing.T) time.Time {
	t.Helper()
	first := p.mark(t)
	for {
		if next := p.mark(t); next.After(first) {
			return next
		}
	}
}

func (p *pipeline) mark(t *testing.T) time.Time {
	t.Helper()
	p.put(t, filestore.Processed, "mark", "", nil)
	at, err := p.store.Published(t.Context(), filestore.Processed, "mark")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.store.Remove(t.Context(), filestore.Processed, "mark"); err != nil {
		t.Fatal(err)
	}
	return at
}

func (p *pipeline) cleaner(store filestore.Store, before time.Time) *cleanup.Cleaner {
	p.removals = nil
	return &cleanup.Cleaner{Store: store, Queue: p.queue, Before: before, Report: func(r cleanup.Removal) { p.removals = append(p.removals, r) }}
}

func (p *pipeline) clean(t *testing.T, before time.Time) {
	t.Helper()
	if err := p.cleaner(p.store, before).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// files are all that there is, raw/ and processed/ by their first letter.
func (p *pipeline) files(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
		for info, err := range p.store.List(t.Context(), area) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, string(area[0])+"/"+strings.Replace(info.Name, "_aggregated_sales", "", 1))
		}
	}
	slices.Sort(found)
	return found
}

func (p *pipeline) expect(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := p.files(t); !slices.Equal(got, want) {
		t.Errorf("there are the files\n%q, not\n%q", got, want)
	}
}

func TestOldResultsGoWithTheirInputs(t *testing.T) {
	p := setUp(t)
	p.done(t, "2022/old.csv")
	p.done(t, "skipped.csv")
	raw, err := p.store.Stat(t.Context(), filestore.Raw, "skipped.csv")
	if err != nil {
		t.Fatal(err)
	}
	p.put(t, filestore.Processed, "skipped_rejected.csv", "rejected", &raw)
	p.done(t, "orphan.csv")
	if err := p.store.Remove(t.Context(), filestore.Raw, "orphan.csv"); err != nil {
		t.Fatal(err)
	}
	p.put(t, filestore.Raw, "none.csv", "has no result", nil)
	p.put(t, filestore.Processed, "notes.md", "not ours", nil)
	p.done(t, "changed.csv")
	p.now(t) // within one tick of the clock the result would still be of this input
	p.put(t, filestore.Raw, "changed.csv", "anew", nil)
	before := p.now(t)
	p.done(t, "young.csv")
	// As cp -p leaves it: the input is of long ago, the result of today.
	long := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	ancient := p.put(t, filestore.Raw, "ancient.csv", "raw", &filestore.Info{ModTime: long})
	p.put(t, filestore.Processed, "ancient_aggregated_sales.csv", "result", &ancient)
	p.clean(t, before)
	p.expect(t, "r/none.csv", "p/notes.md", "r/changed.csv", "p/changed.csv", "r/young.csv", "p/young.csv", "r/ancient.csv", "p/ancient.csv")
	slices.SortFunc(p.removals, func(a, b cleanup.Removal) int { return strings.Compare(a.Name, b.Name) })
	for i, want := range []cleanup.Removal{{Name: "2022/old.csv", Files: 2, Bytes: 9}, {Name: "orphan.csv", Files: 1, Bytes: 6}, {Name: "skipped.csv", Files: 3, Bytes: 17}} {
		if i >= len(p.removals) || p.removals[i].Published.IsZero() || !p.removals[i].Published.Before(before) {
			t.Fatalf("the report is %+v", p.removals)
		}
		if want.Published = p.removals[i].Published; p.removals[i] != want {
			t.Errorf("the report has %+v, not %+v", p.removals[i], want)
		}
	}
}

// plain is a store that tells by ModTime when a file was published, as a bucket does.
type plain struct{ filestore.Store }

func TestABucketTellsByModTime(t *testing.T) {
	p := setUp(t)
	for name, at := range map[string]time.Time{"old": time.Now().AddDate(0, 0, -2), "young": time.Now()} {
		raw := p.put(t, filestore.Raw, name+".csv", "raw", &filestore.Info{ModTime: at})
		p.put(t, filestore.Processed, name+"_aggregated_sales.csv", "result", &raw)
	}
	if err := p.cleaner(plain{p.store}, time.Now().AddDate(0, 0, -1)).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.expect(t, "r/young.csv", "p/young.csv")
}

func TestADryRunRemovesNothing(t *testing.T) {
	p := setUp(t)
	p.done(t, "old.csv")
	c := p.cleaner(p.store, p.now(t))
	c.DryRun = true
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.expect(t, "r/old.csv", "p/old.csv")
	if len(p.removals) != 1 || p.removals[0].Files != 2 {
		t.Errorf("the report is %+v", p.removals)
	}
}

// TestWhatIsInTheQueueStays: whatever the state, somebody may be about to read the file.
func TestWhatIsInTheQueueStays(t *testing.T) {
	p := setUp(t)
	for _, name := range []string{"failed.csv", "delayed.csv", "inflight.csv", "waiting.csv"} {
		p.done(t, name)
		if err := p.queue.Push(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		claim, err := p.queue.Claim(t.Context(), "w")
		if err != nil {
			t.Fatal(err)
		}
		switch claim.Name {
		case "failed.csv":
			_, err = claim.Fail(t.Context(), queue.Failure{Reason: "malformed", Kind: queue.KindMalformed})
		case "delayed.csv":
			_, err = claim.Retry(t.Context(), queue.Failure{Reason: "for now", Kind: queue.KindError})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	counts, err := p.queue.Counts(t.Context())
	if err != nil || counts.Waiting != 1 || counts.InFlight != 1 || counts.Delayed != 1 || counts.Failed != 1 {
		t.Fatalf("the queue is not as this test needs it: %+v, %v", counts, err)
	}
	want := p.files(t)
	p.clean(t, p.now(t))
	p.expect(t, want...)
	// Nor is anything removed when the queue cannot be asked.
	ctx, stop := context.WithCancel(t.Context())
	p.done(t, "old.csv")
	before := p.now(t)
	if err := p.rdb.Set(ctx, "{csvs-to-process}:inflight", "broken", 0).Err(); err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := p.cleaner(p.store, before).Run(ctx); err == nil {
		t.Error("there is no error, though the queue is broken")
	}
	p.expect(t, append(want, "r/old.csv", "p/old.csv")...)
}

// dying is a store whose process is killed before one of its removals.
type dying struct {
	*dirstore.Store
	left int
}

var errKilled = errors.New("killed")

func (s *dying) RemoveVersion(ctx context.Context, area filestore.Area, version filestore.Info) (bool, error) {
	if s.left == 0 {
		return false, errKilled
	}
	s.left--
	return s.Store.RemoveVersion(ctx, area, version)
}

// TestADeathInBetween: wherever it comes, the sweep queues nothing and the next run does the rest.
func TestADeathInBetween(t *testing.T) {
	for left := range 3 {
		p := setUp(t)
		p.done(t, "old.csv")
		raw, err := p.store.Stat(t.Context(), filestore.Raw, "old.csv")
		if err != nil {
			t.Fatal(err)
		}
		p.put(t, filestore.Processed, "old_rejected.csv", "rejected", &raw)
		before := p.now(t)
		if err := p.cleaner(&dying{p.store, left}, before).Run(t.Context()); !errors.Is(err, errKilled) {
			t.Fatalf("after %d removals: %v", left, err)
		}
		if got := len(p.files(t)); got != 3-left {
			t.Errorf("after %d removals there are %d files", left, got)
		}
		sweeper := &sweep.Sweeper{Catalog: catalog.New(p.store), Store: p.store, Queue: p.queue, Log: zap.NewNop()}
		if queued, err := sweeper.Once(t.Context()); err != nil || queued != 0 {
			t.Errorf("after %d removals the sweep queues %d files: %v", left, queued, err)
		}
		p.clean(t, before)
		p.expect(t)
	}
}

// stopping is a store whose user gets a signal at each removal.
type stopping struct {
	*dirstore.Store
	signal func()
}

func (s stopping) RemoveVersion(ctx context.Context, area filestore.Area, version filestore.Info) (bool, error) {
	s.signal()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return s.Store.RemoveVersion(ctx, area, version)
}

// busy is a store where somebody replaces each raw file just before its removal.
type busy struct {
	*dirstore.Store
	replace func(name string)
}

func (s busy) RemoveVersion(ctx context.Context, area filestore.Area, version filestore.Info) (bool, error) {
	if area == filestore.Raw {
		s.replace(version.Name)
	}
	return s.Store.RemoveVersion(ctx, area, version)
}

// TestAFileThatIsReplacedAtTheLastMomentStays, and so does its result, until it has a new one.
func TestAFileThatIsReplacedAtTheLastMomentStays(t *testing.T) {
	p := setUp(t)
	p.done(t, "old.csv")
	before := p.now(t)
	store := busy{p.store, func(name string) { p.put(t, filestore.Raw, name, "anew", nil) }}
	if err := p.cleaner(store, before).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.expect(t, "r/old.csv", "p/old.csv")
	if len(p.removals) != 0 {
		t.Errorf("the report is %+v", p.removals)
	}
}

// fleeting is a store where somebody removes a result between two looks at it.
type fleeting struct {
	*dirstore.Store
	looks int
}

func (s *fleeting) Published(ctx context.Context, area filestore.Area, name string) (time.Time, error) {
	if s.looks++; s.looks == 3 { // both results were listed
		if err := s.Remove(ctx, area, name); err != nil {
			return time.Time{}, err
		}
	}
	return s.Store.Published(ctx, area, name)
}

// TestAResultThatVanishesStopsNobody: others may be removed all the same.
func TestAResultThatVanishesStopsNobody(t *testing.T) {
	p := setUp(t)
	p.done(t, "a.csv")
	p.done(t, "b.csv")
	if err := p.cleaner(&fleeting{Store: p.store}, p.now(t)).Run(t.Context()); err != nil {
		t.Error(err)
	}
	if len(p.removals) != 1 || len(p.files(t)) != 1 {
		t.Errorf("removed were %+v, and there are %q", p.removals, p.files(t))
	}
}

// TestItStopsBetweenTwo: a signal lets what was begun be ended.
func TestItStopsBetweenTwo(t *testing.T) {
	p := setUp(t)
	for _, name := range []string{"a.csv", "b.csv", "c.csv"} {
		p.done(t, name)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := p.cleaner(stopping{p.store, stop}, p.now(t)).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if got := p.files(t); len(got) != 4 {
		t.Errorf("there are %q, not two files and their results", got)
	}
}

// TestManyMoreThanABatch removes while it lists.
func TestManyMoreThanABatch(t *testing.T) {
	p := setUp(t)
	for _, area := range []string{"raw", "processed"} {
		if err := os.MkdirAll(filepath.Join(p.folder, area, "x"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Now().Add(-time.Hour)
	for i := range 2500 {
		name := "x/" + string(rune('a'+i%26)) + "-" + time.Duration(i).String()
		for _, path := range []string{"raw/" + name + ".csv", "processed/" + name + "_aggregated_sales.csv"} {
			if err := os.WriteFile(filepath.Join(p.folder, path), nil, 0o666); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(filepath.Join(p.folder, path), at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.clean(t, p.now(t))
	p.expect(t)
	if len(p.removals) != 2500 {
		t.Errorf("%d removals were reported", len(p.removals))
	}
	if _, err := os.Stat(filepath.Join(p.folder, "raw", "x")); errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder that producers put files into is gone")
	}
}
