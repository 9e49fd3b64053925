// Command processor: see 'processor --help'.
package main

import (
	"os"

	"csv-pipeline/internal/cli"
)

func main() { os.Exit(cli.Main(run)) }
