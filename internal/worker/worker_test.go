package worker_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/sweep"
	"csv-pipeline/internal/worker"
)

const list = "csvs-to-process"

// bench is a store, a queue on a real Redis and a worker between them.
type bench struct {
	*worker.Worker
	folder string
	store  filestore.Store
	queue  *queue.Queue
	rdb    *redis.Client
}

func setUp(t *testing.T, opts queue.Options) *bench {
	t.Helper()
	b := &bench{folder: t.TempDir(), rdb: redistest.Start(t).Client(t)}
	store, err := dirstore.Open(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	questions, err := query.Config{}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	b.store, b.queue = store, queue.New(b.rdb, list, opts)
	b.Worker = &worker.Worker{Name: "w1", Queue: b.queue, Store: store, Questions: questions, Log: zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel+1)),
		Grace: time.Minute, Patience: time.Minute}
	return b
}

func (b *bench) put(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(b.folder, "raw", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) push(t *testing.T, names ...string) {
	t.Helper()
	if err := b.queue.Push(t.Context(), names...); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) expect(t *testing.T, waiting, inFlight, delayed, failed, completed int64) {
	t.Helper()
	c, err := b.queue.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := [5]int64{c.Waiting, c.InFlight, c.Delayed, c.Failed, c.Totals["completed"]}
	if want := [5]int64{waiting, inFlight, delayed, failed, completed}; got != want {
		t.Errorf("waiting, in flight, delayed, failed, completed: got %v, want %v", got, want)
	}
}

// rows makes a file in which each of the items is sold quantity times.
func rows(items, quantity int) string {
	var b strings.Builder
	b.WriteString("timestamp,item_id,quantity\n")
	for i := 1; i <= items; i++ {
		fmt.Fprintf(&b, "2022-01-01T00:00:00Z,%d,%d\n", i, quantity)
	}
	return b.String()
}

func TestWorkerDrainsTheListAndBadFilesStopNobody(t *testing.T) {
	b := setUp(t, queue.Options{})
	b.put(t, "20220101.csv", rows(3, 7))
	b.put(t, "2022/01/02.csv", rows(2, 1))
	b.put(t, "bad.csv", "timestamp,item_id,quantity\n2022-01-01T00:00:00Z,1,1\n2022-01-01T00:00:00Z,1,abc\n")
	b.put(t, "nosuchcolumn.csv", "a,b\n1,2\n")
	b.put(t, "empty.csv", "")
	b.put(t, "blank.csv", "\n\r\n")
	b.put(t, "norows.csv", "timestamp,item_id,quantity\n")
	b.push(t, "20220101.csv", "", "/etc/passwd", "../../etc/passwd", "none.csv", "bad.csv", "nosuchcolumn.csv", "notes.md", "empty.csv", "blank.csv", "norows.csv", "2022/01/02.csv")
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 0, 9, 3)
	for name, want := range map[string]string{
		"20220101_aggregated_sales.csv":   "item_id,total_quantity\n1,7\n2,7\n3,7\n",
		"2022/01/02_aggregated_sales.csv": "item_id,total_quantity\n1,1\n2,1\n",
		"norows_aggregated_sales.csv":     "item_id,total_quantity\n",
	} {
		if got, err := os.ReadFile(filepath.Join(b.folder, "processed", name)); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	letters, err := b.queue.DeadLetters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]queue.DeadLetter{}
	for _, l := range letters {
		reasons[l.Name] = l
	}
	for name, want := range map[string][2]string{
		"":                 {queue.KindName, "empty"},
		"/etc/passwd":      {queue.KindName, "absolute"},
		"../../etc/passwd": {queue.KindName, "leaves"},
		"notes.md":         {queue.KindName, ".csv"},
		"none.csv":         {queue.KindMissing, "none.csv: there is no such file"},
		"bad.csv":          {queue.KindMalformed, `bad.csv:3: quantity: "abc" is not a number`},
		"nosuchcolumn.csv": {queue.KindMalformed, "(GROUP_BY) names"},
		"empty.csv":        {queue.KindMalformed, `empty.csv: the file is empty: expected a header line with "item_id", "quantity"`},
		"blank.csv":        {queue.KindMalformed, "blank.csv: the file has no line that is not blank"},
	} {
		if l := reasons[name]; l.Kind != want[0] || !strings.Contains(l.Reason, want[1]) {
			t.Errorf("%q is a dead letter because of %q (%s), want %q (%s)", name, l.Reason, l.Kind, want[1], want[0])
		}
	}
	for name, want := range map[string]queue.Place{
		"bad.csv":          {Line: 3, Column: "quantity", Field: "abc", Excerpt: queue.Excerpt{Before: "2022-01-01T00:00:00Z,1,", Bad: "abc"}},
		"nosuchcolumn.csv": {Line: 1, Excerpt: queue.Excerpt{Before: "a,b"}},
		"none.csv":         {},
	} {
		if got := reasons[name].Place; got != want {
			t.Errorf("%s is wrong at %+v, want %+v", name, got, want)
		}
	}
}

