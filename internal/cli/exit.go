package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes of every command. The exit code of a command that a signal cut short is 128 plus
// the signal's number, as in a shell: 130 for SIGINT, 143 for SIGTERM.
const (
	ExitOK     = 0 // the command has done what was asked for
	ExitFailed = 1 // it failed
	ExitUsage  = 2 // the command line or the environment is wrong
	exitSignal = 128
)

// exitCodes is the part of every help about exit codes.
const exitCodes = `
Exit codes:
  0    all that was asked for is done; a service that is told to stop has finished or given back
       what it had in hand
  1    failed
  2    wrong usage
  130  SIGINT (Ctrl-C) cut short what was asked for; 143: SIGTERM did
A second signal ends it at once.
`

// Stopped says that a signal told the process to stop. It is the cause of the context that
// Main passes to a command, and the error of a command that the signal cut short.
type Stopped struct {
	Signal syscall.Signal
	Err    error // what the command returned; nil in the cause of the context
}

func (e *Stopped) Error() string {
	name := e.Signal.String()
	switch e.Signal {
	case syscall.SIGINT:
		name = "SIGINT"
	case syscall.SIGTERM:
		name = "SIGTERM"
	}
	if e.Err == nil || errors.Is(e.Err, context.Canceled) {
		return "stopped by " + name
	}
	return fmt.Sprintf("stopped by %s: %v", name, e.Err)
}

func (e *Stopped) Unwrap() error { return e.Err }

// Logged is an error that is in the log already. Main does not print it again.
type Logged struct{ Err error }

func (e *Logged) Error() string { return e.Err.Error() }

func (e *Logged) Unwrap() error { return e.Err }

// Main runs a command and returns its exit code. SIGINT and SIGTERM end the context of the
// command. If it then returns nil, it has done what was asked for; if it returns an error, it
// was cut short. A second signal ends the process at once.
func Main(run func(ctx context.Context, args []string, getenv Getenv, stdout, stderr io.Writer) error) int {
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		stop(&Stopped{Signal: (<-signals).(syscall.Signal)})
		os.Exit(exitSignal + int((<-signals).(syscall.Signal)))
	}()
	err := cutShort(ctx, run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
	code := ExitCode(err, os.Stderr)
	if code != ExitOK {
		leaveMessage(terminationLog, err)
	}
	return code
}

// cutShort makes a *Stopped of the error of a command if a signal has ended ctx. Wrong usage
// stays what it is.
func cutShort(ctx context.Context, err error) error {
	var stopped *Stopped
	if err == nil || IsUsage(err) || errors.Is(err, errHelp) || !errors.As(context.Cause(ctx), &stopped) {
		return err
	}
	return &Stopped{Signal: stopped.Signal, Err: err}
}

// IsUsage reports whether err is a mistake in the command line or the environment.
func IsUsage(err error) bool {
	var usage *UsageError
	return errors.As(err, &usage)
}

// ExitCode returns the exit code of a command that returned err, and prints err unless it
// has been logged.
func ExitCode(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, errHelp) {
		return ExitOK
	}
	var logged *Logged
	if !errors.As(err, &logged) {
		fmt.Fprintf(stderr, "error: %v\n", err)
	}
	var stopped *Stopped
	switch {
	case IsUsage(err):
		return ExitUsage
	case errors.As(err, &stopped):
		return exitSignal + int(stopped.Signal)
	default:
		return ExitFailed
	}
}

// terminationLog is the default of a container's terminationMessagePath. Kubernetes keeps what
// the file says longer than the container's logs. Outside of Kubernetes there is no such file.
const terminationLog = "/dev/termination-log"

// leaveMessage writes err to the file at path, if that file exists.
func leaveMessage(path string, err error) {
	f, failed := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if failed != nil {
		return
	}
	defer func() { _ = f.Close() }()
	_, _ = fmt.Fprintf(f, "error: %v\n", err)
}
