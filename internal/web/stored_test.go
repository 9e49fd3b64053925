package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/web/api"
)

const bearer = "Bearer " + token

// hooked is a store that calls functions at certain steps.
type hooked struct {
	filestore.Store
	stat   func(area filestore.Area, name string) error // after Stat
	create func(name string) error
}

func (h *hooked) Stat(ctx context.Context, area filestore.Area, name string) (filestore.Info, error) {
	i, err := h.Store.Stat(ctx, area, name)
	if h.stat != nil {
		if hook := h.stat(area, name); hook != nil {
			return filestore.Info{}, hook
		}
	}
	return i, err
}

func (h *hooked) Create(ctx context.Context, area filestore.Area, name string, source *filestore.Info) (filestore.Writer, error) {
	if h.create != nil {
		if err := h.create(name); err != nil {
			return nil, err
		}
	}
	return h.Store.Create(ctx, area, name, source)
}

func startHooked(t *testing.T) (*site, *hooked) {
	h := &hooked{}
	s := start(t, func(c *web.Config) { h.Store, c.Store = c.Store, h })
	return s, h
}

// Of many clients that upload a new file of the same name at once, one succeeds.
func TestExclusiveUploads(t *testing.T) {
	s, h := startHooked(t)
	const clients = 4
	var begun sync.WaitGroup // each has asked whether the file exists
	begun.Add(clients)
	h.create = func(string) error { begun.Done(); begun.Wait(); return nil }
	var group sync.WaitGroup
	var answers [clients]reply
	for i := range clients {
		group.Go(func() {
			answers[i] = s.do(t, http.MethodPut, "/files/raw/a.csv", strings.Repeat("x", i+1), "Authorization", bearer, "If-None-Match", "*")
		})
	}
	group.Wait()
	h.create = nil
	winner := -1
	for i, r := range answers {
		switch {
		case r.StatusCode == http.StatusCreated && winner < 0:
			winner = i
		case r.StatusCode != http.StatusPreconditionFailed:
			t.Errorf("client %d: %s %s", i, r.Status, r.body)
		}
	}
	if text, err := os.ReadFile(filepath.Join(s.folder, "raw", "a.csv")); err != nil || len(text) != winner+1 {
		t.Errorf("client %d was told that its file is stored, and there are %d bytes, %v", winner, len(text), err)
	}
}

// An error of Stat does not count as "there is no such file".
func TestUploadToAStoreThatCannotTell(t *testing.T) {
	s, h := startHooked(t)
	s.put(t, "a.csv", "old")
	h.stat = func(filestore.Area, string) error { return &os.PathError{Op: "stat", Path: "a.csv", Err: syscall.EIO} }
	r := s.do(t, http.MethodPut, "/files/raw/a.csv", "new", "Authorization", bearer, "If-None-Match", "*")
	h.stat = nil
	if text := s.get(t, "/files/raw/a.csv").body; r.StatusCode != http.StatusServiceUnavailable || text != "old" {
		t.Errorf("%s %s, and there is %q", r.Status, r.body, text)
	}
}

func TestUploadToAFullStore(t *testing.T) {
	s, h := startHooked(t)
	h.create = func(string) error { return errors.Join(filestore.ErrFull, syscall.ENOSPC) }
	r := s.do(t, http.MethodPut, "/files/raw/a.csv", "x", "Authorization", bearer)
	if r.StatusCode != http.StatusInsufficientStorage || !strings.Contains(r.body, "full") || strings.Contains(r.body, "Redis") {
		t.Errorf("%s %s", r.Status, r.body)
	}
	h.create = func(name string) error {
		if name == "a.csv" {
			return nil
		}
		return filestore.ErrFull
	}
	body, contentType := uploadForm(t, "a.csv", "b.csv")
	r = s.do(t, http.MethodPost, "/upload", body, "Content-Type", contentType, "Authorization", bearer)
	if r.StatusCode != http.StatusInsufficientStorage || !strings.Contains(r.body, "not stored: b.csv (the file store is full: its disk or its quota has no room for the file); stored: a.csv") {
		t.Errorf("a form: %s %s", r.Status, r.body)
	}
}

func uploadForm(t *testing.T, names ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, name := range names {
		part, err := m.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, "item_id,quantity\n5,6\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), m.FormDataContentType()
}

// An upload that was stored is answered as such, even if it could not be queued.
func TestUploadWithoutRedis(t *testing.T) {
	t.Parallel() // it waits most of the time
	var redis *redistest.Server
	s := start(t, func(c *web.Config) {
		redis = redistest.Start(t)
		c.Queue = queue.New(redis.Client(t), "csvs-to-process", queue.Options{})
	})
	redis.Kill()
	var stored struct {
		Name   string
		Queued *bool
		Note   string
	}
	r := s.do(t, http.MethodPut, "/files/raw/a.csv", "item_id,quantity\n5,6\n", "Authorization", bearer)
	r.decode(t, &stored)
	if r.StatusCode != http.StatusCreated || stored.Name != "a.csv" || stored.Queued == nil || *stored.Queued || stored.Note == "" {
		t.Errorf("%s %s", r.Status, r.body)
	}
	body, contentType := uploadForm(t, "b.csv")
	r = s.do(t, http.MethodPost, "/upload", body, "Content-Type", contentType, "Authorization", bearer)
	where := r.Header.Get("Location")
	if where != "/upload?did=upload&n=1&unqueued=1" {
		t.Fatalf("a form: %s to %q", r.Status, where)
	}
	if page := s.get(t, where, "Accept", asBrowser).body; !strings.Contains(page, "1 file uploaded. Redis cannot be reached") {
		t.Errorf("the page says nothing of it: %s", page)
	}
	for _, name := range []string{"a.csv", "b.csv"} {
		if _, err := s.store.Stat(t.Context(), filestore.Raw, name); err != nil {
			t.Error(err)
		}
	}
}

// drop drops all failed files.
func (s *site) drop(t *testing.T) (files int, kept map[string]string) {
	t.Helper()
	var d struct {
		Files int
		Kept  []struct{ Name, Why string }
	}
	r := s.do(t, http.MethodPost, "/api/v1/failed/drop", `{"all":true}`, "Authorization", bearer)
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", r.Status, r.body)
	}
	r.decode(t, &d)
	kept = map[string]string{}
	for _, k := range d.Kept {
		kept[k.Name] = k.Why
	}
	return d.Files, kept
}

