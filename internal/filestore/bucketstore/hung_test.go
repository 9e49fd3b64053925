package bucketstore

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gocloud.dev/blob"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/s3test"
)

// Requests to a server that does not answer fail with ErrUnavailable.
func TestHungServer(t *testing.T) {
	everywhere(t, func(t *testing.T, server server) {
		s := open(t, server, "hung", "")
		defer s.Close()
		i := put(t, s, filestore.Raw, "a.csv", "text", nil)
		s.limit = 300 * time.Millisecond
		s.reached = time.Time{}
		if err := server.Pause(); err != nil {
			t.Fatal(err)
		}
		var listErr error
		for _, listErr = range s.List(t.Context(), filestore.Raw) {
		}
		_, statErr := s.Stat(t.Context(), filestore.Raw, "a.csv")
		_, openErr := s.Open(t.Context(), filestore.Raw, "a.csv")
		_, versionErr := s.RemoveVersion(t.Context(), filestore.Raw, i)
		_, staleErr := s.RemoveStale(t.Context(), 0)
		if _, ok := s.backend.(s3Backend); !ok {
			staleErr = filestore.ErrUnavailable // it needs no request
		}
		for what, err := range map[string]error{"list": listErr, "stat": statErr, "open": openErr, "remove stale": staleErr, "check": s.Check(t.Context()),
			"remove": s.Remove(t.Context(), filestore.Raw, "a.csv"), "remove a version": versionErr} {
			if !errors.Is(err, filestore.ErrUnavailable) {
				t.Errorf("%s: %v, want ErrUnavailable", what, err)
			}
		}
		if err := server.Resume(); err != nil {
			t.Fatal(err)
		}
		s.limit = time.Minute
		for _, err := range s.List(t.Context(), filestore.Raw) {
			if err != nil {
				t.Errorf("when it goes on: %v", err)
			}
		}
	})
}

// So do requests to a server that begins an answer and does not end it.
func TestPatience(t *testing.T) {
	patience = 2 * time.Second
	defer func() { patience = time.Minute }()
	server := s3test.Start(t)
	server.Bucket(t, "patience", "")
	var list, complete atomic.Bool // hang at the next such request
	ended := make(chan struct{})
	defer close(ended)
	s, err := Open(t.Context(), through(t, server, "patience", func(w http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		if !(q.Has("list-type") && list.Swap(false) || r.Method == http.MethodPost && q.Has("uploadId") && complete.Swap(false)) {
			return true
		}
		// The beginning of an answer.
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "<?xml ")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-ended:
		case <-r.Context().Done():
		}
		return false
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	list.Store(true)
	if _, _, err := s.bucket.ListPage(t.Context(), blob.FirstPageToken, 1, nil); err != nil && s.diagnose(err) != unavailable {
		t.Errorf("a listing: %v", err)
	}
	w, err := s.Create(t.Context(), filestore.Raw, "large.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := io.WriteString(w, strings.Repeat("x", 2*putSize)); err != nil {
		t.Fatal(err)
	}
	complete.Store(true)
	if _, err := w.Commit(); err != nil && !errors.Is(err, filestore.ErrUnavailable) {
		t.Errorf("an upload: %v", err)
	}
	if list.Load() || complete.Load() {
		t.Error("nothing hung")
	}
}

// The error of a server that does not answer in time is also a
// context.DeadlineExceeded, though nobody's context has ended.
func TestTimeoutIsAnOutage(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	client := http.Client{Transport: &http.Transport{ResponseHeaderTimeout: time.Millisecond}}
	answer, late := client.Get("http://" + silent.Addr().String())
	if late == nil {
		_ = answer.Body.Close()
		t.Fatal("it answered")
	}
	s := openMemory()
	if err := s.explain(t.Context(), "look at", "a.csv", late); !errors.Is(err, filestore.ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.explain(ctx, "look at", "a.csv", late); !errors.Is(err, context.Canceled) || errors.Is(err, filestore.ErrUnavailable) {
		t.Errorf("%v, want context.Canceled", err)
	}
}
