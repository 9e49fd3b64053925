// Command measureduckdb runs a query by DuckDB with two threads and writes its
// result as CSV: measureduckdb RESULT QUERY
package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"

	"csv-pipeline/bench/figures"

	_ "github.com/duckdb/duckdb-go/v2"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	db, err := sql.Open("duckdb", "?threads=2")
	if err != nil {
		return err
	}
	defer db.Close()
	if len(args) == 1 && args[0] == "version" {
		var version string
		err := db.QueryRow("select version()").Scan(&version)
		fmt.Println(version)
		return err
	}
	if len(args) != 2 {
		return errors.New("expected RESULT QUERY")
	}
	if err := db.Ping(); err != nil {
		return err
	}
	return figures.Measure(func() error {
		_, err := db.Exec(fmt.Sprintf("copy (%s) to '%s' (header)", args[1], args[0]))
		return err
	})
}
