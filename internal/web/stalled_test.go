package web_test

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/web"
)

// stopped is a store whose listings hang while held is set.
type stopped struct {
	filestore.Store
	held    atomic.Bool
	reached atomic.Bool // by a listing while held
}

func (s *stopped) List(ctx context.Context, area filestore.Area) iter.Seq2[filestore.Info, error] {
	return func(yield func(filestore.Info, error) bool) {
		if s.held.Load() {
			s.reached.Store(true)
			<-ctx.Done()
			yield(filestore.Info{}, ctx.Err())
			return
		}
		s.Store.List(ctx, area)(yield)
	}
}

// While listings of the store hang, readiness says so and pages show the last listing.
func TestListingsThatHang(t *testing.T) {
	var store *stopped
	var files *catalog.Catalog
	s := start(t, func(c *web.Config) {
		store = &stopped{Store: c.Store}
		files = catalog.New(store)
		files.Limit = 10 * time.Millisecond
		c.Catalog = files
	})
	t.Cleanup(files.Close)
	s.put(t, "a.csv", "item_id,quantity\n1,2\n")
	for r := s.get(t, "/files/raw/", "Accept", asBrowser); r.StatusCode != http.StatusOK || strings.Contains(r.body, "cannot be listed"); {
		r = s.get(t, "/files/raw/", "Accept", asBrowser) // the limit is short
	}
	store.held.Store(true)
	if _, err := files.Refresh(t.Context()); err == nil {
		t.Fatal("a store that hangs was listed")
	}
	if r := s.get(t, "/readyz"); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(r.body, "the store listed no file for 10ms") {
		t.Errorf("/readyz: %s %s", r.Status, r.body)
	}
	if r := s.get(t, "/healthz"); r.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %s", r.Status)
	}
	if r := s.get(t, "/files/raw/", "Accept", asBrowser); r.StatusCode != http.StatusOK || !strings.Contains(r.body, "a.csv") || !strings.Contains(r.body, "cannot be listed for now") {
		t.Errorf("the list: %s %s", r.Status, r.body)
	} else if times := unmarked(r.body); len(times) > 0 {
		t.Errorf("the list: times %q", times)
	}
	store.held.Store(false)
	for s.get(t, "/readyz").StatusCode != http.StatusOK {
		_, _ = files.Refresh(t.Context()) // as the sweep does
	}
}

// The stream of a client that leaves ends, also while the store hangs for another client.
func TestWatchersDoNotWaitForEachOther(t *testing.T) {
	var store *stopped
	var files *catalog.Catalog
	s := start(t, func(c *web.Config) {
		store = &stopped{Store: c.Store}
		store.held.Store(true)
		files = catalog.New(store)
		files.Limit = time.Hour
		c.Catalog = files
	})
	watch := func(ctx context.Context) <-chan struct{} {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Config.Handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/live", nil))
		}()
		return ended
	}
	ctx, leave := context.WithCancel(t.Context())
	first := watch(ctx)
	for !store.reached.Load() {
		runtime.Gosched()
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	<-watch(gone)
	leave()
	<-first
	files.Close()
}
