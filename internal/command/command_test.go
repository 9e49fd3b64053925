//go:build unix

package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		`awk -F, '{print $1 "\n"}'`:        {"awk", "-F,", `{print $1 "\n"}`},
		`python3 -c "print('x')"`:          {"python3", "-c", "print('x')"},
		`a d\ e "b\n\"c" ""`:               {"a", "d e", `b\n"c`, ""},
		"  mlr --icsv \\\n --ojson\tcat\n": {"mlr", "--icsv", "--ojson", "cat"},
		`sh -c 'sort | uniq'`:              {"sh", "-c", "sort | uniq"},
		`*.csv [x] é\é a#b "#"`:            {"*.csv", "[x]", "éé", "a#b", "#"},
		``:                                 nil,
	} {
		if got, err := Split(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		`sort | uniq`: "sh -c", `sort > out`: "sh -c", `a; b`: "sh -c", `a & b`: "sh -c", `é 'b`: "column 3: the quote ' is not closed",
		`a # b`: "sh -c", `a "b`: "the quote", `a \`: "after",
		`echo $HOME`: "single quotes", `echo "$1"`: "single quotes", "echo `date`": "single quotes", `echo $(date)`: "single quotes",
	} {
		if got, err := Split(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v; want an error about %s", text, got, err, want)
		}
	}
}

// Whatever Split takes, a shell splits in the same way.
func TestSplitLikeAShell(t *testing.T) {
	pieces := []string{"a", "é", " ", "\t", "\\\n", "'", "'", `"`, `"`, `\`, "*", "#", "$", "|", "=", "\xff"}
	random := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for range 1000 {
		var text strings.Builder
		for range random.IntN(10) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		words, err := Split(text.String())
		if err != nil {
			continue
		}
		taken++
		cmd := exec.Command("sh", "-c", `set -f; eval "set -- $1"; for word; do printf '%s\0' "$word"; done`, "sh", text.String())
		out, err := cmd.Output()
		if want := strings.Join(append(words, ""), "\x00"); err != nil || string(out) != want {
			t.Fatalf("%q: Split gives %q, sh %q, %v", text.String(), want, out, err)
		}
	}
	if taken < 100 {
		t.Errorf("only %d texts were taken", taken)
	}
}

// script makes an executable file.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindTellsWhatCannotStart(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for want, words := range map[string][]string{
		"it is empty":                          nil,
		"no-such-program-anywhere: ":           {"no-such-program-anywhere"},
		"permission denied":                    {plain},
		"no such file":                         {filepath.Join(t.TempDir(), "none")},
		`interpreter "/no/such/interpreter"`:   {script(t, "#!/no/such/interpreter -x\n")},
		"interpreter \"/bin/sh\\r\", which is": {script(t, "#!/bin/sh\r\necho\r\n")},
	} {
		if _, err := Find(words); !errors.Is(err, ErrCannotStart) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want one about %s", words, err, want)
		}
	}
	for _, words := range [][]string{{"sh"}, {script(t, "#!/bin/sh -e\n")}, {script(t, "#! /usr/bin/env sh\n")}} {
		if _, err := Find(words); err != nil {
			t.Errorf("%q: %v", words, err)
		}
	}
}

// shell runs a text by sh and returns what it printed and said.
func shell(ctx context.Context, t *testing.T, text string, job Job) (printed string, said []string, err error) {
	t.Helper()
	program, err := Find([]string{"sh", "-c", text})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if job.Output == nil {
		job.Output = &out
	}
	if job.Input == nil {
		job.Input = strings.NewReader("")
	}
	job.Tell = func(line string) { said = append(said, line) }
	job.Env = append(Environment(nil), job.Env...)
	err = program.Run(ctx, job)
	return out.String(), said, err
}

func TestRunIsAFilter(t *testing.T) {
	input := strings.Repeat("0123456789\n", 200_000)
	got, said, err := shell(t.Context(), t, "echo began >&2; cat; printf end; printf 'no line break' >&2", Job{Input: strings.NewReader(input)})
	if err != nil || got != input+"end" || !slices.Equal(said, []string{"began", "no line break"}) {
		t.Errorf("%d bytes printed, said %q, %v", len(got), said, err)
	}
	if got, _, err := shell(t.Context(), t, "head -n 1", Job{Input: strings.NewReader(input)}); err != nil || got != "0123456789\n" {
		t.Errorf("a program that does not read all: %q, %v", got, err)
	}
	if got, _, err := shell(t.Context(), t, "exec <&-; echo late", Job{Input: strings.NewReader(input)}); err != nil || got != "late\n" {
		t.Errorf("a program that closes its input: %q, %v", got, err)
	}
}

func TestHowAProgramEnds(t *testing.T) {
	for text, want := range map[string]error{
		"echo one >&2; echo two >&2; exit 65":      &BadInput{Said: "one | two"},
		"exit 65":                                  &BadInput{},
		"echo one >&2; echo two >&2; exit 1":       &Failed{How: "ended with exit code 1", Said: "two"},
		"exit 64":                                  &Failed{How: "ended with exit code 64"},
		"echo half; kill -9 $$":                    &Failed{How: "was ended by signal 9 (killed)"},
		"printf 'a\\033[31mb\\377\\n' >&2; exit 3": &Failed{How: "ended with exit code 3", Said: "a [31mb"},
	} {
		_, _, err := shell(t.Context(), t, text, Job{})
		if err == nil || err.Error() != want.Error() {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
		var bad, wantBad *BadInput
		if errors.As(err, &bad) != errors.As(want, &wantBad) {
			t.Errorf("%s: %T, want %T", text, err, want)
		}
	}
}

func TestWhatAProgramSaysIsBounded(t *testing.T) {
	_, said, err := shell(t.Context(), t, `i=0; while [ $i -lt 500 ]; do echo "line $i" >&2; i=$((i+1)); done
		head -c 100000 /dev/zero | tr '\0' x >&2; exit 65`, Job{})
	if len(said) != mostLines+1 || said[0] != "line 0" || !strings.Contains(said[mostLines], "left out") {
		t.Errorf("%d lines were told, the last one is %q", len(said), said[len(said)-1])
	}
	var bad *BadInput
	if !errors.As(err, &bad) || utf8.RuneCountInString(bad.Said) > longestSaid || !strings.HasPrefix(bad.Said, "xxx") || strings.Contains(bad.Said, "\n") {
		t.Errorf("the reason is %v", err)
	}
	_, _, err = shell(t.Context(), t, `for i in 1 2 3 4 5 6 7 8 9; do printf '%s%0100d\n' $i 0 >&2; done; exit 65`, Job{})
	if !errors.As(err, &bad) || utf8.RuneCountInString(bad.Said) > longestSaid || !strings.HasPrefix(bad.Said, "80") || !strings.Contains(bad.Said, " | 90") {
		t.Errorf("the reason is %v", err)
	}
}

// alive reports whether there is a process of that number that has not ended.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// await returns once done does, or ends the test.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// notes is an output that closes told with the first byte.
type notes struct {
	bytes.Buffer
	told chan struct{}
}

func (n *notes) Write(p []byte) (int, error) {
	if n.Len() == 0 {
		defer close(n.told)
	}
	return n.Buffer.Write(p)
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	why := errors.New("the lease is lost")
	for name, text := range map[string]string{
		"one that ends":       `trap 'echo told >&2; exit 0' TERM; sleep 1000 & echo $!; wait`,
		"one that ignores it": `trap '' TERM; (trap '' TERM; while :; do sleep 1000; done) & echo $!; while :; do sleep 1000; done`,
		"one that is stopped": `sleep 1000 & echo $!; kill -STOP $$; wait`,
		"one that reads on":   `sleep 1000 & echo $!; cat >/dev/null`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			out := &notes{told: make(chan struct{})}
			go func() {
				<-out.told
				cancel(why)
			}()
			never, w := io.Pipe()
			defer w.Close()
			go func() { // an input that ends with the work, as all do
				<-ctx.Done()
				never.CloseWithError(ctx.Err())
			}()
			_, said, err := shell(ctx, t, text, Job{Input: never, Output: out})
			if !errors.Is(err, why) {
				t.Errorf("the error is %v, want %v", err, why)
			}
			if name == "one that ends" && !slices.Equal(said, []string{"told"}) {
				t.Errorf("it was not told to end: %q", said)
			}
			child, err := strconv.Atoi(strings.TrimSpace(out.String()))
			if err != nil {
				t.Fatal(err)
			}
			await(t, "the end of the program's own process", func() bool { return !alive(child) })
		})
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	got, _, err := shell(t.Context(), t, "sleep 1000 & echo $!", Job{})
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(got))
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the end of what a program left behind", func() bool { return !alive(child) })
}

func TestLimits(t *testing.T) {
	_, _, err := shell(t.Context(), t, "echo slow >&2; sleep 1000", Job{Timeout: 300 * time.Millisecond})
	var failed *Failed
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "longer than 300ms: slow") {
		t.Errorf("too slow: %v", err)
	}
	got, _, err := shell(t.Context(), t, "yes", Job{MaxOutput: 1 << 20})
	if !errors.Is(err, ErrTooMuchOutput) || len(got) > 1<<20 {
		t.Errorf("too much output: %v, and %d bytes", err, len(got))
	}
	if got, _, err := shell(t.Context(), t, "printf 12345", Job{MaxOutput: 5}); err != nil || got != "12345" {
		t.Errorf("just as much as there may be: %q, %v", got, err)
	}
}

// TestInputThatFails must not look like one that ends.
func TestInputThatFails(t *testing.T) {
	broken := errors.New("the archive is damaged")
	for name, text := range map[string]string{"at its end": "cat", "and exits well": "trap 'exit 0' TERM; cat & wait", "and blames the file": "trap 'exit 65' TERM; cat & wait"} {
		t.Run(name, func(t *testing.T) {
			input := io.MultiReader(strings.NewReader("a,b\n"), iotest.ErrReader(broken))
			if _, _, err := shell(t.Context(), t, text, Job{Input: input}); !errors.Is(err, broken) {
				t.Errorf("the error is %v, want %v", err, broken)
			}
		})
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutputThatFails(t *testing.T) {
	if _, _, err := shell(t.Context(), t, "yes", Job{Output: fullDisk{}}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the error is %v", err)
	}
}

func TestEnvironmentHasNoSecrets(t *testing.T) {
	for name, value := range map[string]string{"REDIS_PASSWORD": "secret", "AWS_SECRET_ACCESS_KEY": "secret", "TZ": "UTC", "MODEL": "small", "OTHER": "secret"} {
		t.Setenv(name, value)
	}
	program, err := Find([]string{"env"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = program.Run(t.Context(), Job{Input: strings.NewReader(""), Output: &out, Env: Environment([]string{"MODEL", "UNSET"}, "FILE_NAME=a.csv")})
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, want := range []string{"TZ=UTC", "MODEL=small", "FILE_NAME=a.csv", "PATH=" + os.Getenv("PATH")} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if err != nil || strings.Contains(out.String(), "secret") || strings.Contains(out.String(), "UNSET") {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

func TestScriptThatLostItsInterpreterMeanwhile(t *testing.T) {
	program := &Program{path: script(t, "#!/no/such/interpreter\n"), words: []string{"program"}}
	err := program.Run(t.Context(), Job{Input: strings.NewReader(""), Output: io.Discard})
	if !errors.Is(err, ErrCannotStart) {
		t.Errorf("the error is %v", err)
	}
}
