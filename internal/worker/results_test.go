package worker_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// result reads the result of the name from the folder.
func (b *bench) result(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.folder, "processed", name+"_aggregated_sales.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCompressedFilesHaveResultsOfTheirOwn(t *testing.T) {
	b := setUp(t, queue.Options{})
	var gz bytes.Buffer
	g := gzip.NewWriter(&gz)
	if _, err := g.Write([]byte(rows(1, 2))); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.put(t, "big.csv", rows(1, 1))
	b.put(t, "big.csv.gz", gz.String())
	b.put(t, "big.csv.zst", string(z.EncodeAll([]byte(rows(1, 3)), nil)))
	b.push(t, "big.csv", "big.csv.gz", "big.csv.zst")
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 0, 0, 3)
	for name, want := range map[string]string{"big": "1,1\n", "big.csv.gz": "1,2\n", "big.csv.zst": "1,3\n"} {
		if got := b.result(t, name); got != "item_id,total_quantity\n"+want {
			t.Errorf("the result of %s is %q", name, got)
		}
	}
}

// TestLastRightResultStays of a file that became malformed, and of one that is gone.
func TestLastRightResultStays(t *testing.T) {
	b := setUp(t, queue.Options{})
	for _, name := range []string{"malformed.csv", "gone.csv"} {
		b.put(t, name, rows(1, 7))
		b.push(t, name)
	}
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.put(t, "malformed.csv", rows(1, 7)+"cut of")
	if err := os.Remove(filepath.Join(b.folder, "raw", "gone.csv")); err != nil {
		t.Fatal(err)
	}
	b.push(t, "malformed.csv", "gone.csv")
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 0, 2, 2)
	for _, name := range []string{"malformed", "gone"} {
		if got := b.result(t, name); got != "item_id,total_quantity\n1,7\n" {
			t.Errorf("the result of %s is %q", name, got)
		}
	}
}

// ageing notes how old each raw file was when it was last opened.
type ageing struct {
	filestore.Store
	mu   sync.Mutex
	ages map[string]time.Duration
}

func (s *ageing) Open(ctx context.Context, area filestore.Area, name string) (filestore.File, error) {
	f, err := s.Store.Open(ctx, area, name)
	if err == nil && area == filestore.Raw {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ages[name] = time.Since(f.Info().ModTime)
	}
	return f, err
}

// TestFileThatWasJustWrittenIsGivenTime: a change within a tick of the file system's clock
// would leave its version as it is.
func TestFileThatWasJustWrittenIsGivenTime(t *testing.T) {
	b := setUp(t, queue.Options{})
	s := &ageing{Store: b.store, ages: map[string]time.Duration{}}
	b.Store = s
	for range 3 { // where the machine is slow, one of them may be old enough by itself
		b.put(t, "a.csv", rows(1, 1))
		b.push(t, "a.csv")
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if age := s.ages["a.csv"]; age < 20*time.Millisecond {
			t.Errorf("it was read %v after it was written, want 20 ms at least", age)
		}
	}
}