func TestWorkerTakesOnlyAsManyFilesAsItMay(t *testing.T) {
	b := setUp(t, queue.Options{})
	for i := range 3 {
		b.put(t, fmt.Sprintf("%d.csv", i), rows(1, 1))
		b.push(t, fmt.Sprintf("%d.csv", i))
	}
	b.FilesPerJob = 2
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 1, 0, 0, 0, 2)
}

func TestWorkerWaitsForTheLeaseOfADeadOneAndTakesItsFile(t *testing.T) {
	b := setUp(t, queue.Options{Lease: 100 * time.Millisecond})
	b.put(t, "a.csv", rows(1, 1))
	b.push(t, "a.csv")
	if _, err := b.queue.Claim(t.Context(), "dead"); err != nil {
		t.Fatal(err)
	}
	if err := b.Run(t.Context()); err != nil { // returns once there is nothing left
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 0, 0, 1)
}

func TestWorkerLeavesWhileALivingOneWorks(t *testing.T) {
	b := setUp(t, queue.Options{Lease: 300 * time.Millisecond})
	b.push(t, "a.csv")
	claim, err := b.queue.Claim(t.Context(), "alive")
	if err != nil {
		t.Fatal(err)
	}
	_, stop := claim.Hold(t.Context(), func() queue.Progress { return queue.Progress{} })
	defer stop()
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 1, 0, 0, 0)
}

// blocking is a store whose files cannot be read to their end before they may.
type blocking struct {
	filestore.Store
	reached chan string
	release chan struct{}
}

type blockingFile struct {
	filestore.File
	s   *blocking
	ctx context.Context // of Open
}

func (s *blocking) Open(ctx context.Context, area filestore.Area, name string) (filestore.File, error) {
	f, err := s.Store.Open(ctx, area, name)
	return blockingFile{f, s, ctx}, err
}

func (f blockingFile) ReadAt(p []byte, off int64) (int, error) {
	f.s.reached <- f.Info().Name
	select {
	case <-f.s.release:
		return f.File.ReadAt(p, off)
	case <-f.ctx.Done():
		return 0, f.ctx.Err()
	}
}

func TestStoppedWorkerFinishesTheFileInHand(t *testing.T) {
	b := setUp(t, queue.Options{})
	s := &blocking{b.store, make(chan string, 100), make(chan struct{})}
	b.Store = s
	b.put(t, "a.csv", rows(1, 1))
	b.put(t, "b.csv", rows(1, 1))
	b.push(t, "a.csv", "b.csv")
	ctx, sigterm := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	<-s.reached
	sigterm()
	close(s.release)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	b.expect(t, 1, 0, 0, 0, 1)
}

func TestStoppedWorkerGivesBackWhatItCannotFinish(t *testing.T) {
	b := setUp(t, queue.Options{})
	s := &blocking{b.store, make(chan string, 100), make(chan struct{})}
	b.Store, b.Grace = s, 0
	b.put(t, "a.csv", rows(1, 1))
	b.push(t, "a.csv")
	ctx, sigterm := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	<-s.reached
	sigterm()
	if err := <-ended; err != nil { // although nobody lets the file be read
		t.Fatal(err)
	}
	b.expect(t, 1, 0, 0, 0, 0)
}

func TestFileThatChangesWhileItIsReadIsReadAgain(t *testing.T) {
	b := setUp(t, queue.Options{})
	s := &blocking{b.store, make(chan string, 100), make(chan struct{})}
	b.Store = s
	b.put(t, "a.csv", rows(1, 1))
	b.push(t, "a.csv")
	ended := make(chan error)
	go func() { ended <- b.Run(t.Context()) }()
	<-s.reached
	b.put(t, "a.csv", rows(2, 5)+"cut of")
	close(s.release)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 1, 0, 0)
}

