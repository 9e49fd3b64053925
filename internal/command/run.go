package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

const (
	// killAfter is how long a program has to end once it was told to, before it is killed. It
	// is below what a worker has to give its file back.
	killAfter = time.Second
	// linger is how long the output may stay open after the program has ended.
	linger = 5 * time.Second
)

// Run runs the program and returns once it and all of its process group have ended. It need
// not read all of its input.
//
// When ctx ends, the group gets SIGTERM, and SIGKILL a second later; the error is then the
// cause of ctx. Otherwise it is that of Input or Output, or wraps ErrTooMuchOutput or
// ErrCannotStart, or it is a *BadInput or a *Failed. A process that leaves the group is not
// waited for.
func (p *Program) Run(ctx context.Context, job Job) error {
	// The kernel kills the program when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := &exec.Cmd{Path: p.path, Args: p.words, Env: job.Env, SysProcAttr: attributes()}
	toStdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer toStdin.Close()
	fromStdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	defer fromStdout.Close()
	fromStderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	defer fromStderr.Close()
	if err := cmd.Start(); err != nil {
		if definite(err) {
			return fmt.Errorf("%w: %w", ErrCannotStart, err)
		}
		return fmt.Errorf("start the command: %w", err)
	}

	// Its cause is the first reason to end the program.
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	if job.Timeout > 0 {
		timer := time.AfterFunc(job.Timeout, func() { end(&Failed{How: fmt.Sprintf("was ended because it ran for longer than %v", job.Timeout)}) })
		defer timer.Stop()
	}
	said := &lines{tell: job.Tell}
	input, output, saying := make(chan struct{}), make(chan struct{}), make(chan struct{})
	x := &execution{ended: make(chan struct{})}
	go func() {
		defer close(input)
		if err := feed(toStdin, job.Input, x.ended); err != nil {
			end(err) // the input stays open: what the program has of it is not all
			return
		}
		_ = toStdin.Close()
	}()
	go func() {
		defer close(output)
		limited := &limitedWriter{to: job.Output, limit: job.MaxOutput}
		if err := x.read(fromStdout, limited.write); err != nil {
			end(err)
		}
	}()
	go func() {
		defer close(saying)
		_ = x.read(fromStderr, said.write)
		said.end()
	}()
	go x.await(cmd.Process)

	select {
	case <-x.ended:
	case <-running.Done():
		signalGroup(cmd.Process, syscall.SIGTERM)
		timer := time.NewTimer(killAfter)
		defer timer.Stop()
		select {
		case <-x.ended:
		case <-timer.C:
			signalGroup(cmd.Process, syscall.SIGKILL)
			<-x.ended
		}
	}
	_ = toStdin.Close()
	hurry(fromStdout)
	hurry(fromStderr)
	<-input
	<-output
	<-saying
	if cause := context.Cause(running); cause != nil {
		var timedOut *Failed
		if errors.As(cause, &timedOut) {
			timedOut.Said = said.lastSaid()
		}
		return cause
	}
	return verdict(x.state, x.err, said)
}

// verdict is the error of a program that ended by itself.
func verdict(state *os.ProcessState, err error, said *lines) error {
	if err != nil {
		return fmt.Errorf("wait for the command: %w", err)
	}
	status := state.Sys().(syscall.WaitStatus)
	switch {
	case status.Signaled():
		return &Failed{How: fmt.Sprintf("was ended by signal %d (%v)", status.Signal(), status.Signal()), Said: said.lastSaid()}
	case status.ExitStatus() == exitBadInput:
		return &BadInput{Said: said.said()}
	case status.ExitStatus() != 0:
		return &Failed{How: fmt.Sprintf("ended with exit code %d", status.ExitStatus()), Said: said.lastSaid()}
	}
	return nil
}

// execution is a program that runs.
type execution struct {
	ended chan struct{} // closed when it has ended, and its process group with it
	state *os.ProcessState
	err   error
}

func (x *execution) await(p *os.Process) {
	defer close(x.ended)
	x.state, x.err = awaitGroup(p)
}

// feed copies the input until its end, or until the program reads no more. Its error is that
// of the input.
func feed(to io.Writer, from io.Reader, ended <-chan struct{}) error {
	buf := make([]byte, 64<<10)
	for {
		select {
		case <-ended:
			return nil
		default:
		}
		n, err := from.Read(buf)
		if n > 0 {
			if _, closed := to.Write(buf[:n]); closed != nil {
				return nil //nolint:nilerr // a program need not read its input to the end
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// read reads a pipe until its end. Once the program has ended it waits for more no longer
// than linger: a process that left the program's group may hold the pipe open.
func (x *execution) read(from io.Reader, take func([]byte) error) error {
	buf := make([]byte, 64<<10)
	for {
		select {
		case <-x.ended:
			hurry(from)
		default:
		}
		n, err := from.Read(buf)
		if failed := take(buf[:n]); failed != nil {
			return failed
		}
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return &Failed{How: "left a process behind that holds its output open"}
		case err != nil:
			return fmt.Errorf("read the output of the command: %w", err)
		}
	}
}

func hurry(pipe io.Reader) { _ = pipe.(*os.File).SetReadDeadline(time.Now().Add(linger)) }

type limitedWriter struct {
	to           io.Writer
	limit, count int64
}

func (w *limitedWriter) write(b []byte) error {
	if w.count += int64(len(b)); w.limit > 0 && w.count > w.limit {
		return fmt.Errorf("%w: its result has more than %d bytes", ErrTooMuchOutput, w.limit)
	}
	_, err := w.to.Write(b)
	return err
}
