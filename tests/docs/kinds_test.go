package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"csv-pipeline/internal/queue"
)

var firstCell = regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|")

// TestKindsOfFailureAreListed: the table of docs/inspector.md has each kind of failure, and no other.
func TestKindsOfFailureAreListed(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "docs/inspector.md"), "\n## Failed files\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for _, m := range firstCell.FindAllStringSubmatch(section, -1) {
		listed = append(listed, m[1])
	}
	if !slices.Equal(listed, queue.Kinds) {
		t.Errorf("listed are %q, there are %q", listed, queue.Kinds)
	}
}
