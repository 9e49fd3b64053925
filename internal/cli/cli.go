// Package cli is the shell around every service: flags that each have an
// environment variable, help that teaches, and exit codes that mean something.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
)

// Exit codes of every command.
const (
	ExitOK     = 0 // done, or stopped by a signal after giving back what was in hand
	ExitFailed = 1 // something outside the command line went wrong
	ExitUsage  = 2 // the command line or the environment is wrong
)

// Getenv looks up an environment variable, as os.LookupEnv does.
type Getenv func(key string) (value string, ok bool)

// UsageError is a mistake in the command line or the environment.
type UsageError struct{ Problem string }

func (e *UsageError) Error() string { return e.Problem }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{Problem: fmt.Sprintf(format, args...)}
}

// ErrHelp is returned by Parse once it has printed the help that was asked for.
var ErrHelp = errors.New("help was asked for")

// Command is one program or subcommand, as its help shows it.
type Command struct {
	Name     string // as typed, e.g. "processor aggregate"
	Args     string // its arguments, e.g. "[flags] FILE..."; "" when it takes none
	About    string // what it does, a paragraph or more
	Examples string // lines to copy
	MinArgs  int
	MaxArgs  int // -1: any number
	Flags    *pflag.FlagSet
}

// NewFlags returns an empty flag set for a Command.
func NewFlags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.SortFlags = false
	fs.Usage = func() {}
	return fs
}

// EnvName is the environment variable of a flag: redis-host has REDIS_HOST.
func EnvName(flag string) string {
	return strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Parse sets the flags of c from args and, where args say nothing, from the
// environment, and returns the arguments that are left. An environment variable
// that is set but empty counts as not set. Mistakes are a *UsageError that names
// the flag or the variable and what it takes; after --help it is ErrHelp.
func Parse(c Command, args []string, getenv Getenv, stdout io.Writer) ([]string, error) {
	fs := c.Flags
	help := fs.BoolP("help", "h", false, "print this help")
	if err := fs.Parse(args); err != nil {
		return nil, Usagef("%v\nTry '%s --help'.", err, c.Name)
	}
	if *help {
		c.printHelp(stdout)
		return nil, ErrHelp
	}
	var failed error
	fs.VisitAll(func(f *pflag.Flag) {
		value, ok := getenv(EnvName(f.Name))
		if failed != nil || f.Changed || f.Name == "help" || !ok || value == "" {
			return
		}
		if err := fs.Set(f.Name, value); err != nil {
			failed = Usagef("environment variable %s=%q: %v (--%s: %s)", EnvName(f.Name), value, errors.Unwrap(err), f.Name, f.Usage)
		}
	})
	if failed != nil {
		return nil, failed
	}
	switch rest := fs.Args(); {
	case len(rest) < c.MinArgs:
		return nil, Usagef("%s needs %s\nTry '%s --help'.", c.Name, c.Args, c.Name)
	case c.MaxArgs >= 0 && len(rest) > c.MaxArgs:
		return nil, Usagef("%s: unexpected argument %q\nTry '%s --help'.", c.Name, rest[c.MaxArgs], c.Name)
	default:
		return rest, nil
	}
}

func (c Command) printHelp(w io.Writer) {
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s %s\n", strings.TrimSpace(c.About), c.Name, c.Args)
	if c.Examples != "" {
		fmt.Fprintf(w, "\nExamples:\n  %s\n", strings.ReplaceAll(strings.TrimSpace(c.Examples), "\n", "\n  "))
	}
	shown := pflag.NewFlagSet("", pflag.ContinueOnError)
	shown.SortFlags = false
	c.Flags.VisitAll(func(f *pflag.Flag) {
		g := *f
		if g.Name != "help" {
			g.Usage += fmt.Sprintf(" [$%s]", EnvName(g.Name))
		}
		shown.AddFlag(&g)
	})
	fmt.Fprintf(w, "\nFlags, each with its environment variable:\n%s", shown.FlagUsagesWrapped(100))
	fmt.Fprint(w, "\nExit codes: 0 done, 1 failed, 2 wrong usage.\n")
}

// Main runs a service until it ends or is told to stop by SIGINT or SIGTERM,
// which cancels ctx, and returns its exit code. Errors are printed in one line.
func Main(run func(ctx context.Context, args []string, getenv Getenv, stdout, stderr io.Writer) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	code := ExitCode(err, os.Stderr)
	if code != ExitOK {
		leaveMessage(terminationLog, err)
	}
	return code
}

// terminationLog is where Kubernetes reads why a container ended, which outlives its logs: the
// default of a container's terminationMessagePath. Outside of Kubernetes there is no such file.
const terminationLog = "/dev/termination-log"

// leaveMessage writes err to the file at path if there is one.
func leaveMessage(path string, err error) {
	f, failed := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if failed != nil {
		return
	}
	defer func() { _ = f.Close() }()
	_, _ = fmt.Fprintf(f, "error: %v\n", err)
}

// ExitCode prints err, if there is one to print, and returns the exit code it stands for.
func ExitCode(err error, stderr io.Writer) int {
	var usage *UsageError
	switch {
	case err == nil || errors.Is(err, ErrHelp):
		return ExitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "error: %v\n", err)
		return ExitUsage
	default:
		fmt.Fprintf(stderr, "error: %v\n", err)
		return ExitFailed
	}
}
