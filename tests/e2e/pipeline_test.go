//go:build e2e

// Package e2e is the end-to-end test: on the cluster that KUBECONFIG names and that has KEDA, it
// does with docker, helm and kubectl what a person would, and checks every result.
//
// The same files go through docker compose, too.
//
//	LOAD_IMAGES  command that takes names of images and copies them to the nodes of a cluster that is neither kind nor minikube
//	REDIS_IMAGE  image of Redis instead of the chart's
//	VALKEY_IMAGE image of Valkey, for one of the installations
//	NETWORK_POLICIES  "enforced" where the cluster enforces NetworkPolicies
//	DEBIAN_IMAGE image of Debian instead of debian:bookworm-slim
//	GO_IMAGE, BASE_IMAGE, GOPROXY  build arguments of the Dockerfile
//	STORE_URL    a bucket to test with, too; see givenBucket
//	E2E_KEEP     set, the test's namespace stays
package e2e

import (
	"context"
	"strings"
	"testing"
	"time"
)

const (
	maxReplicaCount = 5
	// target is how long all files may take from the generator's start, on a cluster where the
	// images are there and Redis runs. A Job for each file would take minutes. It is not tighter, since
	// how long five pods take to start is up to the machine; the test prints the figure.
	target = time.Minute
	// patience is for what has no target of its own.
	patience = 3 * time.Minute
)

