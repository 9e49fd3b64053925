//go:build linux

package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/bucketstore"
	"csv-pipeline/internal/filestore/s3test"
)

// bucket is a real S3 server and the network before it.
type bucket struct {
	server *s3test.Server
	proxy  *proxy
	faults sync.Mutex // held while something is done to the server
}

const bucketName = "files"

func (b *bucket) environment() []string {
	return append(b.server.Environment(), "STORE_URL="+s3test.URL(b.proxy.listener.Addr().String(), bucketName, "here").String())
}

// newBucketPlant is a plant whose files are in a bucket.
func newBucketPlant(t *testing.T) *plant {
	t.Helper()
	p := newPlant(t, false)
	server := s3test.Start(t)
	url := server.Bucket(t, bucketName, "here")
	store, err := bucketstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	p.store = store
	p.bucket = &bucket{server: server, proxy: newProxy(t, server.Address)}
	return p
}

var bucketFaults = map[string]fault{
	"s3-paused":             s3Paused,
	"s3-restarted":          s3Restarted,
	"s3-answers-503":        func(p *plant, rng *rand.Rand) { p.disturbBucket(rng, refusing) },
	"s3-connections-reset":  func(p *plant, rng *rand.Rand) { p.disturbBucket(rng, torn) },
	"s3-network-cut":        func(p *plant, rng *rand.Rand) { p.disturbBucket(rng, cut) },
	"s3-network-frozen":     func(p *plant, rng *rand.Rand) { p.disturbBucket(rng, frozen) },
	"s3-loses-answers":      func(p *plant, rng *rand.Rand) { p.disturbBucket(rng, oneSided) },
	"object-replaced":       objectReplaced,
	"object-removed":        objectRemoved,
	"processor-killed":      faults["processor-killed"],
	"processor-stopped":     faults["processor-stopped"],
	"killed-at-step":        faults["killed-at-step"],
	"redis-restarted":       faults["redis-restarted"],
	"redis-emptied":         faults["redis-emptied"],
	"inspector-killed":      faults["inspector-killed"],
	"message-without-file":  faults["message-without-file"],
	"network-loses-answers": faults["network-loses-answers"],
}

func (p *plant) disturbBucket(rng *rand.Rand, state network) {
	p.bucket.faults.Lock()
	defer p.bucket.faults.Unlock()
	p.bucket.proxy.set(state)
	moment(200*time.Millisecond + about(rng, 1500*time.Millisecond))
	p.bucket.proxy.set(sound)
}

func s3Paused(p *plant, rng *rand.Rand) {
	p.bucket.faults.Lock()
	defer p.bucket.faults.Unlock()
	p.report(p.bucket.server.Pause())
	moment(lease + about(rng, lease))
	p.report(p.bucket.server.Resume())
}

func s3Restarted(p *plant, rng *rand.Rand) {
	p.bucket.faults.Lock()
	defer p.bucket.faults.Unlock()
	p.bucket.server.Kill()
	moment(about(rng, time.Second))
	p.bucket.server.Restart(p.t)
}

func objectReplaced(p *plant, rng *rand.Rand) {
	for range 5 {
		if name, ok := p.some(rng); ok {
			p.upload(name, mixture(rng))
		}
	}
}

func objectRemoved(p *plant, rng *rand.Rand) {
	name, ok := p.some(rng)
	if !ok {
		return
	}
	p.inputs.mu.Lock()
	defer p.inputs.mu.Unlock()
	p.eventuallyQuietly(func() error {
		_, err := p.bucket.server.Client().DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: ptr(bucketName), Key: ptr("here/raw/" + name)})
		return err
	})
	p.inputs.files[name].removed = true
}

func ptr[T any](v T) *T { return &v }

// upload puts an input into the bucket, past the proxy.
func (p *plant) upload(name string, content []byte) {
	p.inputs.mu.Lock()
	defer p.inputs.mu.Unlock()
	p.inputs.note(name, content) // it may be processed before we hear that it is there
	p.eventuallyQuietly(func() error {
		w, err := p.store.Create(context.Background(), filestore.Raw, name, nil)
		if err != nil {
			return err
		}
		defer w.Abort()
		if _, err := w.Write(content); err != nil {
			return err
		}
		_, err = w.Commit()
		return err
	})
}

// TestBucketRounds runs random rounds with the files in a bucket.
func TestBucketRounds(t *testing.T) {
	seed := firstSeed(t)
	rounds := setting("CHAOS_BUCKET_ROUNDS", 6)
	t.Logf("CHAOS_SEED=%d CHAOS_BUCKET_ROUNDS=%d", seed, rounds)
	for round := range rounds {
		seed := seed + uint64(round)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			rng := random(seed)
			chosen := chooseFrom(sorted(bucketFaults), rng, seed)
			t.Logf("faults: %v", chosen)
			bucketRound(t, rng, chosen)
		})
	}
}

func bucketRound(t *testing.T, rng *rand.Rand, chosen []string) {
	p := newBucketPlant(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var scaler, actors sync.WaitGroup
	source := func() *rand.Rand { return rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())) }
	forScaler := source()
	scaler.Go(func() { p.scale(ctx, forScaler, 1) })
	for range 2 {
		names, mine := fileNames(rng), source()
		actors.Go(func() {
			for _, name := range names {
				content := mixture(mine)
				if mine.IntN(20) == 0 {
					content = sales(mine, 200_000) // several requests
				}
				p.upload(name, content)
				if mine.IntN(10) > 0 { // the others are found by the sweep
					p.push(name)
				}
			}
		})
	}
	for _, name := range chosen {
		when, mine := about(rng, 1500*time.Millisecond), source()
		actors.Go(func() {
			moment(when)
			bucketFaults[name](p, mine)
		})
	}
	actors.Wait()
	p.settle()
	cancel()
	scaler.Wait()
	p.stop()
	p.check()
	unfinished, err := p.bucket.server.Client().ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: ptr(bucketName)})
	if err != nil || len(unfinished.Uploads) > 0 {
		t.Errorf("unfinished uploads stayed: %v, %v", unfinished, err)
	}
}
