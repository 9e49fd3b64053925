//go:build !unix

package command

import (
	"os"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return nil }

// signalGroup ends the program: there are no process groups here.
func signalGroup(p *os.Process, _ syscall.Signal) { _ = p.Kill() }

func awaitGroup(p *os.Process) (*os.ProcessState, error) { return p.Wait() }
