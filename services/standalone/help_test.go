package main

import (
	"testing"

	"csv-pipeline/internal/cli/clitest"
)

// TestHelpAndDefaults: the documents state these defaults.
func TestHelpAndDefaults(t *testing.T) {
	clitest.Expect(t, clitest.Defaults(t, run), map[string]string{"store-url": "file://./data", "settle": "2s", "no-demo": "",
		"max-upload": "1073741824", "client-timeout": "30s", "base-path": "/",
		"group-by": "item_id", "aggregate": "sum(quantity) as total_quantity"})
}
