// Package service is what the services have in common: the supervisor that starts and
// stops their parts, the flags and the subcommands that several of them have.
package service

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"csv-pipeline/internal/cli"
)

// Parts are what a service consists of: things that are open, such as a store, and
// goroutines that use them.
//
// Goroutines are told to stop all at once, when the context of Run ends or when the first
// of them ends, with an error or without. They are not stopped one after the other: an
// HTTP server waits for live pages, which end with the goroutine that feeds them, and the
// grace periods would add up. Once all have ended, what is open is closed, the last one
// first.
type Parts struct {
	ctx      context.Context
	stop     context.CancelFunc
	group    *errgroup.Group
	deferred []func()
}

// Go starts a goroutine. Its context ends when the service is to stop.
func (p *Parts) Go(run func(ctx context.Context) error) {
	p.group.Go(func() error {
		err := guard(func() error { return run(p.ctx) })
		if err == nil {
			p.stop() // after an error the group does, once it has noted that it is the first
		}
		return err
	})
}

// Loop is Go for a function that returns no error and ends with its context.
func (p *Parts) Loop(run func(ctx context.Context)) {
	p.Go(func(ctx context.Context) error {
		run(ctx)
		return nil
	})
}

// OnStop registers a function that closes something. It is called after all goroutines have
// ended and after the functions that were registered later. It returns no error, since what
// it closes is not used any more.
func (p *Parts) OnStop(do func()) { p.deferred = append(p.deferred, do) }

// Run runs a service. It calls start, which starts the parts in their order, and returns
// once they have all stopped. The error is that of start or the first one of a goroutine.
// A panic in either is such an error, too.
//
// An error that start returns after ctx has ended does not count: the service was told to
// stop before it had any work in hand.
func Run(ctx context.Context, start func(ctx context.Context, parts *Parts) error) error {
	return supervise(ctx, func(running context.Context, parts *Parts) error {
		err := start(running, parts)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // see above
		}
		return err
	})
}

// RunCommand is Run for a command that ends by itself: the goroutines are told to stop
// when do returns, and each of its errors is one.
func RunCommand(ctx context.Context, do func(ctx context.Context, parts *Parts) error) error {
	return supervise(ctx, func(running context.Context, parts *Parts) error {
		defer parts.stop()
		return do(running, parts)
	})
}

func supervise(ctx context.Context, start func(context.Context, *Parts) error) error {
	parts := &Parts{}
	running, stop := context.WithCancel(ctx)
	defer stop()
	parts.stop = stop
	parts.group, parts.ctx = errgroup.WithContext(running)
	err := guard(func() error { return start(parts.ctx, parts) })
	if err != nil {
		parts.stop()
	}
	// When a goroutine fails while others are being started, start only sees that it is to stop.
	if first := parts.group.Wait(); first != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = first
	}
	for _, do := range slices.Backward(parts.deferred) {
		fault := guard(func() error {
			do()
			return nil
		})
		if err == nil {
			err = fault
		}
	}
	return err
}

// guard calls do and makes an error of its panic. So the other parts still stop as they
// should, and the exit code is that of a failure: Go's own for a panic, 2, says that the
// command line is wrong.
func guard(do func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
		}
	}()
	return do()
}

// Logged logs the error of a service or a command, if there is one, and marks it as logged
// for the command line. A mistake of usage is for the person at the command line and comes
// back as it is.
func Logged(ctx context.Context, log *zap.Logger, err error) error {
	if err == nil || cli.IsUsage(err) {
		return err
	}
	message := "failed"
	var stopped *cli.Stopped
	if errors.As(context.Cause(ctx), &stopped) {
		message = stopped.Error()
	}
	log.Error(message, zap.Error(err))
	return &cli.Logged{Err: err}
}
