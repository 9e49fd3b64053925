package worker_test

import (
	"path/filepath"
	"testing"

	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/queue"
)

// TestFaultsOfTheTemporaryFolderPass, as a full one may be emptied: no file is a dead letter at once
// for them. Without a folder, no retry helps.
func TestFaultsOfTheTemporaryFolderPass(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent")
	for name, c := range map[string]struct {
		folder          string
		delayed, failed int64
	}{
		"a folder that takes no file": {absent, 1, 0},
		"none":                        {"", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, queue.Options{})
			b.Engine = groupby.Options{TempDir: c.folder, MemoryLimit: 1 << 20}
			b.put(t, "many.csv", rows(100_000, 1))
			b.push(t, "many.csv")
			if err := b.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.expect(t, 0, 0, c.delayed, c.failed, 0)
		})
	}
}
