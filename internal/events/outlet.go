package events

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/faultpoint"
	"csv-pipeline/internal/queue"
)

const (
	// lease is how long a process leads a sink without a word. When it dies, another one goes on
	// after that time.
	lease = 15 * time.Second
	// window is how many changes are in hand for a sink: what bounds the memory while it is away.
	window = 256
	// settlePause is how long deliveries are collected before the stream is told of all of them: a
	// call of Redis for each would take as much of it as the queue does.
	settlePause = 20 * time.Millisecond
	// The pauses after a delivery that failed double from the first to the longest. The first one is also
	// that after a call of Redis that failed.
	firstPause, longestPause = time.Second, time.Minute
)

// outlet delivers to one sink. The changes of a name are delivered one after the other, those of
// different names at the same time.
type outlet struct {
	spec   Spec
	sink   sink
	sub    *queue.Subscription
	maker  Maker
	giveUp time.Duration
	log    *zap.Logger

	lease       time.Duration
	first, most time.Duration // pauses
	places      chan struct{} // holds one element for each delivery under way
	freed       chan struct{} // holds one element when a change has left the hand
	delivered   chan string   // IDs that are to be settled
	failing     atomic.Bool

	mu    sync.Mutex
	lanes map[string][]queue.Change // by name: what is in hand, the next to be delivered in front
	held  int
}

func newOutlet(spec Spec, s sink, q *queue.Queue, maker Maker, giveUp time.Duration, log *zap.Logger) *outlet {
	parallel := 4
	if spec.HTTP != nil {
		parallel = spec.HTTP.Parallel
	}
	return &outlet{spec: spec, sink: s, sub: q.Subscribe(spec.Name), maker: maker, giveUp: giveUp, log: log.With(zap.String("sink", spec.Name)),
		lease: lease, first: firstPause, most: longestPause,
		places: make(chan struct{}, parallel), freed: make(chan struct{}, 1), delivered: make(chan string, window), lanes: map[string][]queue.Change{}}
}

// run delivers while this process leads the sink, until ctx ends.
func (o *outlet) run(ctx context.Context, tail *Tail) {
	changed, stop := tail.Watch()
	defer stop()
	for ctx.Err() == nil {
		o.lead(ctx, changed)
	}
	// The next process need not wait for the lease to end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = o.sub.Resign(ctx)
}

// lead waits until this process leads, and delivers for as long as it does.
func (o *outlet) lead(ctx context.Context, changed <-chan struct{}) {
	leading, stop := context.WithCancel(ctx)
	var lanes, settler sync.WaitGroup
	over := make(chan struct{})
	settler.Go(func() { o.settleDelivered(ctx, over) })
	defer func() {
		stop()
		lanes.Wait()
		close(over)
		settler.Wait()
		o.lanes, o.held = map[string][]queue.Change{}, 0
	}()
	problem, lost := "", false // lost: an answer may have been, and the changes in it
	for begun := false; ctx.Err() == nil; {
		room := window - o.inHand()
		if room < window/2 {
			room = 0 // a few at a time would take many calls
		}
		if lost {
			room = 0 // what is in hand goes on being delivered until Redis answers
		}
		taken, err := o.sub.Take(ctx, o.lease, room)
		switch {
		case err != nil && ctx.Err() == nil:
			if err.Error() != problem {
				problem = err.Error()
				o.log.Warn("the events of a sink cannot be read for now", zap.Error(err))
			}
			lost = lost || room > 0
			pause(ctx, o.first)
			continue
		case lost:
			return // all that is not settled is read again, for it has to be delivered in order
		case taken.Changed && begun, !taken.Leads && begun:
			return // what is in hand may be another's: it is read again
		case !taken.Leads:
			pause(ctx, o.lease/3)
			continue
		}
		problem, begun = "", true
		o.settle(ctx, queue.Lost, taken.Gone...)
		o.accept(leading, &lanes, taken.Changes)
		if taken.Changed || len(taken.Changes)+len(taken.Gone) > 0 {
			continue
		}
		o.await(ctx, changed, room > 0)
	}
}

