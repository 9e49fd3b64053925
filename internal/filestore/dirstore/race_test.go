package dirstore

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"csv-pipeline/internal/filestore"
)

// removing removes stale files in a loop until the returned function is called.
func removing(t *testing.T, s *Store, age time.Duration) (end func()) {
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if n, err := s.RemoveStale(ctx, age); n != 0 || err != nil {
				t.Errorf("%d files were removed, %v", n, err)
			}
		}
	}()
	return func() { stop(); <-ended }
}

// RemoveStale spares a file that is being published or removed, however old its input is.
func TestRemoveStaleSparesTheLiving(t *testing.T) {
	s := open(t, t.TempDir())
	defer removing(t, s, 24*time.Hour)()
	source := filestore.Info{ModTime: time.Now().AddDate(0, 0, -2)}
	for range 100 {
		w, err := s.Create(t.Context(), filestore.Processed, "r.csv", &source)
		if err != nil {
			t.Fatal(err)
		}
		i, err := w.Commit()
		if err != nil {
			t.Fatalf("publish: %v", err)
		}
		if removed, err := s.RemoveVersion(t.Context(), filestore.Processed, i); !removed || err != nil {
			t.Fatalf("remove: %v, %v", removed, err)
		}
	}
}

// Commit describes the file of its own writer, also if another writer replaces it at once.
func TestCommitTellsOfItsOwnFile(t *testing.T) {
	s := open(t, t.TempDir())
	var group sync.WaitGroup
	for size := range 4 {
		group.Go(func() {
			for range 100 {
				w, err := s.Create(t.Context(), filestore.Raw, "a.csv", nil)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := w.Write([]byte(strings.Repeat("x", size))); err != nil {
					t.Error(err)
				}
				if i, err := w.Commit(); err != nil || i.Size != int64(size) {
					t.Errorf("of %d bytes: %+v, %v", size, i, err)
				}
			}
		})
	}
	group.Wait()
}
