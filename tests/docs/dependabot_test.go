package docs

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// ecosystemOf maps the file that lists dependencies to what Dependabot calls its kind.
var ecosystemOf = map[string]string{
	"go.mod":              "gomod",
	"package.json":        "npm",
	"Dockerfile":          "docker",
	"docker-compose.yaml": "docker-compose",
}

// TestDependabotKnowsEveryModule: .github/dependabot.yml lists each folder of the tree that has dependencies,
// and no other.
func TestDependabotKnowsEveryModule(t *testing.T) {
	var config struct {
		Updates []struct {
			Ecosystem   string   `yaml:"package-ecosystem"`
			Directory   string   `yaml:"directory"`
			Directories []string `yaml:"directories"`
		} `yaml:"updates"`
	}
	if err := yaml.Unmarshal([]byte(read(t, ".github/dependabot.yml")), &config); err != nil {
		t.Fatal(err)
	}
	listed := []string{}
	for _, update := range config.Updates {
		if update.Directory != "" {
			update.Directories = append(update.Directories, update.Directory)
		}
		for _, directory := range update.Directories {
			listed = append(listed, update.Ecosystem+" "+directory)
		}
	}
	there := []string{"github-actions /"}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || name != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || ecosystemOf[d.Name()] == "":
			return nil
		}
		there = append(there, ecosystemOf[d.Name()]+" "+path.Join("/", path.Dir(name)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(listed)
	slices.Sort(there)
	if !slices.Equal(listed, there) {
		t.Errorf("listed are %q, there are %q", listed, there)
	}
}
