package docs

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var goFile = regexp.MustCompile(`\b[a-z]\w*\.go\b`)

// TestMapsOfPackagesHaveEveryFile: each map of files in a doc.go names every file of its package
// once, and no other. Tests and doc.go itself are not in it.
func TestMapsOfPackagesHaveEveryFile(t *testing.T) {
	for _, folder := range []string{"internal/dialect", "internal/groupby"} {
		_, section, found := strings.Cut(read(t, folder+"/doc.go"), "\n// # Files in the order in which data flows\n")
		if !found {
			t.Errorf("%s/doc.go has no map", folder)
			continue
		}
		section, _, _ = strings.Cut(section, "\n// #")
		named := goFile.FindAllString(section, -1)
		slices.Sort(named)
		paths, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, path := range paths {
			if name := filepath.Base(path); name != "doc.go" && !strings.HasSuffix(name, "_test.go") {
				files = append(files, name)
			}
		}
		slices.Sort(files)
		if !slices.Equal(named, files) {
			t.Errorf("%s/doc.go names %q, there are %q", folder, named, files)
		}
	}
}