// await returns when it is time to read again: there is room and a new change, there is room again,
// or the lease is to be extended.
func (o *outlet) await(ctx context.Context, changed <-chan struct{}, room bool) {
	if !room {
		changed = nil
	}
	extend := time.After(o.lease / 3)
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			return
		case <-extend:
			return
		case <-o.freed:
			if !room && o.inHand() <= window/2 {
				return
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// accept takes changes in hand, and settles those that the sink does not want.
func (o *outlet) accept(ctx context.Context, lanes *sync.WaitGroup, changes []queue.Change) {
	var unwanted []string
	for _, c := range changes {
		if !o.spec.wants(c, o.maker.dataset(c.Name)) {
			unwanted = append(unwanted, c.ID)
			continue
		}
		o.mu.Lock()
		o.lanes[c.Name] = append(o.lanes[c.Name], c)
		o.held++
		fresh := len(o.lanes[c.Name]) == 1
		o.mu.Unlock()
		if fresh {
			lanes.Go(func() { o.deliverLane(ctx, c.Name) })
		}
	}
	o.settle(ctx, queue.NotWanted, unwanted...)
}

func (o *outlet) inHand() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.held
}

// deliverLane delivers what is in hand of a name, one after the other.
func (o *outlet) deliverLane(ctx context.Context, name string) {
	for {
		o.mu.Lock()
		next := o.lanes[name][0]
		o.mu.Unlock()
		o.deliver(ctx, next)
		if ctx.Err() != nil {
			return
		}
		o.mu.Lock()
		rest := o.lanes[name][1:]
		if len(rest) == 0 {
			delete(o.lanes, name)
		} else {
			o.lanes[name] = rest
		}
		o.held--
		o.mu.Unlock()
		signal(o.freed)
		if len(rest) == 0 {
			return
		}
	}
}

// deliver returns when a change is delivered or given up, or ctx has ended.
func (o *outlet) deliver(ctx context.Context, c queue.Change) {
	e, err := o.maker.Event(c)
	if err != nil {
		o.log.Error("a change is not understood", zap.Error(err))
		o.settle(ctx, queue.NotWanted, c.ID)
		return
	}
	for before := 0; ctx.Err() == nil; before++ {
		select {
		case <-ctx.Done():
			return
		case o.places <- struct{}{}:
		}
		faultpoint.Reach(ctx, faultpoint.EventTaken, c.Name)
		err := o.sink.deliver(ctx, e)
		<-o.places
		if err == nil {
			faultpoint.Reach(ctx, faultpoint.EventDelivered, c.Name)
			if o.failing.CompareAndSwap(true, false) {
				o.log.Info("the sink takes events again")
			}
			o.delivered <- c.ID
			return
		}
		if ctx.Err() != nil {
			return
		}
		if o.failing.CompareAndSwap(false, true) {
			o.log.Warn("the sink does not take events; they are kept and tried again", zap.String("event", e.Type), zap.String("file", c.Name), zap.Error(err))
		}
		if over, noted := o.sub.Refuse(ctx, c.ID, err.Error(), o.giveUp); noted == nil && over {
			o.log.Error("an event was given up: the sink has not taken it for too long", zap.String("event", e.Type),
				zap.String("id", c.ID), zap.String("file", c.Name), zap.Error(err))
			return
		}
		length := min(o.first<<min(before, 10), o.most)
		pause(ctx, length-rand.N(length/2))
	}
}

// settleDelivered settles what is delivered, many at a time, until over is closed and nothing is left.
// What was delivered is settled also when ctx has ended, if Redis answers soon.
func (o *outlet) settleDelivered(ctx context.Context, over <-chan struct{}) {
	for ended := false; !ended; {
		var ids []string
		select {
		case id := <-o.delivered:
			ids = append(ids, id)
			pause(ctx, settlePause)
		case <-over:
			ended = true
		}
		for more := true; more; {
			select {
			case id := <-o.delivered:
				ids = append(ids, id)
			default:
				more = false
			}
		}
		if len(ids) == 0 {
			continue
		}
		o.settle(ctx, queue.Delivered, ids...)
		if ctx.Err() != nil {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			_ = o.sub.Settle(last, queue.Delivered, ids...) // those that are settled stay so
			cancel()
		}
		faultpoint.Reach(ctx, faultpoint.EventSettled, "")
	}
}

// settle settles changes, and tries again until it has worked: otherwise the next process would
// deliver them once more.
func (o *outlet) settle(ctx context.Context, why queue.Settlement, ids ...string) {
	for o.sub.Settle(ctx, why, ids...) != nil && ctx.Err() == nil {
		pause(ctx, o.first)
	}
}
