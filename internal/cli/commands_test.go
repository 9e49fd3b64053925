package cli

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"csv-pipeline/internal/queue/redistest"
)

// programs is where build puts them. TestMain makes and removes it.
var programs string

// build makes the programs of the services once, without the clients of clouds, as the Dockerfile does.
var build = sync.OnceValue(func() error {
	cmd := exec.Command("go", "build", "-tags", "nethttpomithttp2,nobuckets", "-o", programs+string(filepath.Separator), "csv-pipeline/services/...")
	cmd.Stderr = os.Stderr
	return cmd.Run()
})

// command is a command of a service as a process.
type command struct {
	*exec.Cmd
	said   *bufio.Scanner // standard output
	stderr bytes.Buffer
	input  io.WriteCloser
}

// start starts a command line such as "generator enqueue --all", in a folder of its own that
// is the store as well. Its Redis is the given one.
func start(t *testing.T, line string, redis string) *command {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(line)
	host, port, err := net.SplitHostPort(redis)
	if err != nil {
		t.Fatal(err)
	}
	c := &command{Cmd: exec.CommandContext(t.Context(), filepath.Join(programs, words[0]), words[1:]...)}
	c.Dir = t.TempDir()
	c.Env = []string{"STORE_URL=" + c.Dir, "REDIS_HOST=" + host, "REDIS_PORT=" + port, "LISTEN=127.0.0.1:0"}
	c.Stderr = &c.stderr
	stdout, err := c.StdoutPipe()
	if err == nil {
		c.input, err = c.StdinPipe()
	}
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.said = bufio.NewScanner(stdout)
	return c
}

// await returns once the command prints a line with the text.
func (c *command) await(t *testing.T, text string) {
	t.Helper()
	for c.said.Scan() {
		if strings.Contains(c.said.Text(), text) {
			return
		}
	}
	_ = c.Wait()
	t.Fatalf("%v ended with %v before it said %q: %s", c.Args, c.ProcessState, text, c.stderr.String())
}

// end waits for the end of the command, and returns its exit code and what it printed since.
func (c *command) end() (code int, out string) {
	var b strings.Builder
	for c.said.Scan() {
		b.WriteString(c.said.Text() + "\n")
	}
	_ = c.Wait()
	return c.ProcessState.ExitCode(), b.String()
}

// commands are all there are.
var commands = []string{
	"generator", "generator enqueue", "generator selftest",
	"inspector", "inspector cleanup", "inspector enqueue", "inspector healthcheck",
	"processor", "processor aggregate", "processor healthcheck",
	"standalone", "standalone enqueue",
}

const nobody = "127.0.0.1:1" // where nothing listens

func TestHelpAndWrongUsage(t *testing.T) {
	for _, name := range commands {
		code, out := start(t, name+" --help", nobody).end()
		for _, part := range []string{"Usage:\n  " + name + " [flags]", "\nExamples:\n", "\n  0    ", "\n  1    ", "\n  2    ", "\n  130  ", "143"} {
			if code != 0 || !strings.Contains(out, part) {
				t.Errorf("%s --help: exit code %d; it lacks %q:\n%s", name, code, part, out)
			}
		}
		c := start(t, name+" --no-such-flag", nobody)
		if code, out := c.end(); code != 2 || out != "" || !strings.HasPrefix(c.stderr.String(), "error: ") {
			t.Errorf("%s with an unknown flag: exit code %d, %q and %q", name, code, out, c.stderr.String())
		}
	}
}

