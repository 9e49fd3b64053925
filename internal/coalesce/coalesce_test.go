package coalesce_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"csv-pipeline/internal/coalesce"
)

type answer struct {
	n   int
	err error
}

// counted is a call that returns how often it has run, each time it is let go.
func counted() (call *coalesce.Call[int], release chan<- struct{}) {
	let := make(chan struct{})
	runs := 0
	return coalesce.New(func(ctx context.Context) (int, error) {
		runs++
		select {
		case <-let:
			return runs, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}), let
}

func ask(ctx context.Context, how func(context.Context) (int, error)) <-chan answer {
	got := make(chan answer, 1)
	go func() {
		n, err := how(ctx)
		got <- answer{n, err}
	}()
	return got
}

func TestCallersShareARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		call, release := counted()
		defer call.Close()
		impatient, leave := context.WithCancelCause(t.Context())
		first := ask(impatient, call.Join) // its run is for the others, too
		synctest.Wait()
		var others []<-chan answer
		for range 50 {
			others = append(others, ask(t.Context(), call.Join))
		}
		fresh := ask(t.Context(), call.Fresh)
		synctest.Wait()

		gone := errors.New("gone")
		leave(gone)
		if got := <-first; !errors.Is(got.err, gone) {
			t.Errorf("who left got %+v", got)
		}
		release <- struct{}{}
		for _, other := range others {
			if got := <-other; got != (answer{1, nil}) {
				t.Errorf("one of many got %+v", got)
			}
		}
		release <- struct{}{}
		if got := <-fresh; got != (answer{2, nil}) {
			t.Errorf("who wanted a later run got %+v", got)
		}
	})
}

func TestCloseEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		call, _ := counted()
		waiting := ask(t.Context(), call.Join)
		synctest.Wait()
		call.Close()
		if got := <-waiting; !errors.Is(got.err, context.Canceled) {
			t.Errorf("who waited got %+v", got)
		}
		if n, err := call.Join(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end: %d, %v", n, err)
		}
	})
}
