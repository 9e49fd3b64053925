package sweep

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

type bench struct {
	*Sweeper
	folder string
	rdb    *redis.Client
}

func setUp(t *testing.T) *bench {
	t.Helper()
	folder := t.TempDir()
	store, err := dirstore.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	rdb := redistest.Start(t).Client(t)
	return &bench{&Sweeper{Catalog: catalog.New(store), Store: store, Queue: queue.New(rdb, "csvs-to-process", queue.Options{}), Log: zap.NewNop()}, folder, rdb}
}

func (b *bench) put(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(b.folder, "raw", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// finish does what a processor does with the next name, and returns it.
func (b *bench) finish(t *testing.T) string {
	t.Helper()
	claim, err := b.Queue.Claim(t.Context(), "w1")
	if err != nil {
		t.Fatal(err)
	}
	b.publish(t, claim.Name, "")
	if err := claim.Complete(t.Context(), queue.Outcome{}); err != nil {
		t.Fatal(err)
	}
	return claim.Name
}

// publish makes the result of a raw file.
func (b *bench) publish(t *testing.T, name, settings string) {
	t.Helper()
	raw, err := b.Store.Stat(t.Context(), filestore.Raw, name)
	if err != nil {
		t.Fatal(err)
	}
	raw.Settings = settings
	result, err := filestore.ResultName(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := b.Store.Create(t.Context(), filestore.Processed, result, &raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) once(t *testing.T, want int) {
	t.Helper()
	if n, err := b.Once(t.Context()); n != want || err != nil {
		t.Errorf("the sweep queued %d files, %v; want %d", n, err, want)
	}
}

func TestFileThatWasJustCopiedIsQueuedOnceAndNotAgain(t *testing.T) {
	b := setUp(t)
	b.once(t, 0) // nothing there yet
	b.put(t, "2022/a.csv", "x")
	b.once(t, 1)
	b.once(t, 0) // it waits
	claim, err := b.Queue.Claim(t.Context(), "w1")
	if err != nil {
		t.Fatal(err)
	}
	b.once(t, 0) // it is in flight
	if err := claim.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if name := b.finish(t); name != "2022/a.csv" {
		t.Errorf("finished %q", name)
	}
	b.once(t, 0) // it is done
}

func TestChangedFileIsQueuedAgainAlsoWithAnOlderDate(t *testing.T) {
	b := setUp(t)
	path := b.put(t, "a.csv", "x")
	b.once(t, 1)
	b.finish(t)
	for _, when := range []time.Time{time.Now().Add(-time.Hour), time.Now().Add(-48 * time.Hour), time.Now()} {
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
		b.once(t, 1)
		b.finish(t)
		b.once(t, 0)
	}
}

func TestLostRedisHealsFromTheFiles(t *testing.T) {
	b := setUp(t)
	for i := range 10 {
		b.put(t, fmt.Sprintf("%d.csv", i), "x")
	}
	b.once(t, 10)
	for range 4 {
		b.finish(t)
	}
	if err := b.rdb.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	b.once(t, 6)
}

func TestFileThatGrowsIsLeftAlone(t *testing.T) {
	b := setUp(t)
	b.Settle = 50 * time.Millisecond
	path := b.put(t, "a.csv", "")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for began := time.Now(); time.Since(began) < 3*b.Settle; {
		if _, err := f.WriteString("more\n"); err != nil {
			t.Fatal(err)
		}
		b.once(t, 0)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		n, err := b.Once(t.Context())
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the file is still now but was never queued: %v", err)
		}
		if n == 1 {
			break
		}
	}
}

func TestFailedFileIsLeftUntilItChanges(t *testing.T) {
	b := setUp(t)
	b.put(t, "a.csv", "bad")
	b.once(t, 1)
	claim, err := b.Queue.Claim(t.Context(), "w1")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Store.Stat(t.Context(), filestore.Raw, "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim.Fail(t.Context(), queue.Failure{Reason: "bad", Kind: queue.KindMalformed, Version: raw.ETag}); err != nil {
		t.Fatal(err)
	}
	b.once(t, 0)
	b.put(t, "a.csv", "mended")
	b.once(t, 1)
}

func TestListIsFilledOnlyToTheHighWaterMark(t *testing.T) {
	b := setUp(t)
	b.maxWaiting = 3
	for i := range 8 {
		b.put(t, fmt.Sprintf("%d.csv", i), "x")
	}
	b.once(t, 3)
	b.once(t, 0)
	done := map[string]bool{}
	for len(done) < 8 {
		if depth, err := b.Queue.Depth(t.Context()); err != nil || depth > 3 {
			t.Fatalf("%d names wait, %v", depth, err)
		} else if depth == 0 {
			if n, err := b.Once(t.Context()); err != nil || n == 0 {
				t.Fatalf("nothing was added although only %d files are done: %v", len(done), err)
			}
		}
		done[b.finish(t)] = true
	}
	b.once(t, 0)
}

func TestSweepingAtOnceQueuesNothingTwiceInEffect(t *testing.T) {
	b := setUp(t)
	for i := range 50 {
		b.put(t, fmt.Sprintf("%d.csv", i), "x")
	}
	var wg sync.WaitGroup
	for range 4 {
		other := *b.Sweeper
		wg.Go(func() {
			if _, err := other.Once(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	queued, err := b.Queue.Queued(t.Context())
	if err != nil || len(queued) != 50 {
		t.Errorf("%d names are queued, %v; want 50", len(queued), err)
	}
	for {
		if depth, err := b.Queue.Depth(t.Context()); err != nil || depth == 0 {
			break
		}
		b.finish(t)
	}
	b.once(t, 0)
}

// fail makes a dead letter of a name.
func (b *bench) fail(t *testing.T, name, kind string) {
	t.Helper()
	if err := b.Queue.Push(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	claim, err := b.Queue.Claim(t.Context(), "w1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim.Fail(t.Context(), queue.Failure{Kind: kind, Reason: "none"}); err != nil {
		t.Fatal(err)
	}
}

// Dead letters of files that are there take no place of the others.
func TestDeadLettersWithAFileAreNotCounted(t *testing.T) {
	b := setUp(t)
	b.maxOrphans = 3
	for _, name := range []string{"1.csv", "2.csv", "3.csv"} { // the oldest
		b.fail(t, name, queue.KindMissing)
	}
	for _, name := range []string{"a.csv", "b.csv", "c.csv"} {
		b.put(t, name, "bad")
		b.fail(t, name, queue.KindMissing)
	}
	b.once(t, 0)
	if letters, err := b.Queue.DeadLetters(t.Context()); err != nil || len(letters) != 6 {
		t.Errorf("left are %+v, %v; want all six", letters, err)
	}
}

// broken is a store whose results cannot be looked at.
type broken struct{ filestore.Store }

func (s broken) Stat(ctx context.Context, area filestore.Area, name string) (filestore.Info, error) {
	if area == filestore.Processed {
		return filestore.Info{}, &os.PathError{Op: "stat", Path: name, Err: syscall.EIO}
	}
	return s.Store.Stat(ctx, area, name)
}

// A result that cannot be looked at may well be there.
func TestResultThatCannotBeLookedAtIsNotTakenForMissing(t *testing.T) {
	b := setUp(t)
	b.put(t, "a.csv", "x")
	store := b.Store
	b.Store = broken{store}
	b.once(t, 0)
	b.Store = store
	b.once(t, 1)
}

func TestOldDeadLettersWithoutAFileArePruned(t *testing.T) {
	b := setUp(t)
	b.maxOrphans = 3
	b.put(t, "bad.csv", "x")
	for _, name := range []string{"bad.csv", "1.csv", "2.csv", "3.csv"} {
		b.fail(t, name, queue.KindMissing)
	}
	for range 2 { // the second time there is nothing more to remove
		b.once(t, 0)
		letters, err := b.Queue.DeadLetters(t.Context())
		if err != nil || len(letters) != 4 {
			t.Fatalf("dead letters with a file among the oldest: %+v, %v", letters, err)
		}
	}
	for i := 4; i < 10; i++ {
		b.fail(t, fmt.Sprint(i, ".csv"), queue.KindMissing)
	}
	b.once(t, 0)
	letters, err := b.Queue.DeadLetters(t.Context())
	left := map[string]bool{}
	for _, l := range letters {
		left[l.Name] = true
	}
	if err != nil || len(left) != 4 || !left["bad.csv"] {
		t.Errorf("left are %v, %v; want bad.csv, whose file is there, and three others", left, err)
	}
}

// What is done again and fails has a dead letter beside its older result. It has none where one of the
// tries made the result, or where its workers died although it was done under the same settings.
func TestADeadLetterStaysBesideAnOlderResult(t *testing.T) {
	b := setUp(t)
	var err error
	if b.Questions, err = (query.Config{}).Compile(); err != nil {
		t.Fatal(err)
	}
	question, _ := b.Questions.For("")
	for name, settings := range map[string]string{"again.csv": question.ResultSettings(), "late.csv": "", "killed.csv": question.ResultSettings(), "killed-now.csv": "others"} {
		b.put(t, name, "x")
		b.publish(t, name, settings)
	}
	now := func() time.Time {
		now, err := b.rdb.Time(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	for done := now(); now().Sub(done) < 2*b.resolution(); { // the next tries begin after it
	}
	b.fail(t, "again.csv", queue.KindError)
	b.fail(t, "killed.csv", queue.KindPoison)
	b.fail(t, "killed-now.csv", queue.KindPoison)
	if err := b.Queue.Push(t.Context(), "late.csv"); err != nil {
		t.Fatal(err)
	}
	claim, err := b.Queue.Claim(t.Context(), "w1")
	if err != nil {
		t.Fatal(err)
	}
	b.publish(t, "late.csv", "")
	if _, err := claim.Fail(t.Context(), queue.Failure{Kind: queue.KindError, Reason: "its worker lost its lease"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Catalog.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.once(t, 0)
	letters, err := b.Queue.DeadLetters(t.Context())
	var left []string
	for _, l := range letters {
		left = append(left, l.Name)
	}
	slices.Sort(left)
	if want := []string{"again.csv", "killed-now.csv"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %q, %v; want %q", left, err, want)
	}
}
