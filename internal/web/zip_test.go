package web_test

import (
	"archive/zip"
	"strings"
	"testing"
)

// TestZipStoresWhatIsPacked: to compress it again takes time and makes it no smaller.
func TestZipStoresWhatIsPacked(t *testing.T) {
	s := start(t, nil)
	for _, name := range []string{"a.csv", "a.csv.gz", "a.csv.bz2", "a.csv.xz"} {
		s.put(t, name, strings.Repeat("text\n", 1000))
	}
	body := s.get(t, "/files/raw/?format=zip").body
	z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil || len(z.File) != 4 {
		t.Fatalf("%v, %.100q", err, body)
	}
	for _, f := range z.File {
		if want := f.Name != "a.csv"; (f.Method == zip.Store) != want {
			t.Errorf("%s: stored is %v, want %v", f.Name, !want, want)
		}
	}
}
