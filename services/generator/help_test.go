package main

import (
	"testing"

	"csv-pipeline/internal/cli/clitest"
)

// TestHelpAndDefaults: the documents state these defaults.
func TestHelpAndDefaults(t *testing.T) {
	clitest.Expect(t, clitest.Defaults(t, run), map[string]string{"start": "2022-01-01", "months": "6", "days": "", "rows": "200", "items": "5",
		"max-quantity": "10", "seed": "1", "redis-list": "csvs-to-process", "redis-timeout": "1m0s"})
	clitest.Expect(t, clitest.Defaults(t, run, "enqueue"), map[string]string{"all": ""})
	clitest.Defaults(t, run, "selftest")
}
