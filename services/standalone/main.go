// Command standalone: see 'standalone --help'.
package main

import (
	"os"

	"csv-pipeline/internal/cli"
)

func main() { os.Exit(cli.Main(run)) }
