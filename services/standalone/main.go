// Command standalone: see 'standalone --help'.
package main

import (
	"os"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/dialect"
)

func main() {
	dialect.ExplainHabits()
	os.Exit(cli.Main(run))
}
