package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// helper makes this program a command that says when it is ready and what it hears, in
// place of the tests. What it does then is the variable's value.
const helper = "CSV_PIPELINE_TEST_HELPER"

func TestMain(m *testing.M) {
	how := os.Getenv(helper)
	if how == "" {
		var err error
		if programs, err = os.MkdirTemp("", "programs"); err != nil {
			panic(err)
		}
		code := m.Run()
		_ = os.RemoveAll(programs)
		os.Exit(code)
	}
	os.Exit(Main(func(ctx context.Context, _ []string, _ Getenv, stdout, _ io.Writer) error {
		fmt.Fprintln(stdout, "ready")
		<-ctx.Done()
		fmt.Fprintln(stdout, "stopping")
		switch how {
		case "done":
			return nil
		case "cut short":
			return fmt.Errorf("look for files: %w", ctx.Err())
		case "cut short while it failed":
			return errors.New("no answer of Redis")
		case "logged":
			return &Logged{errors.New("no answer of Redis")}
		case "usage":
			return Usagef("no such thing")
		}
		select {} // it never ends by itself
	}))
}

func TestSignals(t *testing.T) {
	for _, c := range []struct {
		how     string
		signals []syscall.Signal
		code    int
		says    string
	}{
		{"done", []syscall.Signal{syscall.SIGTERM}, 0, ""},
		{"done", []syscall.Signal{syscall.SIGINT}, 0, ""},
		{"cut short", []syscall.Signal{syscall.SIGTERM}, 143, "error: stopped by SIGTERM\n"},
		{"cut short", []syscall.Signal{syscall.SIGINT}, 130, "error: stopped by SIGINT\n"},
		{"cut short while it failed", []syscall.Signal{syscall.SIGTERM}, 143, "error: stopped by SIGTERM: no answer of Redis\n"},
		{"logged", []syscall.Signal{syscall.SIGTERM}, 143, ""},
		{"usage", []syscall.Signal{syscall.SIGTERM}, 2, "error: no such thing\n"},
		{"never", []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, 143, ""},
		{"never", []syscall.Signal{syscall.SIGTERM, syscall.SIGINT}, 130, ""},
	} {
		t.Run(fmt.Sprint(c.how, c.signals), func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), helper+"="+c.how)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stdout)
			for _, s := range c.signals { // each once the one before was heard
				if !lines.Scan() {
					t.Fatalf("it ended before %v", s)
				}
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
			}
			_, _ = io.Copy(io.Discard, stdout)
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != c.code || stderr.String() != c.says {
				t.Errorf("exit code %d with %q, want %d with %q", code, stderr.String(), c.code, c.says)
			}
		})
	}
}

// blocked calls a function when it is read or written, and then blocks for ever.
type blocked func()

func (b blocked) Read([]byte) (int, error)  { b(); select {} }
func (b blocked) Write([]byte) (int, error) { b(); select {} }

func TestWhatBlocksEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := Reader(ctx, io.MultiReader(strings.NewReader("abc"), blocked(cancel)))
	p := make([]byte, 2)
	for _, want := range []string{"ab", "c"} {
		if n, err := r.Read(p); string(p[:n]) != want || err != nil {
			t.Errorf("read %q, %v; want %q", p[:n], err, want)
		}
	}
	for range 2 {
		if n, err := r.Read(p); n != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("a reader that blocks: %d, %v", n, err)
		}
	}
	ctx, cancel = context.WithCancel(t.Context())
	if n, err := Writer(ctx, blocked(cancel)).Write(p); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("a writer that blocks: %d, %v", n, err)
	}
	var out bytes.Buffer
	if n, err := Writer(t.Context(), &out).Write([]byte("abc")); n != 3 || err != nil || out.String() != "abc" {
		t.Errorf("wrote %q: %d, %v", out.String(), n, err)
	}
}

func TestLeavesTheErrorWhereKubernetesReadsIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "termination-log")
	leaveMessage(file, errors.New("first"))
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("it made a file where there was none: %v", err)
	}
	if err := os.WriteFile(file, []byte("something longer than the error"), 0o600); err != nil {
		t.Fatal(err)
	}
	leaveMessage(file, errors.New("no result of a.csv"))
	if got, err := os.ReadFile(file); err != nil || string(got) != "error: no result of a.csv\n" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}
