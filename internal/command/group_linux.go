package command

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes make the program the leader of a process group, and have it die with this process.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func signalGroup(p *os.Process, s syscall.Signal) { _ = syscall.Kill(-p.Pid, s) }

// awaitGroup waits for the end of the program and then kills what is left of its group.
func awaitGroup(p *os.Process) (*os.ProcessState, error) {
	// Until the program is reaped, no other group can have its number.
	for errors.Is(unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
	signalGroup(p, syscall.SIGKILL)
	state, err := p.Wait()
	// In a container this process is init, and the orphans are its own.
	for {
		if _, err := unix.Wait4(-p.Pid, nil, 0, nil); err != nil && !errors.Is(err, unix.EINTR) {
			break
		}
	}
	return state, err
}
