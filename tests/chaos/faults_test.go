//go:build linux

package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// fault does something bad to a plant and, where it would not end by itself, ends it.
type fault func(p *plant, rng *rand.Rand)

var faults = map[string]fault{
	"processor-killed":      func(p *plant, rng *rand.Rand) { p.victim(rng, syscall.SIGKILL) },
	"processor-stopped":     func(p *plant, rng *rand.Rand) { p.victim(rng, syscall.SIGSTOP) },
	"processor-terminated":  func(p *plant, rng *rand.Rand) { p.victim(rng, syscall.SIGTERM) },
	"killed-at-step":        func(p *plant, rng *rand.Rand) { p.plan(rng, "kill") },
	"stopped-at-step":       func(p *plant, rng *rand.Rand) { p.plan(rng, "stop") },
	"terminated-at-step":    func(p *plant, rng *rand.Rand) { p.plan(rng, "term") },
	"inspector-killed":      inspectorKilled,
	"redis-restarted":       redisRestarted,
	"redis-emptied":         redisEmptied,
	"redis-paused":          redisPaused,
	"redis-memory-full":     redisMemoryFull,
	"redis-stays-full":      redisStaysFull,
	"redis-disk-full":       redisDiskFull,
	"network-cut":           func(p *plant, rng *rand.Rand) { p.disturb(rng, cut, 1500*time.Millisecond) },
	"network-frozen":        func(p *plant, rng *rand.Rand) { p.disturb(rng, frozen, 1500*time.Millisecond) },
	"network-slow":          func(p *plant, rng *rand.Rand) { p.disturb(rng, slow, 1500*time.Millisecond) },
	"network-loses-answers": func(p *plant, rng *rand.Rand) { p.disturb(rng, oneSided, 500*time.Millisecond) },
	"told-to-stop-unheard":  toldToStopUnheard,
	"told-to-stop-at-start": toldToStopAtStart,
	"volume-full":           volumeFull,
	"volume-read-only":      volumeReadOnly,
	"file-removed":          fileRemoved,
	"file-replaced":         fileReplaced,
	"file-older":            fileOlder,
	"file-truncated":        fileTruncated,
	"file-copied-slowly":    fileCopiedSlowly,
	"message-without-file":  messageWithoutFile,
	"many-producers":        manyProducers,
}

// needVolumes are the faults that need small file systems.
var needVolumes = []string{"redis-disk-full", "volume-full", "volume-read-only"}

// faultNames are all faults that this machine is to have, sorted.
func faultNames() []string { return sorted(faults) }

// sorted are the names of the faults that are not left out.
func sorted(faults map[string]fault) []string {
	without := strings.Split(os.Getenv("CHAOS_WITHOUT"), ",")
	var names []string
	for name := range faults {
		if !slices.Contains(without, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// about is a stretch of time of the given length at most.
func about(rng *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(most)))
}

// victim sends a signal to some processor.
func (p *plant) victim(rng *rand.Rand, signal syscall.Signal) {
	if living := p.living(&p.jobs); len(living) > 0 {
		living[rng.IntN(len(living))].signal(signal)
	}
}

// plan gives the next few processors a fault point each.
func (p *plant) plan(rng *rand.Rand, signal string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range 1 + rng.IntN(3) {
		p.faultpoints = append(p.faultpoints, fmt.Sprintf("%s#%d=%s", steps[rng.IntN(len(steps))], 1+rng.IntN(4), signal))
	}
}

func inspectorKilled(p *plant, rng *rand.Rand) {
	if living := p.living(&p.inspectors); len(living) > 0 {
		living[rng.IntN(len(living))].signal(syscall.SIGKILL)
	}
}

func redisRestarted(p *plant, rng *rand.Rand) {
	p.redisFaults.Lock()
	defer p.redisFaults.Unlock()
	p.redis.Kill()
	moment(about(rng, 700*time.Millisecond))
	p.redis.Restart(p.t)
}

func redisEmptied(p *plant, rng *rand.Rand) {
	p.redisFaults.Lock()
	defer p.redisFaults.Unlock()
	p.redis.Kill()
	if err := os.RemoveAll(filepath.Join(p.redis.Dir, "appendonlydir")); err != nil {
		p.t.Error(err)
	}
	moment(about(rng, 300*time.Millisecond))
	p.redis.Restart(p.t)
}

func redisPaused(p *plant, rng *rand.Rand) {
	p.redisFaults.Lock()
	defer p.redisFaults.Unlock()
	if err := p.redis.Signal(syscall.SIGSTOP); err != nil {
		p.t.Error(err)
	}
	moment(lease + about(rng, lease))
	if err := p.redis.Signal(syscall.SIGCONT); err != nil {
		p.t.Error(err)
	}
}

func redisMemoryFull(p *plant, rng *rand.Rand) {
	p.redisFaults.Lock()
	defer p.redisFaults.Unlock()
	for _, limit := range []string{"1", "0"} {
		if err := p.rdb.ConfigSet(context.Background(), "maxmemory", limit).Err(); err != nil {
			p.t.Error(err)
		}
		if limit != "0" {
			moment(about(rng, 1500*time.Millisecond))
		}
	}
}

// redisStaysFull keeps Redis at its limit until leases have run out and retries are
// due, while processors die: what is left can only become less.
func redisStaysFull(p *plant, rng *rand.Rand) {
	p.redisFaults.Lock()
	defer p.redisFaults.Unlock()
	ctx := context.Background()
	if err := p.rdb.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
		p.t.Error(err)
	}
	p.victim(rng, syscall.SIGKILL)
	moment(2*lease + about(rng, 2*lease))
	p.victim(rng, syscall.SIGTERM)
	if err := p.rdb.ConfigSet(ctx, "maxmemory", "0").Err(); err != nil {
		p.t.Error(err)
	}
}

