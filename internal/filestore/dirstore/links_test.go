package dirstore

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"csv-pipeline/internal/filestore"
)

// TestLinksWithinTheFolderAreFollowed: TestNothingLeavesTheFolder tests those that lead out.
func TestLinksWithinTheFolderAreFollowed(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	if err := os.MkdirAll(filepath.Join(folder, "raw", "2022"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "raw", "2022", "a.csv"), []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("2022/a.csv", filepath.Join(folder, "raw", "latest.csv")); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for i, err := range s.List(t.Context(), filestore.Raw) {
		if err != nil || i.Size != 4 {
			t.Errorf("%+v, %v", i, err)
		}
		listed = append(listed, i.Name)
	}
	slices.Sort(listed)
	if want := []string{"2022/a.csv", "latest.csv"}; !slices.Equal(listed, want) {
		t.Errorf("listed %q, want %q", listed, want)
	}
	if i, err := s.Stat(t.Context(), filestore.Raw, "latest.csv"); err != nil || i.Size != 4 {
		t.Errorf("%+v, %v", i, err)
	}
	f, err := s.Open(t.Context(), filestore.Raw, "latest.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := io.ReadAll(f); string(text) != "text" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}
