package web_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/sweep"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/worker"
)

const token = "a-token-for-these-tests"

// site is a server on a real Redis and a real folder.
type site struct {
	*httptest.Server
	folder    string
	store     filestore.Store
	queue     *queue.Queue
	files     *catalog.Catalog
	server    *web.Server
	log       *observer.ObservedLogs
	questions *query.Questions
}

func start(t *testing.T, change func(*web.Config)) *site {
	t.Helper()
	s := &site{folder: t.TempDir()}
	for _, area := range []string{"raw", "processed"} {
		if err := os.Mkdir(filepath.Join(s.folder, area), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	store, err := dirstore.Open(s.folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s.store, s.files = store, catalog.New(store)
	s.queue = queue.New(redistest.Start(t).Client(t), "csvs-to-process", queue.Options{})
	core, logs := observer.New(zap.InfoLevel)
	s.log = logs
	config := web.Config{Store: store, Catalog: s.files, Queue: s.queue, Log: zap.New(core), Registry: ops.NewRegistry("test"),
		Alive: func(context.Context) error { return nil }, Guard: auth.New(token, "ann", "correct horse"), MaxUpload: 1 << 20}
	if change != nil {
		change(&config)
	}
	s.server = web.New(config)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.server.Watch(ctx) }()
	s.Server = httptest.NewServer(s.server.Handler())
	t.Cleanup(func() { stop(); <-ended; s.Close(); s.server.Close(); s.files.Close() })
	if s.questions, err = (query.Config{}).Compile(); err != nil {
		t.Fatal(err)
	}
	return s
}

// put writes a raw file that was last modified an hour ago.
func (s *site) put(t *testing.T, name, text string) {
	t.Helper()
	full := filepath.Join(s.folder, "raw", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(full, then, then); err != nil {
		t.Fatal(err)
	}
}

// work sweeps and processes until nothing is left.
func (s *site) work(t *testing.T) {
	t.Helper()
	sweeper := &sweep.Sweeper{Catalog: s.files, Store: s.store, Queue: s.queue, Log: zap.NewNop()}
	if _, err := sweeper.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := &worker.Worker{Name: "w1", Queue: s.queue, Store: s.store, Questions: s.questions, Log: zap.NewNop()}
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(s.get(t, "/", "Accept", asBrowser).body, "All caught up") {
	} // a page may be a little older (glance)
}

// sample is two good files and two bad ones.
func (s *site) sample(t *testing.T) {
	t.Helper()
	s.put(t, "20220101.csv", "timestamp,item_id,quantity\n2022-01-01T00:00:00Z,1,4\n2022-01-01T00:01:00Z,2,5\n2022-01-01T00:02:00Z,1,6\n")
	s.put(t, "2022/02.csv", "item_id,quantity\n7,1\n")
	s.put(t, "bad.csv", "item_id,quantity\n1,2\n3,seven\n")
	s.put(t, "worse.csv", "item,quantity\n1,2\n")
	s.work(t)
}

type reply struct {
	*http.Response
	body string
}

// do sends a request as it is, and follows no redirect.
func (s *site) do(t *testing.T, method, where, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+where, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{answer, string(text)}
}

func (s *site) get(t *testing.T, where string, headers ...string) reply {
	t.Helper()
	return s.do(t, http.MethodGet, where, "", headers...)
}

func (r reply) decode(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		t.Fatalf("%v in %.300s", err, r.body)
	}
}

const asBrowser = "text/html,application/xhtml+xml,*/*;q=0.8"
