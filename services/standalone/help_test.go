package main

import (
	"testing"

	"csv-pipeline/internal/cli/clitest"
)

// TestHelpAndDefaults: the documents state these defaults.
func TestHelpAndDefaults(t *testing.T) {
	clitest.Expect(t, clitest.Defaults(t, run), map[string]string{"store-url": "file://./data", "settle": "2s", "no-demo": "",
		"group-by": "item_id", "aggregate": "sum(quantity) as total_quantity"})
}
