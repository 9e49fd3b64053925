//go:build linux

package chaos

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
)

// mostPackets is more than a processor sends that has two files to process.
const mostPackets = 100

// atEveryPacket runs a processor for each packet that it sends to Redis, or gets from
// it, from its first one while it connects to its last one. When that packet has come
// to the proxy, does is called, which may lose it. The processor must end well and
// leave nothing in flight: leases are so long that none runs out.
func atEveryPacket(t *testing.T, answers bool, does func(victim *process) (lost bool)) {
	p := newPlant(t, false)
	for nth := int64(1); nth < mostPackets; nth++ {
		for i := range 2 {
			p.deliver(fmt.Sprintf("%d-%d.csv", nth, i), sales(random(uint64(nth)), 10))
		}
		var victim *process
		var seen atomic.Int64
		started := make(chan struct{})
		p.proxy.listen(func(answer bool) bool {
			if answer != answers || seen.Add(1) != nth {
				return false
			}
			<-started
			return does(victim)
		})
		victim = p.processor("--lease=1h", "--concurrency=2")
		close(started)
		victim.awaitEnd(t, patience)
		p.proxy.listen(nil)
		if err := victim.endedWell(); err != nil {
			t.Errorf("packet %d: %v", nth, err)
			p.tell(victim)
		}
		if c := p.counts(); c.InFlight != 0 || c.Totals["crashed"] != 0 {
			t.Errorf("packet %d: in flight %d, crashed %d", nth, c.InFlight, c.Totals["crashed"])
		}
		if t.Failed() {
			return
		}
		if seen.Load() < nth {
			t.Logf("%d packets", seen.Load())
			p.processor("--lease=1h")
			p.finish()
			return
		}
	}
	t.Errorf("a processor still has something to say after %d packets", mostPackets)
}

func TestToldToStopAtAnyCommandNothingStaysInFlight(t *testing.T) {
	t.Parallel()
	atEveryPacket(t, false, func(victim *process) bool {
		victim.signal(syscall.SIGTERM)
		return false
	})
}

func TestAnyAnswerIsLostAndNothingStaysInFlight(t *testing.T) {
	t.Parallel()
	atEveryPacket(t, true, func(*process) bool { return true })
}

func TestToldToStopAsAnyAnswerIsLostNothingStaysInFlight(t *testing.T) {
	t.Parallel()
	atEveryPacket(t, true, func(victim *process) bool {
		victim.signal(syscall.SIGTERM)
		return true
	})
}
