//go:build linux

// Package chaos kills, stops, starves and cuts off real processes, and checks that
// every file ends as exactly one right result, or as a dead letter with its reason.
//
//	CHAOS_ROUNDS    how many random rounds to run (20)
//	CHAOS_BUCKET_ROUNDS  how many of them with the files in a bucket (6)
//	CHAOS_COMMAND_ROUNDS  how many of them with a command that makes the results (6)
//	CHAOS_EVENT_ROUNDS  how many random rounds of events to run (3)
//	CHAOS_SINK_AWAY  how long the receiver of events is away in the test of that (3s)
//	CHAOS_SEED      the first round's seed, the others count up; random by default
//	CHAOS_PARALLEL  how many rounds run at a time (3)
//	CHAOS_WITHOUT   faults to leave out, comma-separated, where a machine cannot have them
//	CHAOS_KEEP      folder to keep what a failed round left behind in
//
// A round that fails prints its seed: CHAOS_ROUNDS=1 CHAOS_SEED=that runs the same
// faults in the same order at the same moments.
package chaos

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// binaries is the folder of the services under test, with fault points.
var binaries string

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sumsCommand {
		os.Exit(runSums())
	}
	flag.Parse()
	if os.Getenv("CHAOS_NAMESPACE") == "" {
		os.Exit(inNamespace())
	}
	os.Exit(run(m))
}

// inNamespace runs this test binary again with mounts of its own, which end with
// it, and as root of a user namespace where it is not root already. Where that is
// not allowed it runs without; the faults that need a mount then fail by name.
func inNamespace() int {
	for _, flags := range []uintptr{syscall.CLONE_NEWNS, syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER, 0} {
		c := exec.Command("/proc/self/exe", os.Args[1:]...)
		c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
		c.Env = append(os.Environ(), "CHAOS_NAMESPACE="+strconv.FormatUint(uint64(flags), 10))
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
		if flags&syscall.CLONE_NEWUSER != 0 {
			c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
			c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		}
		err := c.Run()
		var ended *exec.ExitError
		switch {
		case err == nil:
			return 0
		case errors.As(err, &ended):
			return max(ended.ExitCode(), 1)
		}
	}
	return 1
}

func run(m *testing.M) int {
	_ = syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	folder, err := os.MkdirTemp("", "csv-pipeline-chaos-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }()
	build := exec.Command("go", "build", "-tags", "faultpoints,nethttpomithttp2,grpcnotrace,disable_grpc_modules", "-o", folder+string(filepath.Separator), "csv-pipeline/services/processor", "csv-pipeline/services/inspector")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the services: %v\n%s", err, out)
		return 1
	}
	binaries = folder
	redis.SetLogger(&logging.VoidLogger{}) // that Redis is away is the test's doing
	if err := flag.Set("test.parallel", strconv.Itoa(setting("CHAOS_PARALLEL", 3))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// setting reads a whole number from the environment.
func setting(name string, standard int) int {
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		fmt.Fprintf(os.Stderr, "%s=%q: expected a whole number\n", name, text)
		os.Exit(2)
	}
	return n
}

// firstSeed is CHAOS_SEED, or a random one.
func firstSeed(t *testing.T) uint64 {
	text := os.Getenv("CHAOS_SEED")
	if text == "" {
		return rand.Uint64() >> 16
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("CHAOS_SEED=%q: expected a whole number", text)
	}
	return seed
}

// random is a source that gives the same numbers for the same seed.
func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }
