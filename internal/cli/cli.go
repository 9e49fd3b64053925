// Package cli is the command line of every service: flags, each with an environment
// variable, the help, and the exit codes.
package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
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

// Version is the version of the build, set by the linker.
var Version = "dev"

// errHelp is returned by Parse after it has printed the help or the version.
var errHelp = errors.New("help was asked for")

// Command is a program or a subcommand, as its help shows it.
type Command struct {
	Name     string // as typed, e.g. "processor aggregate"
	Args     string // its arguments, e.g. "[flags] FILE..."; "" when it takes none
	About    string // what it does: one paragraph or more
	Examples string // command lines
	Details  string // more of the help, whole lines with headings; may be empty
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

// EnvName is the environment variable of a flag: that of redis-host is REDIS_HOST. Flags
// that are marked by Own have another one.
func EnvName(flag string) string {
	return strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// ownPrefix is the beginning of the environment variables of flags that are marked by Own.
const ownPrefix = "CSV_PIPELINE_"

// Own marks flags that are for one run of a command, unlike the settings of a pipeline.
// Their environment variables begin with CSV_PIPELINE_, so that an ALL or a DRY_RUN that is
// meant for another program changes nothing.
func Own(fs *pflag.FlagSet, flags ...string) {
	for _, name := range flags {
		if err := fs.SetAnnotation(name, ownPrefix, nil); err != nil {
			panic(err)
		}
	}
}

func isOwn(f *pflag.Flag) bool {
	_, own := f.Annotations[ownPrefix]
	return own
}

// isQuestion reports whether a flag is --help or --version: these have no environment variable.
func isQuestion(f *pflag.Flag) bool { return f.Name == "help" || f.Name == "version" }

func envOf(f *pflag.Flag) string {
	if isOwn(f) {
		return ownPrefix + EnvName(f.Name)
	}
	return EnvName(f.Name)
}

// Parse sets the flags of c from args, and those that args do not set from the environment.
// It returns the arguments that are left. An empty environment variable counts as not set.
// A mistake is a *UsageError that names the flag or the variable and what it takes. For
// --help and --version, Parse prints the answer and returns an error for which ExitCode is
// ExitOK.
func Parse(c Command, args []string, getenv Getenv, stdout io.Writer) ([]string, error) {
	fs := c.Flags
	version := fs.Bool("version", false, "print the version")
	help := fs.BoolP("help", "h", false, "print this help")
	if err := fs.Parse(args); err != nil {
		return nil, Usagef("%v\nTry '%s --help'.", err, c.Name)
	}
	if *help {
		c.printHelp(stdout)
		return nil, errHelp
	}
	if *version {
		service, _, _ := strings.Cut(c.Name, " ")
		fmt.Fprintln(stdout, service, Version)
		return nil, errHelp
	}
	var failed error
	fs.VisitAll(func(f *pflag.Flag) {
		value, ok := getenv(envOf(f))
		if failed != nil || f.Changed || isQuestion(f) || !ok || value == "" {
			return
		}
		if err := fs.Set(f.Name, value); err != nil {
			failed = Usagef("environment variable %s=%q: %v (--%s: %s)", envOf(f), value, errors.Unwrap(err), f.Name, f.Usage)
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
	if c.Details != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(c.Details))
	}
	own := false
	shown := pflag.NewFlagSet("", pflag.ContinueOnError)
	shown.SortFlags = false
	c.Flags.VisitAll(func(f *pflag.Flag) {
		g := *f
		if !isQuestion(f) {
			g.Usage += fmt.Sprintf(" [$%s]", envOf(f))
		}
		own = own || isOwn(f)
		shown.AddFlag(&g)
	})
	fmt.Fprintf(w, "\nFlags, each with its environment variable:\n%s", shown.FlagUsagesWrapped(100))
	if own {
		fmt.Fprintf(w, "Flags that are for one run of the command have a variable that begins with %s.\n", ownPrefix)
	}
	fmt.Fprint(w, exitCodes)
}