// Drop keeps a file that replaced the one that failed, also if that happens at the last
// moment.
func TestDropKeepsANewVersion(t *testing.T) {
	s, h := startHooked(t)
	s.put(t, "early.csv", "bad")
	s.put(t, "late.csv", "bad")
	s.put(t, "same.csv", "bad")
	s.work(t)
	const mended = "item_id,quantity\n5,6\n"
	replace := func(name string) {
		w, err := s.store.Create(t.Context(), filestore.Raw, name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, mended); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	replace("early.csv")
	var once sync.Once
	h.stat = func(area filestore.Area, name string) error {
		if area == filestore.Raw && name == "late.csv" {
			once.Do(func() { replace(name) })
		}
		return nil
	}
	files, kept := s.drop(t)
	if files != 1 || len(kept) != 2 || !strings.Contains(kept["early.csv"], "replaced since it failed") || !strings.Contains(kept["late.csv"], "replaced since it failed") {
		t.Errorf("dropped %d, kept %q", files, kept)
	}
	for _, name := range []string{"early.csv", "late.csv"} {
		if text, err := os.ReadFile(filepath.Join(s.folder, "raw", name)); err != nil || string(text) != mended {
			t.Errorf("%s is %q, %v", name, text, err)
		}
	}
	s.work(t)
	if body := s.get(t, "/api/v1/failed").body; body != "[]\n" {
		t.Errorf("failed are %s", body)
	}
}

// A file with an invalid name cannot be dropped, and the answer says so.
func TestDropOfANameThatNoFileMayHave(t *testing.T) {
	s := start(t, nil)
	s.put(t, "a\nb.csv", "item_id,quantity\n5,6\n")
	if err := s.queue.Push(t.Context(), "no\nfile.csv"); err != nil {
		t.Fatal(err)
	}
	s.work(t)
	files, kept := s.drop(t)
	if files != 1 || len(kept) != 1 || !strings.Contains(kept["a\nb.csv"], "its name is not allowed") {
		t.Errorf("dropped %d, kept %q", files, kept)
	}
	r := s.do(t, http.MethodPost, "/failed/drop", "all=1", "Content-Type", form, "Authorization", bearer)
	where := r.Header.Get("Location")
	if where != "/failed?did=drop&n=0&unnamed=1" {
		t.Fatalf("a form: %s to %q", r.Status, where)
	}
	if page := s.get(t, where, "Accept", asBrowser).body; !strings.Contains(page, "0 files dropped. 1 file was kept: its name is not allowed") {
		t.Errorf("the page says nothing of it: %s", page)
	}
	if err := os.Remove(filepath.Join(s.folder, "raw", "a\nb.csv")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if files, kept := s.drop(t); files != 1 || len(kept) != 0 {
		t.Errorf("when the file is gone: dropped %d, kept %q", files, kept)
	}
}

// failAgain has again.csv fail although it has a result, as when it is done again under other
// settings.
func (s *site) failAgain(t *testing.T) {
	t.Helper()
	s.put(t, "again.csv", "bad")
	s.work(t)
	raw, err := s.store.Stat(t.Context(), filestore.Raw, "again.csv")
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.store.Create(t.Context(), filestore.Processed, "again_aggregated_sales.csv", &raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestDropKeepsAFileWithAResult(t *testing.T) {
	s := start(t, nil)
	s.failAgain(t)
	if files, kept := s.drop(t); files != 0 || !strings.Contains(kept["again.csv"], "it has a result") {
		t.Errorf("dropped %d, kept %q", files, kept)
	}
	if _, err := s.store.Stat(t.Context(), filestore.Raw, "again.csv"); err != nil {
		t.Error(err)
	}
	if body := s.get(t, "/api/v1/failed").body; body != "[]\n" {
		t.Errorf("failed are %s", body)
	}
}

func TestAFileThatFailsAgainHasFailedInEveryPlace(t *testing.T) {
	s := start(t, nil)
	s.put(t, "good.csv", "item_id,quantity\n1,2\n")
	s.failAgain(t)
	for state, want := range map[string]string{"done": "good.csv", "failed": "again.csv"} {
		var files []api.File
		if err := json.Unmarshal([]byte(s.get(t, "/api/v1/files/raw?state="+state).body), &files); err != nil {
			t.Fatal(err)
		}
		if len(files) != 1 || files[0].Name != want || files[0].State != state || files[0].Result == "" || (files[0].Reason != "") != (state == "failed") {
			t.Errorf("%s are %+v", state, files)
		}
	}
	if body := s.get(t, "/files/raw/again.csv", "Accept", asBrowser).body; !strings.Contains(body, "Its result under earlier settings is kept.") || strings.Contains(body, `class="state done"`) {
		t.Errorf("its page says %s", body)
	}
}