// toldToStopUnheard ends processors while the answers that they wait for are lost:
// among them those that give them their next file.
func toldToStopUnheard(p *plant, rng *rand.Rand) {
	p.proxy.set(oneSided)
	moment(about(rng, 300*time.Millisecond))
	for range maxJobs {
		p.victim(rng, syscall.SIGTERM)
	}
	moment(about(rng, 300*time.Millisecond))
	p.proxy.set(sound)
}

// toldToStopAtStart ends processors that have not reached Redis yet.
func toldToStopAtStart(p *plant, rng *rand.Rand) {
	p.proxy.set([]network{cut, frozen}[rng.IntN(2)])
	for range 2 {
		early := p.processor()
		moment(about(rng, 300*time.Millisecond))
		early.signal(syscall.SIGTERM)
	}
	moment(about(rng, 300*time.Millisecond))
	p.proxy.set(sound)
}

func redisDiskFull(p *plant, rng *rand.Rand) {
	p.redisFaults.Lock()
	defer p.redisFaults.Unlock()
	empty := p.fill(p.redis.Dir)
	moment(time.Second + about(rng, time.Second)) // Redis writes the file once a second
	empty()
}

func (p *plant) disturb(rng *rand.Rand, state network, most time.Duration) {
	p.proxy.set(state)
	moment(about(rng, most))
	p.proxy.set(sound)
}

// fill takes all room of a small file system, and returns how to give it back.
func (p *plant) fill(folder string) (empty func()) {
	path := filepath.Join(folder, ".filler")
	f, err := os.Create(path)
	if err != nil {
		p.t.Error(err)
		return func() {}
	}
	for piece := make([]byte, 1<<20); len(piece) > 0; {
		if _, err := f.Write(piece); err != nil {
			piece = piece[:len(piece)/2]
		}
	}
	return func() {
		_ = f.Close()
		if err := os.Remove(path); err != nil {
			p.t.Error(err)
		}
	}
}

func volumeFull(p *plant, rng *rand.Rand) {
	p.volumeFaults.Lock()
	defer p.volumeFaults.Unlock()
	empty := p.fill(p.folder)
	moment(about(rng, 1500*time.Millisecond))
	empty()
}

func volumeReadOnly(p *plant, rng *rand.Rand) {
	p.volumeFaults.Lock()
	defer p.volumeFaults.Unlock()
	set := func(flags uintptr) {
		p.eventuallyQuietly(func() error { return syscall.Mount("", p.folder, "", syscall.MS_REMOUNT|flags, "") })
	}
	set(syscall.MS_RDONLY) // not possible while somebody writes: then a little later
	moment(about(rng, 1500*time.Millisecond))
	set(0)
}

// eventuallyQuietly is for goroutines that must not end the test.
func (p *plant) eventuallyQuietly(do func() error) {
	for deadline := time.Now().Add(patience); ; moment(time.Millisecond) {
		err := do()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			p.t.Error(err)
			return
		}
	}
}

// some returns the name of some file that is there.
func (p *plant) some(rng *rand.Rand) (name string, ok bool) {
	names := p.inputs.names()
	if len(names) == 0 {
		return "", false
	}
	return names[rng.IntN(len(names))], true
}

func fileRemoved(p *plant, rng *rand.Rand) {
	if name, ok := p.some(rng); ok {
		p.report(p.inputs.remove(name))
	}
}

func fileReplaced(p *plant, rng *rand.Rand) {
	if name, ok := p.some(rng); ok {
		p.report(p.inputs.put(name, mixture(rng), time.Time{}))
	}
}

func fileOlder(p *plant, rng *rand.Rand) {
	if name, ok := p.some(rng); ok {
		p.report(p.inputs.put(name, mixture(rng), time.Now().Add(-time.Hour-about(rng, 100*time.Hour))))
	}
}

func fileTruncated(p *plant, rng *rand.Rand) {
	if name, ok := p.some(rng); ok {
		p.inputs.mu.Lock()
		size := len(p.inputs.files[name].content)
		p.inputs.mu.Unlock()
		p.report(p.inputs.truncate(name, rng.IntN(max(size, 1))))
	}
}

func fileCopiedSlowly(p *plant, rng *rand.Rand) {
	name := fmt.Sprintf("slow/%d.csv", rng.Int32())
	p.report(p.inputs.copySlowly(rng, name, sales(rng, 100+rng.IntN(1000)), func() {
		if rng.IntN(2) == 0 {
			p.push(name) // too early
		}
	}))
}

func messageWithoutFile(p *plant, rng *rand.Rand) {
	p.push(fmt.Sprintf("never/was/%d.csv", rng.Int32()))
}

func manyProducers(p *plant, rng *rand.Rand) {
	name, ok := p.some(rng)
	if !ok {
		return
	}
	done := make(chan struct{})
	for range 4 {
		go func() {
			p.push(name, name, name, name, name)
			done <- struct{}{}
		}()
	}
	for range 4 {
		<-done
	}
}

func (p *plant) report(err error) {
	if err != nil {
		p.t.Error(err)
	}
}
