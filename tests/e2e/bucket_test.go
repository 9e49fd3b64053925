//go:build e2e

package e2e

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// bucket is one that the pods of the cluster reach and that is there already.
type bucket struct {
	url         *url.URL
	credentials map[string]string
}

// givenBucket returns the bucket to test with, or skips the test.
//
//	STORE_URL  where it is, as pods see it: s3://bucket?endpoint=http://minio.minio.svc:9000
//	AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY  what is allowed to use it
func givenBucket(t *testing.T) bucket {
	t.Helper()
	text := os.Getenv("STORE_URL")
	if text == "" {
		t.Skip("STORE_URL names no bucket: see givenBucket")
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	b := bucket{u, map[string]string{}}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		if b.credentials[name] = os.Getenv(name); b.credentials[name] == "" {
			t.Fatalf("STORE_URL is given and %s is not", name)
		}
	}
	return b
}

// use has the release keep its files in the bucket, below a prefix that is its own.
func (b bucket) use(t *testing.T, r *release) {
	t.Helper()
	place := *b.url
	place.Path = "/" + r.namespace
	args := []string{"create", "secret", "generic", "bucket"}
	for name, value := range b.credentials {
		args = append(args, "--from-literal="+name+"="+value)
	}
	r.kubectl(t, args...)
	r.set("store.url", place.String())
	r.set("store.existingSecret", "bucket")
}

// TestBucket keeps the files in a bucket: no volume is needed, and processors run on every node.
func TestBucket(t *testing.T) {
	b := givenBucket(t)
	r := newRelease(t, forBuckets.build(t))
	b.use(t, r)
	processor := r.name + "-processor"
	r.set("processor.pollingInterval", 1)
	r.set("processor.successfulJobsHistoryLimit", 100) // so that their pods tell where they ran
	watched := watchJobs(t, r.namespace, processor)
	finish := func(t *testing.T, page inspector, results int) {
		t.Helper()
		eventually(t, "all results", 2*patience, func() error { return page.complete(results) })
		watched.await(t, "scaling to zero", patience, func(running []string) bool { return len(running) == 0 })
	}

	files := halfYear(2022)
	began := r.helm(t, "install")
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+r.name+"-inspector")
	page := forward(t, r.namespace, r.name+"-inspector")
	finish(t, page, len(files))
	last := r.lastResult(t)
	t.Logf("helm install to the last of %d results: %.1f s; from the generator's start: %.1f s",
		len(files), last.Sub(began).Seconds(), last.Sub(r.started(t, r.generatorJob(t))).Seconds())
	checkResults(t, page, files)
	if volumes := r.kubectl(t, "get", "persistentvolumeclaims", "--output", "name"); strings.Contains(volumes, "-data") {
		t.Errorf("there is a volume for files: %s", volumes)
	}

	more := daysFrom(2000, 2000)
	r.set("generator.start", more[0].Format(time.DateOnly))
	r.set("generator.days", len(more))
	// All run for long enough to be spread over the nodes.
	r.set("processor.resources.requests.cpu", "50m")
	r.set("processor.resources.limits.cpu", "50m")
	r.helm(t, "upgrade")
	started := r.started(t, r.generatorJob(t))
	finish(t, page, len(files)+len(more))
	t.Logf("the generator's start to the last of %d results: %.1f s", len(more), r.lastResult(t).Sub(started).Seconds())
	checkResults(t, page, more)

	used := r.processorNodes(t)
	t.Logf("%v; their nodes: %v", watched, used)
	if nodes := schedulable(t); len(nodes) > 1 && len(used) < 2 {
		t.Errorf("processors ran on %v alone, of the nodes %v", used, nodes)
	}
	if err := watched.verdict(maxReplicaCount); err != nil {
		t.Error(err)
	}
	if err := r.restarts(t); err != nil {
		t.Error(err)
	}
	run(t, "helm", "test", r.name, "--namespace", r.namespace)
}

// processorNodes returns how many of the processors' pods that are still to be seen ran on each node.
func (r *release) processorNodes(t *testing.T) map[string]int {
	t.Helper()
	used := map[string]int{}
	text := r.kubectl(t, "get", "pods", "--selector", "app.kubernetes.io/component=processor", "--output", `jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}`)
	for node := range strings.FieldsSeq(text) {
		used[node]++
	}
	return used
}

// schedulable returns the names of the nodes that take pods.
func schedulable(t *testing.T) []string {
	t.Helper()
	return strings.Fields(run(t, "kubectl", "get", "nodes", "--field-selector", "spec.unschedulable=false", "--output", "jsonpath={.items[*].metadata.name}"))
}

// TestBucketLargeFile has a 1.2 GB object processed by a pod with the chart's default limits, and prints
// how long that took.
func TestBucketLargeFile(t *testing.T) {
	b := givenBucket(t)
	r := newRelease(t, forBuckets.build(t))
	b.use(t, r)
	testLargeFile(t, r)
}
