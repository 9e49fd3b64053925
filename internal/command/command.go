// Package command runs a program that makes the result of a file: the file is its standard
// input, and the result its standard output.
package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

var (
	// ErrCannotStart means that there is no such program, or that it cannot be executed. The file is not
	// the reason.
	ErrCannotStart = errors.New("the command cannot be started")
	// ErrTooMuchOutput means that the result is larger than it may be.
	ErrTooMuchOutput = errors.New("the command wrote too much")
)

// exitBadInput is EX_DATAERR of sysexits.h: by this exit code a program says that its input is
// wrong.
const exitBadInput = 65

// BadInput says that the program found its input wrong. Running it again cannot help.
type BadInput struct {
	Said string // the last lines of standard error in one, at most 300 characters; "" if there are none
}

func (e *BadInput) Error() string {
	if e.Said == "" {
		return fmt.Sprintf("the command ended with exit code %d, and said nothing", exitBadInput)
	}
	return e.Said
}

// Failed says that the program failed. It may succeed when it is run again.
type Failed struct {
	How  string // e.g. "ended with exit code 1"
	Said string // the last line of standard error, at most 300 characters; "" if there is none
}

func (e *Failed) Error() string {
	if e.Said == "" {
		return "the command " + e.How
	}
	return "the command " + e.How + ": " + e.Said
}

// Program is a program and its arguments.
type Program struct {
	path  string
	words []string
}

// Find finds the program that the first of the words names, as a shell does. The error wraps
// ErrCannotStart.
func Find(words []string) (*Program, error) {
	if len(words) == 0 || words[0] == "" {
		return nil, fmt.Errorf("%w: it is empty", ErrCannotStart)
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		var at *exec.Error
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, fmt.Errorf("%w: %s: %w", ErrCannotStart, words[0], err)
	}
	if interpreter := interpreterOf(path); interpreter != "" {
		if _, err := exec.LookPath(interpreter); err != nil {
			return nil, fmt.Errorf("%w: %s: its first line names the interpreter %q, which is not there", ErrCannotStart, words[0], interpreter)
		}
	}
	return &Program{path, words}, nil
}

// interpreterOf is the program that the first line of a script names; "" if it is no script.
func interpreterOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return "" // it may be executable all the same
	}
	defer f.Close()
	line, _ := bufio.NewReader(io.LimitReader(f, 256)).ReadString('\n')
	after, script := strings.CutPrefix(line, "#!")
	if !script {
		return ""
	}
	interpreter, _, _ := strings.Cut(strings.TrimLeft(strings.TrimSuffix(after, "\n"), " \t"), " ")
	return interpreter
}

// Job is what a program is run for.
type Job struct {
	Input     io.Reader
	Output    io.Writer
	Env       []string          // all of the program's environment, as NAME=value
	Tell      func(line string) // is called for the lines of standard error, one after the other; may be nil
	Timeout   time.Duration     // 0: none
	MaxOutput int64             // bytes; 0: no limit
}

// inherited are the variables that a program has from this process. All others may be secret.
var inherited = []string{"PATH", "HOME", "USER", "TZ", "TMPDIR", "LANG", "LANGUAGE",
	"LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_NUMERIC", "LC_TIME"}

// Environment is that of a program: what any program needs of this process' own, the
// variables of it that are named, and what is given as NAME=value, which wins.
func Environment(named []string, given ...string) []string {
	var env []string
	for _, names := range [][]string{inherited, named} {
		for _, name := range names {
			if value, ok := os.LookupEnv(name); ok {
				env = append(env, name+"="+value)
			}
		}
	}
	return append(env, given...) // of equal names the last one counts
}

// definite reports whether starting a program fails for any file and at any time.
func definite(err error) bool {
	for _, known := range []syscall.Errno{syscall.ENOENT, syscall.EACCES, syscall.EPERM, syscall.ENOEXEC, syscall.ENOTDIR, syscall.ELOOP} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