func TestResultIsTheSameWhoeverMakesIt(t *testing.T) {
	b := setUp(t, queue.Options{})
	b.put(t, "a.csv", rows(50, 3))
	var results [2]string
	for i := range results {
		b.push(t, "a.csv")
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		f, err := b.store.Open(t.Context(), filestore.Processed, "a_aggregated_sales.csv")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		results[i] = string(text)
	}
	if results[0] != results[1] {
		t.Errorf("%q and then %q", results[0], results[1])
	}
}

func TestPoolSharesTheFilesAndStaysWholeWhileOneIsBusy(t *testing.T) {
	b := setUp(t, queue.Options{})
	s := &blocking{b.store, make(chan string, 100), make(chan struct{})}
	b.Store = s
	const first, more = 3, 5
	for i := range first + more {
		b.put(t, fmt.Sprintf("%d.csv", i), rows(1, 1))
	}
	pool := &worker.Pool{Worker: *b.Worker, Concurrency: 2}
	ended := make(chan error)
	b.push(t, "0.csv")
	go func() { ended <- pool.Run(t.Context()) }()
	<-s.reached // one has a file in hand, the other has nothing to do
	b.push(t, "1.csv")
	<-s.reached // and takes what comes
	for i := 2; i < first+more; i++ {
		b.push(t, fmt.Sprintf("%d.csv", i))
	}
	close(s.release)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 0, 0, first+more)
}

func TestPoolTakesOnlyAsManyFilesAsItMay(t *testing.T) {
	b := setUp(t, queue.Options{})
	for i := range 9 {
		b.put(t, fmt.Sprintf("%d.csv", i), rows(1, 1))
		b.push(t, fmt.Sprintf("%d.csv", i))
	}
	for _, c := range []struct{ limit, left int64 }{{5, 4}, {1, 3}} {
		pool := &worker.Pool{Worker: *b.Worker, Concurrency: 3}
		pool.FilesPerJob = c.limit
		if err := pool.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.expect(t, c.left, 0, 0, 0, 9-c.left)
	}
}

func TestSkippedRowsArePublishedAndGoAgainOnceTheyAreMended(t *testing.T) {
	b := setUp(t, queue.Options{})
	questions, err := query.Config{Spec: query.Spec{Input: dialect.Settings{OnBadRow: dialect.Skip, MaxBadShare: 0.5}}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	b.Questions = questions
	rejected := filepath.Join(b.folder, "processed", "a_rejected.csv")
	b.put(t, "a.csv", rows(2, 1)+"2022-01-01T00:00:00Z,1,abc\n")
	b.push(t, "a.csv")
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(rejected)
	if err != nil || !strings.Contains(string(text), "\n4,") || !strings.Contains(string(text), "abc") {
		t.Errorf("rejected rows: %q, %v", text, err)
	}
	b.put(t, "a.csv", rows(2, 1))
	b.push(t, "a.csv")
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(rejected); !os.IsNotExist(err) {
		t.Errorf("the rejected rows of the mended file: %v", err)
	}
	b.expect(t, 0, 0, 0, 0, 2)
}

// TestFileThatWasPushedTooEarlyIsDoneOnceItIsWritten: whoever writes a file begins with an empty one.
func TestFileThatWasPushedTooEarlyIsDoneOnceItIsWritten(t *testing.T) {
	b := setUp(t, queue.Options{})
	sweeper := &sweep.Sweeper{Catalog: catalog.New(b.store), Store: b.store, Queue: b.queue, Log: zap.NewNop()}
	b.put(t, "a.csv", "")
	b.push(t, "a.csv")
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 0, 1, 0)
	for _, c := range []struct {
		text                       string
		queued                     int
		waiting, failed, completed int64
	}{
		{"", 0, 0, 1, 0}, // the same file as before
		{rows(1, 3), 1, 1, 0, 0},
	} {
		if c.text != "" {
			b.put(t, "a.csv", c.text)
		}
		if n, err := sweeper.Once(t.Context()); n != c.queued || err != nil {
			t.Fatalf("with %q in the file the sweep queues %d, %v; want %d", c.text, n, err, c.queued)
		}
		b.expect(t, c.waiting, 0, 0, c.failed, c.completed)
	}
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 0, 0, 1)
	if got, err := os.ReadFile(filepath.Join(b.folder, "processed/a_aggregated_sales.csv")); string(got) != "item_id,total_quantity\n1,3\n" || err != nil {
		t.Errorf("the result is %q, %v", got, err)
	}
}
