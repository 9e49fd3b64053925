package events

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/queue"
)

// Dispatcher delivers events to sinks, and has others follow them. Any number of processes may run one
// on the same queue. Make it with Open, and end it with Close.
type Dispatcher struct {
	Maker
	*Tail
	outlets []*outlet
	queue   *queue.Queue
}

// Open opens the sinks of a configuration that Parse has checked; its errors name the field. dataset
// is that of Maker.
func Open(c Config, q *queue.Queue, dataset func(name string) string, log *zap.Logger) (*Dispatcher, error) {
	maker := Maker{Source: c.Source, Dataset: dataset}
	if maker.Source == "" {
		maker.Source = "/csv-pipeline/" + q.List()
	}
	d := &Dispatcher{queue: q, Maker: maker, Tail: NewTail(q, log)}
	for i, spec := range c.Sinks {
		if r := spec.Redis; r != nil && r.URL == "" && r.List == q.List() {
			d.Close()
			return nil, fmt.Errorf("sinks[%d].redis.list: %s is the list of this pipeline, which would take its own results for files: expected another one", i, r.List)
		}
		s, err := open(spec, q)
		if err != nil {
			d.Close()
			return nil, fmt.Errorf("sinks[%d].%w", i, err)
		}
		d.outlets = append(d.outlets, newOutlet(spec, s, q, maker, time.Duration(c.GiveUpAfter), log))
	}
	return d, nil
}

// NoSinks makes a Dispatcher that has no sinks.
func NoSinks(q *queue.Queue, log *zap.Logger) *Dispatcher {
	d, _ := Open(Config{}, q, nil, log)
	return d
}

// Begin has each sink be told of what happens from now on, if it is new.
func (d *Dispatcher) Begin(ctx context.Context) error {
	for _, o := range d.outlets {
		if err := o.sub.Begin(ctx, o.spec.From == FromAll); err != nil {
			return err
		}
	}
	return nil
}

// Run delivers until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { d.Tail.Run(ctx) })
	for _, o := range d.outlets {
		group.Go(func() { o.run(ctx, d.Tail) })
	}
	group.Wait()
}

// Drain waits until all sinks have been told everything, but for those whose last delivery failed. It
// returns how many events are left of each sink, by its name.
func (d *Dispatcher) Drain(ctx context.Context) (left map[string]int64) {
	for {
		sinks, err := d.Sinks(context.WithoutCancel(ctx))
		left, waits := make(map[string]int64), false
		for _, s := range sinks {
			if s.Lag > 0 {
				left[s.Name] = s.Lag
				waits = waits || !s.Failing()
			}
		}
		if err != nil || !waits || ctx.Err() != nil {
			return left
		}
		pause(ctx, settlePause)
	}
}

// Close closes the sinks; call it when Run has ended.
func (d *Dispatcher) Close() {
	for _, o := range d.outlets {
		o.sink.close()
	}
}

// Status is how a sink does.
type Status struct {
	Name  string
	Place string // where events go, without secrets
	Spec  Spec
	queue.SinkState
}

// Failing reports whether the last delivery failed.
func (s Status) Failing() bool { return s.ErrorAt.After(s.DeliveredAt) }

// Sinks returns how each sink does, in the order of the configuration.
func (d *Dispatcher) Sinks(ctx context.Context) ([]Status, error) {
	var names []string
	for _, o := range d.outlets {
		names = append(names, o.spec.Name)
	}
	if len(names) == 0 {
		return nil, nil
	}
	states, err := d.queue.SinkStates(ctx, names)
	if err != nil {
		return nil, err
	}
	all := make([]Status, len(names))
	for i, o := range d.outlets {
		all[i] = Status{Name: names[i], Place: o.sink.place(), Spec: o.spec, SinkState: states[i]}
	}
	return all, nil
}

// Test sends a TypeTest to a sink at once, beside the others. It reports whether there is such a
// sink, and why the event did not arrive.
func (d *Dispatcher) Test(ctx context.Context, name string) (known bool, err error) {
	i := slices.IndexFunc(d.outlets, func(o *outlet) bool { return o.spec.Name == name })
	if i < 0 {
		return false, nil
	}
	now := time.Now()
	return true, d.outlets[i].sink.deliver(ctx, Event{ID: "test-" + strconv.FormatInt(now.UnixNano(), 10), Source: d.Source, Type: TypeTest,
		Time: now.UTC(), Data: Test{Sink: name}})
}
