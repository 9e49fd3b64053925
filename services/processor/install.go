package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"csv-pipeline/internal/cli"
)

// install is the subcommand that copies this program into a folder, from which a container of
// another image starts it.
func install(args []string, getenv cli.Getenv, stdout io.Writer) error {
	rest, err := cli.Parse(cli.Command{
		Name: "processor install",
		Args: "FOLDER",
		About: `Copies this program to FOLDER/processor.

An init container does so, for processors that run in an image of your own: one that has the
program of --command. The program needs nothing else of its image.`,
		Examples: "processor install /csv-pipeline",
		MinArgs:  1,
		MaxArgs:  1,
		Flags:    cli.NewFlags(),
	}, args, getenv, stdout)
	if err != nil {
		return err
	}
	own, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	from, err := os.Open(own)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := begin(filepath.Join(rest[0], "processor"))
	if err != nil {
		return err
	}
	defer to.abort()
	if _, err := io.Copy(to, from); err != nil {
		return fmt.Errorf("copy %s to %s: %w", own, rest[0], err)
	}
	if err := to.Chmod(0o755); err != nil {
		return err
	}
	return to.commit()
}
