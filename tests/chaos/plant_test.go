//go:build linux

package chaos

import (
	"context"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

const (
	list     = "csvs-to-process"
	lease    = time.Second
	patience = 60 * time.Second // after this, something is stuck
	maxJobs  = 3
)

// plant is a whole pipeline of real processes.
type plant struct {
	t       testing.TB
	folder  string // the data: raw/ and processed/
	logs    string
	inputs  *inputs
	redis   *redistest.Server
	rdb     *redis.Client // past the proxy
	queue   *queue.Queue  // for looking and pushing only
	proxy   *proxy
	command string          // of the processors; empty: the engine makes the results
	bucket  *bucket         // nil: the files are in the folder
	store   filestore.Store // of the bucket, past its proxy

	redisFaults  sync.Mutex // held while something is done to Redis
	volumeFaults sync.Mutex // … to the volume of the data

	mu          sync.Mutex
	processes   []*process
	jobs        []*process // those that the scaler started and counts
	inspectors  []*process
	faultpoints []string // for the next processors
}

// newPlant starts Redis and the network before it. With volumes, the data and
// Redis' files are on small file systems of their own.
func newPlant(t testing.TB, volumes bool) *plant {
	t.Helper()
	base := t.TempDir()
	p := &plant{t: t, folder: filepath.Join(base, "data"), logs: filepath.Join(base, "logs")}
	p.inputs = &inputs{folder: filepath.Join(p.folder, "raw"), files: map[string]*input{}}
	aof := filepath.Join(base, "redis")
	for _, folder := range []string{p.folder, p.logs, aof} {
		if err := os.Mkdir(folder, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if volumes {
		mount(t, p.folder, "64m")
		mount(t, aof, "16m")
	}
	if err := os.Mkdir(p.inputs.folder, 0o777); err != nil {
		t.Fatal(err)
	}
	p.redis = redistest.StartIn(t, aof, append(users(t), "--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0")...)
	p.rdb = p.redis.Client(t)
	p.queue = queue.New(p.rdb, list, queue.Options{Lease: lease})
	p.proxy = newProxy(t, p.redis.Addr())
	t.Cleanup(p.end)
	return p
}

// users are the arguments by which Redis has the users of the chart's README, each with its name as its password.
func users(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("../../charts/csv-pipeline/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, user := range regexp.MustCompile(`(?m)^(generator|processor|inspector) (~.*)$`).FindAllStringSubmatch(string(text), -1) {
		args = append(args, "--user", user[1], "on", ">"+user[1])
		args = append(args, strings.Fields(user[2])...)
	}
	if len(args) == 0 {
		t.Fatal("the chart's README has no rules of Redis users")
	}
	return args
}

// mount makes a folder a file system of the given size.
func mount(t testing.TB, folder, size string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("the faults %v need a small file system, and mounting one is not allowed here (%v): run as root, allow user namespaces, or leave them out with CHAOS_WITHOUT", needVolumes, err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
}

// end ends what still runs and keeps the remains of a failure.
func (p *plant) end() {
	for _, process := range p.all() {
		if process.running() {
			process.signal(syscall.SIGKILL)
			<-process.ended
		}
	}
	if denied, err := p.rdb.Do(context.Background(), "ACL", "LOG").Slice(); err == nil && len(denied) > 0 {
		p.t.Errorf("Redis denied something to a user that has the rules of the chart's README: %v", denied)
	}
	if keep := os.Getenv("CHAOS_KEEP"); keep != "" && p.t.Failed() {
		to := filepath.Join(keep, filepath.Base(p.t.Name()))
		if err := os.CopyFS(to, os.DirFS(filepath.Dir(p.folder))); err != nil {
			p.t.Logf("keep the remains: %v", err)
		}
		p.t.Logf("the remains are in %s", to)
	}
}

func (p *plant) all() []*process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*process(nil), p.processes...)
}

func (p *plant) start(service string, env []string, args ...string) *process {
	common := []string{"STORE_URL=file://" + p.folder, "REDIS_LIST=" + list, "REDIS_HOST=127.0.0.1", "LISTEN=127.0.0.1:0",
		"REDIS_USERNAME=" + service, "REDIS_PASSWORD=" + service}
	if p.bucket != nil {
		common = append(common, p.bucket.environment()...)
	}
	process := start(p.t, p.logs, service, append(common, env...), args...)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.processes = append(p.processes, process)
	return process
}

// processor starts a processor behind the proxy.
func (p *plant) processor(args ...string) *process { return p.processorAt("", args...) }

// processorAt starts one with a fault point.
func (p *plant) processorAt(faultpoint string, args ...string) *process {
	_, port, _ := net.SplitHostPort(p.proxy.listener.Addr().String())
	process := p.start("processor", []string{
		"REDIS_PORT=" + port, "LEASE=" + lease.String(), "REDIS_TIMEOUT=40s", "GRACE=5s", "FAULTPOINT=" + faultpoint, "COMMAND=" + p.command}, args...)
	if strings.HasSuffix(faultpoint, "=kill") {
		process.killed.Store(true)
	}
	process.tells.Store(strings.HasSuffix(faultpoint, "=term") || strings.HasSuffix(faultpoint, "=hold"))
	return process
}

// inspector starts an inspector that sees Redis without the proxy. It has the processors'
// settings: under others, it would have all that failed tried again.
func (p *plant) inspector() *process {
	return p.start("inspector", []string{"REDIS_PORT=" + strconv.Itoa(p.redis.Port), "SWEEP_INTERVAL=100ms", "SETTLE=300ms", "REDIS_TIMEOUT=40s", "COMMAND=" + p.command})
}

// push names as any producer does; messages for a Redis that refuses them are
// pushed again, as a producer would.
func (p *plant) push(names ...string) {
	for _, name := range names {
		for deadline := time.Now().Add(patience); ; moment(20 * time.Millisecond) {
			err := p.rdb.LPush(context.Background(), list, name).Err()
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				p.t.Errorf("push %s: %v", name, err)
				return
			}
		}
	}
}

// scale does what an autoscaler and its controllers do, until ctx ends: it starts
// as many processors as there is work for, and keeps the inspectors running.
func (p *plant) scale(ctx context.Context, rng *rand.Rand, inspectors int) {
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		for i := len(p.living(&p.inspectors)); i < inspectors; i++ {
			p.remember(&p.inspectors, p.inspector())
		}
		if c, err := p.queue.Counts(ctx); err == nil {
			want := int(min(c.Waiting+c.InFlight, maxJobs))
			for i := len(p.living(&p.jobs)); i < want; i++ {
				job := p.processorAt(p.nextFaultpoint(), modes[rng.IntN(len(modes))]...)
				p.remember(&p.jobs, job)
				go job.attend()
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// modes are the ways to run a processor.
var modes = [][]string{nil, nil, {"--files-per-job=1"}, {"--files-per-job=3"}, {"--watch"}, {"--stale-after=1s"}}

// attend lets a stopped process go on, after longer than its lease.
func (p *process) attend() {
	for {
		select {
		case <-p.ended:
			return
		case <-p.stopped:
			moment(lease + lease/3)
			p.signal(syscall.SIGCONT)
		}
	}
}

func (p *plant) remember(in *[]*process, process *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*in = append(*in, process)
}

func (p *plant) living(in *[]*process) []*process {
	p.mu.Lock()
	defer p.mu.Unlock()
	var living []*process
	for _, process := range *in {
		if process.running() {
			living = append(living, process)
		}
	}
	*in = append([]*process(nil), living...)
	return living
}

func (p *plant) nextFaultpoint() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faultpoints) == 0 {
		return ""
	}
	next := p.faultpoints[0]
	p.faultpoints = p.faultpoints[1:]
	return next
}

// stop tells all processes to stop and checks how they end.
func (p *plant) stop() {
	p.t.Helper()
	for _, process := range p.all() {
		if process.running() {
			process.signal(syscall.SIGTERM)
			process.signal(syscall.SIGCONT)
		}
	}
	for _, process := range p.all() {
		process.awaitEnd(p.t, patience)
		if err := process.endedWell(); err != nil {
			p.t.Error(err)
			p.tell(process)
		}
	}
}

// tell prints the end of a process' log.
func (p *plant) tell(process *process) {
	text, err := os.ReadFile(process.log)
	if err != nil {
		p.t.Error(err)
	}
	p.t.Logf("%s:\n%s", process.name, text[max(0, len(text)-2000):])
}

// eventually polls until check returns nil.
func (p *plant) eventually(what string, within time.Duration, check func() error) {
	p.t.Helper()
	for deadline := time.Now().Add(within); ; moment(20 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: not within %v: %v", what, within, err)
		}
	}
}

// moment lets a stretch of time go by: the length of a fault, a copy's pace or the
// pause between two looks. No test relies on what happens meanwhile.
func moment(d time.Duration) { <-time.After(d) }
