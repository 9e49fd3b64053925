//go:build linux

package chaos

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sumsCommand is the first argument by which this test binary is a command of processors: it
// computes the sums of its standard input.
const sumsCommand = "sums"

func runSums() int {
	content, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	result, ok := sums(content)
	if !ok {
		fmt.Fprintln(os.Stderr, "no sums can be computed of this")
		return 65
	}
	if _, err := io.WriteString(os.Stdout, result); err != nil {
		return 1
	}
	return 0
}

// TestCommandRounds runs random rounds in which a command makes the results.
func TestCommandRounds(t *testing.T) {
	seed := firstSeed(t)
	rounds := setting("CHAOS_COMMAND_ROUNDS", 6)
	t.Logf("CHAOS_SEED=%d CHAOS_COMMAND_ROUNDS=%d", seed, rounds)
	for round := range rounds {
		seed := seed + uint64(round)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			rng := random(seed)
			chosen := choose(rng, seed)
			var p *plant
			oneRound(t, rng, chosen, func(made *plant) {
				p = made
				p.setCommand()
			})
			p.eventually("the end of all commands", patience, p.commandsEnded)
			if t.Failed() {
				t.Logf("again: CHAOS_COMMAND_ROUNDS=1 CHAOS_SEED=%d, the faults were %v", seed, chosen)
			}
		})
	}
}

// setCommand has the processors run a command. The folder is there to tell its processes from others.
func (p *plant) setCommand() {
	program, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	p.command = fmt.Sprintf("'%s' %s '%s'", program, sumsCommand, p.folder)
}

// commandsEnded returns an error while a process of the command is there.
func (p *plant) commandsEnded() error {
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, process := range processes {
		text, err := os.ReadFile(process)
		if err != nil {
			continue // it has ended
		}
		if bytes.Contains(text, []byte("\x00"+sumsCommand+"\x00"+p.folder+"\x00")) {
			return fmt.Errorf("%s outlives its processor: %s", filepath.Dir(process), strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return nil
}
