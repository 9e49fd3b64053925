package chart

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"helm.sh/helm/v3/pkg/chartutil"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// made returns the images that make images builds, and the version that each is told that it is.
func made(t *testing.T) map[string]string {
	t.Helper()
	folder := t.TempDir()
	calls := filepath.Join(folder, "calls")
	// A script in place of docker records its arguments.
	if err := os.WriteFile(filepath.Join(folder, "docker"), []byte("#!/bin/sh\necho \"$@\" >>\"$CALLS\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("make", "--no-print-directory", "images")
	command.Dir = "../.."
	command.Env = append(os.Environ(), "CALLS="+calls, "PATH="+folder+":"+os.Getenv("PATH"))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("make images: %v\n%s", err, out)
	}
	text, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	images := map[string]string{}
	for _, call := range regexp.MustCompile(`(?m)^build .*--tag (\S+) .*--build-arg VERSION=(\S+)`).FindAllStringSubmatch(string(text), -1) {
		images[call[1]] = call[2]
	}
	return images
}

// TestMakeImagesMakesWhatTheChartAsksFor: make images builds the images that the pods use, and the notes name these.
func TestMakeImagesMakesWhatTheChartAsksFor(t *testing.T) {
	images := made(t)
	version := load(t).AppVersion()
	for name, in := range map[string]installation{
		"volume":            {},
		"bucket":            {set: []string{"store.url=s3://sales"}},
		"without generator": {set: []string{"generator.enabled=false"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := render(t, in)
			var asked []string
			for _, pod := range r.pods() {
				for _, container := range pod.Spec.Containers {
					if componentOf(pod) == "redis" || componentOf(pod) == "test" {
						continue // Redis, and the test, whose image is the generator's
					}
					asked = append(asked, container.Image)
				}
			}
			slices.Sort(asked)
			asked = slices.Compact(asked)
			for _, image := range asked {
				says, known := images[image]
				if !known {
					t.Errorf("make images does not make %s: it makes %v", image, images)
				}
				if !strings.HasPrefix(says, version) {
					t.Errorf("%s says that it is %s, not %s", image, says, version)
				}
			}
			if !strings.Contains(r.notes, "make install") {
				t.Errorf("the notes do not say how to load images:\n%s", r.notes)
			}
		})
	}
	for _, set := range []string{"processor.image.tag=mine", "inspector.image.digest=sha256:" + strings.Repeat("0", 64), "global.imageRegistry=registry.example"} {
		if notes := render(t, installation{set: []string{set}}).notes; strings.Contains(notes, "make install") {
			t.Errorf("with %s, make install makes other images than are asked for, and the notes speak of it:\n%s", set, notes)
		}
	}
	readme, err := os.ReadFile(filepath.Join(chartDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if command := "image load ghcr.io/csv-pipeline/{generator,processor,inspector}:" + version + "\n"; !strings.Contains(string(readme), command) {
		t.Errorf("README.md has not %s", command)
	}
}

func TestNotesSayHowToQueueOutdatedResults(t *testing.T) {
	for _, set := range []string{"generator.enabled=true", "generator.enabled=false", "processor.paused=true"} {
		r := render(t, installation{set: []string{set}})
		if command := "-n ns exec deploy/rel-csv-pipeline-inspector -- /inspector enqueue --outdated\n"; !strings.Contains(r.notes, command) {
			t.Errorf("with %s the notes have no %s:\n%s", set, command, r.notes)
		}
	}
}

// since is which version of Kubernetes, after 1., has a field by default.
var since = map[string]int{
	"podFailurePolicy":                               26,
	"unhealthyPodEvictionPolicy":                     27,
	"restartPolicy of an init container (a sidecar)": 29,
	"sleep of a lifecycle's hook":                    30,
	"podReplacementPolicy":                           29,
}

// TestKubeVersion: what the chart says that it needs is what the youngest of its fields needs, Helm
// refuses anything older, and the README says the same.
func TestKubeVersion(t *testing.T) {
	youngest := 0
	uses := func(field string, does bool) {
		if does {
			youngest = max(youngest, since[field])
		}
	}
	forEachVariant(t, func(t *testing.T, r release) {
		for _, budget := range all[*policyv1.PodDisruptionBudget](r) {
			uses("unhealthyPodEvictionPolicy", budget.Spec.UnhealthyPodEvictionPolicy != nil)
		}
		for _, job := range jobs(r) {
			uses("podFailurePolicy", job.PodFailurePolicy != nil)
			uses("podReplacementPolicy", job.PodReplacementPolicy != nil)
		}
		for _, pod := range r.pods() {
			for _, container := range pod.Spec.InitContainers {
				uses("restartPolicy of an init container (a sidecar)", container.RestartPolicy != nil)
			}
			for _, container := range pod.Spec.Containers {
				uses("sleep of a lifecycle's hook", sleeps(container))
			}
		}
	})
	constraint := load(t).Metadata.KubeVersion
	for version, fits := range map[string]bool{
		fmt.Sprintf("v1.%d.15", youngest-1):          false,
		fmt.Sprintf("v1.%d.0", youngest):             true,
		fmt.Sprintf("v1.%d.3-gke.1014000", youngest): true,
		fmt.Sprintf("v1.%d.1-eks-0123456", youngest): true,
		"v1.34.1+k3s1": true,
		fmt.Sprintf("v1.%d.9-gke.100", youngest-1):    false,
		fmt.Sprintf("v1.%d.0-alpha.1", youngest+1000): true,
	} {
		if got := chartutil.IsCompatibleRange(constraint, version); got != fits {
			t.Errorf("kubeVersion is %q, which takes %s: %v", constraint, version, got)
		}
	}
	readme, err := os.ReadFile(filepath.Join(chartDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if sentence := fmt.Sprintf("The cluster needs Kubernetes 1.%d or later", youngest); !strings.Contains(string(readme), sentence) {
		t.Errorf("README.md has not: %s", sentence)
	}
}

func sleeps(c corev1.Container) bool {
	return c.Lifecycle != nil && (c.Lifecycle.PreStop != nil && c.Lifecycle.PreStop.Sleep != nil || c.Lifecycle.PostStart != nil && c.Lifecycle.PostStart.Sleep != nil)
}

// jobs returns the spec of everything that makes Jobs.
func jobs(r release) []batchv1.JobSpec {
	var specs []batchv1.JobSpec
	for _, job := range all[*batchv1.Job](r) {
		specs = append(specs, job.Spec)
	}
	for _, cron := range all[*batchv1.CronJob](r) {
		specs = append(specs, cron.Spec.JobTemplate.Spec)
	}
	for _, scaled := range all[*kedav1alpha1.ScaledJob](r) {
		specs = append(specs, *scaled.Spec.JobTargetRef)
	}
	return specs
}