func TestPipeline(t *testing.T) {
	images := forVolumes.build(t)
	r := newRelease(t, images)
	processor, inspectorName := r.name+"-processor", r.name+"-inspector"
	watched := watchJobs(t, r.namespace, processor)
	var page inspector
	var files []time.Time // by their days: all that were asked for so far
	finish := func(t *testing.T) {
		t.Helper()
		eventually(t, "all results", patience, func() error { return page.complete(len(files)) })
		watched.await(t, "scaling to zero", patience, func(running []string) bool { return len(running) == 0 })
	}

	files = halfYear(2022)
	began := r.helm(t, "install")
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+inspectorName)
	page = forward(t, r.namespace, inspectorName)
	finish(t)
	last := r.lastResult(t)
	t.Logf("helm install to the last of %d results: %.1f s; from the generator's start: %.1f s",
		len(files), last.Sub(began).Seconds(), last.Sub(r.started(t, r.generatorJob(t))).Seconds())
	checkResults(t, page, files)
	passwords := r.kubectl(t, "get", "secret", r.name+"-redis", "--output", "jsonpath={.data}")
	redisPod := r.kubectl(t, "get", "pod", r.name+"-redis-0", "--output", "jsonpath={.metadata.uid}")

	step := func(does string, step func(t *testing.T)) {
		t.Helper()
		if !t.Run(does, step) {
			t.FailNow() // each step goes on from where the last one ended
		}
	}
	step("the generator runs again on demand, by the command of the notes", func(t *testing.T) {
		job := run(t, "sh", "-c", notesCommand(t, run(t, "helm", "get", "notes", r.name, "--namespace", r.namespace)))
		r.started(t, strings.TrimSuffix(job, " created"))
		finish(t)
		if !r.lastResult(t).Equal(last) {
			t.Error("files that had not changed were processed again")
		}
	})

	step("on a cluster that is warm, the results are there in time", func(t *testing.T) {
		more := halfYear(2023)
		files = append(files, more...)
		r.set("generator.start", more[0].Format(time.DateOnly))
		r.helm(t, "upgrade")
		started := r.started(t, r.generatorJob(t))
		finish(t)
		took := r.lastResult(t).Sub(started)
		t.Logf("the generator's start to the last of %d results: %.1f s", len(more), took.Seconds())
		if took > target {
			t.Errorf("that is more than %v", target)
		}
		checkResults(t, page, more)
	})

	step("an upgrade kills no Job", func(t *testing.T) {
		more := halfYear(2021)
		files = append(files, more...)
		r.set("generator.start", more[0].Format(time.DateOnly))
		r.set("processor.resources.requests.cpu", "10m")
		r.set("processor.resources.limits.cpu", "10m") // slow enough to be overtaken
		r.helm(t, "upgrade")
		watched.await(t, "slow Jobs", patience, func(running []string) bool { return len(running) >= 2 })

		r.set("processor.resources", nil)
		r.set("processor.podAnnotations.upgraded", "yes")
		r.set("data.keep", true)
		r.helm(t, "upgrade")
		old := watched.await(t, "Jobs that began before the upgrade", 0, func(running []string) bool { return len(running) > 0 })
		t.Logf("while %d Jobs ran, the ScaledJob became generation %s", len(old),
			r.kubectl(t, "get", "scaledjob", processor, "--output", "jsonpath={.metadata.generation}"))
		finish(t)
		checkResults(t, page, more)
		for _, name := range old {
			if j := watched.of(name); j.killed || j.failed {
				t.Errorf("the Job %s did not survive the upgrade: %+v", name, j)
			}
		}
		if now := r.kubectl(t, "get", "secret", r.name+"-redis", "--output", "jsonpath={.data}"); now != passwords {
			t.Error("the upgrade changed Redis' password")
		}
		if now := r.kubectl(t, "get", "pod", r.name+"-redis-0", "--output", "jsonpath={.metadata.uid}"); now != redisPod {
			t.Error("the upgrade restarted Redis")
		}
	})

	step("helm test sends a file the whole way", func(t *testing.T) {
		run(t, "helm", "test", r.name, "--namespace", r.namespace)
		finish(t)
	})

	step("a rollback changes no password and loses nothing", func(t *testing.T) {
		run(t, "helm", "rollback", r.name, "--namespace", r.namespace, "--wait")
		eventually(t, "all results", patience, func() error { return page.complete(len(files)) })
		if now := r.kubectl(t, "get", "secret", r.name+"-redis", "--output", "jsonpath={.data}"); now != passwords {
			t.Error("the rollback changed Redis' password")
		}
	})

	// By now every service has used Redis in every way that it does.
	if denied := r.redis(t, "ACL LOG"); denied != "" {
		t.Errorf("Redis denied something to a user of the chart's:\n%s", denied)
	}

	t.Log(watched)
	if err := watched.verdict(maxReplicaCount); err != nil {
		t.Error(err)
	}
	if err := r.restarts(t); err != nil {
		t.Error(err)
	}

	step("helm test fails when the processor is broken", func(t *testing.T) {
		r.set("processor.image", breakImage(t, images["processor"]))
		r.set("processor.backoffLimit", 0)
		r.set("test.patience", "10s")
		r.helm(t, "upgrade")
		out, err := tryRun(t.Context(), "", "helm", "test", r.name, "--namespace", r.namespace)
		if err == nil {
			t.Errorf("it passes:\n%s", out)
		}
		// The pod of a test that failed stays, to be looked at.
		said := r.kubectl(t, "get", "pod", r.name+"-test", "--output", "jsonpath={.status.containerStatuses[0].state.terminated.message}")
		if !strings.Contains(said, "no result of selftest-") {
			t.Errorf("it does not say why:\n%s", said)
		}
		r.kubectl(t, "delete", "pod", r.name+"-test")
		r.set("processor.image", images["processor"])
		r.set("processor.backoffLimit", nil)
		r.set("test.patience", nil)
		r.helm(t, "upgrade")
	})

	step("uninstalling keeps the data if asked to, and else leaves nothing", func(t *testing.T) {
		run(t, "helm", "uninstall", r.name, "--namespace", r.namespace)
		r.awaitLeftovers(t, "persistentvolumeclaim/"+r.name+"-data")

		r.set("data.keep", nil)
		r.set("generator.enabled", false)
		r.helm(t, "install")
		r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+inspectorName)
		page = forward(t, r.namespace, inspectorName)
		eventually(t, "the files that were kept", patience, func() error { return page.complete(len(files)) })
		checkResults(t, page, files)

		run(t, "helm", "uninstall", r.name, "--namespace", r.namespace)
		r.awaitLeftovers(t)
	})
}

// notesCommand finds the command in the chart's notes that runs the generator.
func notesCommand(t *testing.T, notes string) string {
	t.Helper()
	for line := range strings.Lines(notes) {
		if strings.Contains(line, "create job --from=cronjob/") {
			return strings.TrimSpace(line)
		}
	}
	t.Fatalf("the notes have no command that runs the generator:\n%s", notes)
	return ""
}

// contextOf is for what is done when the test's own context is over.
func contextOf(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }
