//go:build unix && !linux

package command

import (
	"os"
	"syscall"
)

// attributes make the program the leader of a process group.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func signalGroup(p *os.Process, s syscall.Signal) { _ = syscall.Kill(-p.Pid, s) }

// awaitGroup waits for the end of the program and then kills what is left of its group.
func awaitGroup(p *os.Process) (*os.ProcessState, error) {
	state, err := p.Wait()
	signalGroup(p, syscall.SIGKILL)
	return state, err
}
