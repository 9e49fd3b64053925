package filestore

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var assertion = regexp.MustCompile(`\.\((filestore\.)?(Pinned|Remote|Dated|ObjectNamer|interface)\b`)

// Only capabilities.go asserts that a store or a file can do more than the contract.
func TestCapabilitiesAreAskedForInOneFile(t *testing.T) {
	found := 0
	root := os.DirFS("../..")
	for _, folder := range []string{"internal", "services"} {
		err := fs.WalkDir(root, folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := fs.ReadFile(root, path)
			if err != nil {
				return err
			}
			for _, m := range assertion.FindAllString(string(text), -1) {
				if path == "internal/filestore/capabilities.go" {
					found++
				} else {
					t.Errorf("%s has %s", path, m)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found == 0 {
		t.Error("the pattern does not find those of capabilities.go")
	}
}
