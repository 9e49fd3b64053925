package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/web"
)

// FuzzPaths: whatever path is asked for, nothing outside raw/ and processed/ and
// nothing hidden is served, and the server does not fail.
func FuzzPaths(f *testing.F) {
	for _, path := range []string{
		"/", "/files/raw/", "/files/raw/a.csv", "/files/processed/a_aggregated_sales.csv", "/files/raw/../secret.csv", "/files/raw/..%2fsecret.csv",
		"/files/raw/%2e%2e/secret.csv", "/files/raw//secret.csv", "/files/raw/.tmp/hidden.csv", "/files/raw/link.csv", "/files/raw/a.csv%00",
		"/files/raw/..%5csecret.csv", "/files/../secret.csv", "/api/v1/status", "/healthz", "/files/raw/%ff", "/assets/../web.go",
	} {
		f.Add(path)
	}
	const secret = "nobody may read this"
	folder := f.TempDir()
	for name, text := range map[string]string{"secret.csv": secret, "raw/a.csv": "x", "raw/.tmp/hidden.csv": secret, "processed/a_aggregated_sales.csv": "y"} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			f.Fatal(err)
		}
	}
	outside := filepath.Join(f.TempDir(), "outside.csv")
	if err := os.WriteFile(outside, []byte(secret), 0o666); err != nil {
		f.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(folder, "raw", "link.csv")); err != nil {
		f.Fatal(err)
	}
	store, err := dirstore.Open(folder)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = store.Close() })
	server := web.New(web.Config{Store: store, Catalog: catalog.New(store), Queue: queue.New(redistest.Embedded(f), "csvs-to-process", queue.Options{}),
		Log: zap.NewNop(), Registry: ops.NewRegistry("fuzz"), Alive: func(context.Context) error { return nil }})
	handler := server.Handler()
	f.Fuzz(func(t *testing.T, path string) {
		target, err := url.ParseRequestURI(path)
		if err != nil {
			return // net/http answers such a request itself
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // a live stream does not end by itself
		defer cancel()
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		request.URL = target
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if strings.Contains(answer.Body.String(), secret) {
			t.Errorf("GET %q serves what it must not", path)
		}
		if answer.Code >= 500 {
			t.Errorf("GET %q: %d %s", path, answer.Code, answer.Body)
		}
	})
}