func TestExitCodes(t *testing.T) {
	redis := redistest.Start(t).Addr()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	data := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(data, []byte("item_id,quantity\n1,2\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line, redis string
		code        int
		stdout      string // a part of it
		stderr      bool   // whether there is something
	}{
		{"generator --days 1", redis, 0, "generated", false},
		{"generator enqueue", redis, 0, "queued 0 files", false},
		{"inspector enqueue --all", redis, 0, "queued 0 files", false},
		{"inspector cleanup", redis, 0, "cleaned up", false},
		{"processor", redis, 0, "ended", false},
		{"processor aggregate " + data, nobody, 0, "1,2", false},

		// A failure of what writes a log is a line of the log, as is all else.
		{"generator --redis-timeout 0s", nobody, 1, `"level":"error"`, false},
		{"generator selftest --redis-timeout 0s", nobody, 1, `"level":"error"`, false},
		{"inspector --redis-timeout 0s", nobody, 1, `"level":"error"`, false},
		{"inspector cleanup --redis-timeout 0s", nobody, 1, `"level":"error"`, false},
		{"processor --redis-timeout 0s", nobody, 1, `"level":"error"`, false},
		{"inspector --listen " + taken.Addr().String(), redis, 1, `"level":"error"`, false},
		{"processor --watch --listen " + taken.Addr().String(), redis, 1, `"level":"error"`, false},
		{"inspector healthcheck --listen " + nobody, redis, 1, "", true},
		{"processor healthcheck --listen " + nobody, redis, 1, "", true},
		{"processor aggregate none.csv", nobody, 1, "", true},
		{"generator enqueue --redis-timeout 0s", nobody, 1, "", true},
		{"inspector enqueue --redis-timeout 0s", nobody, 1, "", true},
		{"standalone --listen " + taken.Addr().String(), nobody, 1, "", true},
	} {
		t.Run(c.line, func(t *testing.T) {
			process := start(t, c.line, c.redis)
			code, out := process.end()
			if said := process.stderr.String(); code != c.code || !strings.Contains(out, c.stdout) || (said != "") != c.stderr {
				t.Errorf("exit code %d with %q and %q; want %d with %q, and an error for people: %v", code, out, said, c.code, c.stdout, c.stderr)
			}
		})
	}
}

// TestSignalsOfAllCommands: who is told to stop and has nothing in hand has done what was
// asked for; what was asked for once and is not done was cut short.
func TestSignalsOfAllCommands(t *testing.T) {
	server := redistest.Start(t)
	deaf, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	const noRedis = "Redis cannot be reached"
	says := func(text string) func(*testing.T, *command) {
		return func(t *testing.T, c *command) { c.await(t, text) }
	}
	asked := func(t *testing.T, _ *command) {
		conn, err := deaf.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	// What is more than a pipe holds has been read, at least in part, once it is written.
	reads := func(t *testing.T, c *command) {
		if _, err := io.WriteString(c.input, "item_id,quantity\n"+strings.Repeat("1,2\n", 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	queued := func(t *testing.T, _ *command) {
		if err := server.Client(t).BRPop(t.Context(), 0, "csvs-to-process").Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		line, redis string
		ready       func(*testing.T, *command)
		cutShort    bool
	}{
		{"generator", nobody, says(noRedis), true},
		{"generator enqueue", deaf.Addr().String(), asked, true},
		{"inspector enqueue", deaf.Addr().String(), asked, true},
		{"generator selftest", nobody, says(noRedis), true},
		{"inspector", nobody, says(noRedis), false},
		{"inspector cleanup", nobody, says(noRedis), true},
		{"processor", nobody, says(noRedis), false},
		{"processor --watch", nobody, says(noRedis), false},

		{"generator selftest", server.Addr(), queued, true},
		{"generator --days 36500", server.Addr(), says(`"file":"`), true},
		{"inspector", server.Addr(), says("serving"), false},
		{"inspector healthcheck --listen " + deaf.Addr().String(), nobody, asked, true},
		{"processor healthcheck --listen " + deaf.Addr().String(), nobody, asked, true},
		{"processor aggregate -", nobody, reads, true},
		{"processor aggregate --out out.csv -", nobody, reads, true},
		{"standalone --no-demo", nobody, says("Ctrl-C ends it"), false},
	} {
		for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
			t.Run(c.line+" "+signal.String(), func(t *testing.T) {
				process := start(t, c.line, c.redis)
				c.ready(t, process)
				if err := process.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				want := 0
				if c.cutShort {
					want = code
				}
				if got, out := process.end(); got != want {
					t.Errorf("exit code %d, want %d: %s%s", got, want, out, process.stderr.String())
				}
				for _, pattern := range []string{".aggregate*", "out*", "raw/selftest*", "processed/*"} {
					if left, _ := filepath.Glob(filepath.Join(process.Dir, pattern)); len(left) > 0 {
						t.Errorf("it leaves %q", left)
					}
				}
			})
		}
	}
}
