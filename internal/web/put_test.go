package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNothingIsStoredElsewhere: a request to write at an address that is not quite right is
// refused, not led to another one, which programs take for a success.
func TestNothingIsStoredElsewhere(t *testing.T) {
	s := start(t, nil)
	for _, address := range []string{"/files/raw", "/files/raw//a.csv", "/files/raw/./a.csv", "/files/raw/x/../a.csv", "//files/raw/a.csv"} {
		if r := s.do(t, http.MethodPut, address, "item_id,quantity\n", "Authorization", bearer); r.StatusCode != http.StatusNotFound || !strings.Contains(r.body, "files/raw/NAME.csv") {
			t.Errorf("%s: %s %s", address, r.Status, r.body)
		}
	}
	if r := s.get(t, "/files/raw//a.csv"); r.StatusCode != http.StatusNotFound && r.Header.Get("Location") != "/files/raw/a.csv" {
		t.Errorf("a read is led on: %s", r.Status)
	}
}

func TestConditionsOfAnUpload(t *testing.T) {
	s := start(t, nil)
	const address = "/files/raw/a.csv"
	put := func(fields ...string) reply {
		return s.do(t, http.MethodPut, address, "item_id,quantity\n1,2\n", append(slices.Clone(fields), "Authorization", bearer)...)
	}
	if r := put("If-Match", "*"); r.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("If-Match where there is none: %s", r.Status)
	}
	if r := put("If-None-Match", "*"); r.StatusCode != http.StatusCreated {
		t.Errorf("a new one: %s", r.Status)
	}
	etag := s.get(t, address).Header.Get("ETag")
	past, future := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for _, fields := range [][]string{
		{"If-Match", `"x"`}, {"If-None-Match", etag}, {"If-None-Match", "W/" + etag}, {"If-None-Match", `"x", ` + etag}, {"If-None-Match", "*"}, {"If-Match", "W/" + etag}, {"If-Unmodified-Since", past}, {"If-Match", `"x"`, "If-Unmodified-Since", future},
	} {
		if r := put(fields...); r.StatusCode != http.StatusPreconditionFailed || s.get(t, address).Header.Get("ETag") != etag {
			t.Errorf("%q: %s %s", fields, r.Status, r.body)
		}
	}
	if r := put("Content-Range", "bytes 10-30/31"); r.StatusCode != http.StatusBadRequest || s.get(t, address).Header.Get("ETag") != etag {
		t.Errorf("a part of a file: %s %s", r.Status, r.body)
	}
	for _, fields := range [][]string{{"If-Match", etag}, {"If-Match", "*"}, {"If-None-Match", `"x"`}, {"If-Unmodified-Since", future}, {"If-Unmodified-Since", "soon"}, nil} {
		if fields != nil && fields[1] == etag {
			fields[1] = `"x", ` + s.get(t, address).Header.Get("ETag")
		}
		if r := put(fields...); r.StatusCode != http.StatusOK {
			t.Errorf("%q: %s %s", fields, r.Status, r.body)
		}
	}
}

func TestUploadUnderTheNameOfAFolder(t *testing.T) {
	s := start(t, nil)
	s.put(t, "a.csv", "x\n")
	s.put(t, "b.csv/c.csv", "x\n")
	for _, name := range []string{"a.csv/x.csv", "b.csv"} {
		if r := s.do(t, http.MethodPut, "/files/raw/"+name, "x\n", "Authorization", bearer); r.StatusCode != http.StatusConflict || !strings.Contains(r.body, "a folder has this name, or a file has that of its folder") {
			t.Errorf("%s: %s %s", name, r.Status, r.body)
		}
	}
}

// TestConditionsOfResults: a result is as old as its input, also where other settings have made
// another one; a raw file may be replaced by an older one.
func TestConditionsOfResults(t *testing.T) {
	s := start(t, nil)
	s.put(t, "20220101.csv", "item_id,quantity\n1,2\n")
	s.work(t)
	const result, raw = "/files/processed/20220101_aggregated_sales.csv", "/files/raw/20220101.csv"
	if r := s.get(t, result); r.Header.Get("Last-Modified") != "" || r.Header.Get("ETag") == "" {
		t.Errorf("%v", r.Header)
	}
	if r := s.get(t, result, "If-Modified-Since", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)); r.StatusCode != http.StatusOK {
		t.Errorf("a result that may be another one: %s", r.Status)
	}
	seen := s.get(t, raw).Header.Get("Last-Modified")
	if r := s.get(t, raw, "If-Modified-Since", seen); r.StatusCode != http.StatusNotModified {
		t.Errorf("the same file: %s", r.Status)
	}
	older := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(filepath.Join(s.folder, "raw", "20220101.csv"), older, older); err != nil {
		t.Fatal(err)
	}
	if r := s.get(t, raw, "If-Modified-Since", seen); r.StatusCode != http.StatusOK {
		t.Errorf("an older file: %s", r.Status)
	}
}

// TestUploadThroughALinkToOutside is refused for its name, which no retry mends.
func TestUploadThroughALinkToOutside(t *testing.T) {
	s := start(t, nil)
	s.put(t, "a.csv", "a\n")
	for link, target := range map[string]string{"away": t.TempDir(), "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(s.folder, "raw", link)); err != nil {
			t.Fatal(err)
		}
		r := s.do(t, http.MethodPut, "/files/raw/"+link+"/new.csv", "a\n", "Authorization", bearer)
		if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, "a part of it is a symbolic link that leads out of the data folder, or in a circle") {
			t.Errorf("%s: %s %s", link, r.Status, r.body)
		}
	}
}
