// Package clitest checks the help of commands.
package clitest

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
)

// Run is the function of a service that main runs.
type Run func(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error

var (
	flag      = regexp.MustCompile(`(?m)^ +(?:-[a-z], )?--([a-z][a-z-]*)`)
	defaultOf = regexp.MustCompile(`\(default (.*)\)$`)
	variable  = regexp.MustCompile(`\[\$([A-Z_]+)\]`)
	blanks    = regexp.MustCompile(`\s+`)
)

// Defaults asks a command for its help and checks it: the exit code is 0, and the help has
// examples, the exit codes and for each flag its environment variable. It returns the default
// of each flag, which is "" for an empty text, zero and false.
func Defaults(t *testing.T, run Run, command ...string) map[string]string {
	t.Helper()
	var out, complaints bytes.Buffer
	none := func(string) (string, bool) { return "", false }
	if code := cli.ExitCode(run(t.Context(), append(command, "--help"), none, &out, &complaints), &complaints); code != cli.ExitOK {
		t.Fatalf("%v --help ends with %d: %s", command, code, complaints.String())
	}
	help := out.String()
	for _, part := range []string{"Usage:", "Examples:", "Exit codes:"} {
		if !strings.Contains(help, part) {
			t.Errorf("%v --help has no %q", command, part)
		}
	}
	found := map[string]string{}
	_, flags, _ := strings.Cut(help, "Flags, each with its environment variable:\n")
	flags, _, _ = strings.Cut(flags, "\nExit codes:")
	places := flag.FindAllStringSubmatchIndex(flags, -1)
	for i, at := range places {
		end := len(flags)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		name, about := flags[at[2]:at[3]], blanks.ReplaceAllString(flags[at[3]:end], " ")
		if name == "help" || name == "version" {
			continue
		}
		if m := variable.FindStringSubmatch(about); m == nil || !strings.HasSuffix(m[1], cli.EnvName(name)) {
			t.Errorf("%v --help names no environment variable for --%s:%s", command, name, about)
		}
		found[name] = ""
		if m := defaultOf.FindStringSubmatch(strings.TrimSpace(about)); m != nil {
			found[name] = strings.Trim(m[1], `"`)
		}
	}
	if len(found) == 0 {
		t.Fatalf("%v --help has no flags:\n%s", command, help)
	}
	return found
}

// Expect compares the defaults of flags with those that are wanted. The command may have more
// flags.
func Expect(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if is, there := got[name]; !there || is != value {
			t.Errorf("the default of --%s is %q, want %q", name, is, value)
		}
	}
}
