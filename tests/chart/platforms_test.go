package chart

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// TestOpenShiftChoosesTheUsers: where the SCC restricted-v2 assigns users and groups, a pod that names one is refused.
func TestOpenShiftChoosesTheUsers(t *testing.T) {
	for name, in := range map[string]installation{
		"found": {apis: []string{"security.openshift.io/v1"}},
		"said":  {set: []string{"openshift=true"}},
		"both":  {set: []string{"openshift=true"}, apis: []string{"security.openshift.io/v1"}},
	} {
		for key, pod := range render(t, in).pods() {
			c := pod.Spec.SecurityContext
			if c.RunAsUser != nil || c.RunAsGroup != nil || c.FSGroup != nil {
				t.Errorf("%s: %s names a user or group: %+v", name, key, c)
			}
			if c.RunAsNonRoot == nil || !*c.RunAsNonRoot || c.SeccompProfile == nil {
				t.Errorf("%s: %s may run as root, or has no seccomp profile", name, key)
			}
		}
	}
	forced := render(t, installation{set: []string{"openshift=false"}, apis: []string{"security.openshift.io/v1"}})
	if c := forced.podOf(t, "inspector").Spec.SecurityContext; c.RunAsUser == nil {
		t.Error("with openshift=false no user is named")
	}
}

// TestFieldsOfSecurityContextsCanBeTakenAway: null in common, in a component, and as Redis' user.
func TestFieldsOfSecurityContextsCanBeTakenAway(t *testing.T) {
	r := render(t, installation{values: `
common: {podSecurityContext: {runAsGroup: null, supplementalGroups: [7]}}
processor: {podSecurityContext: {fsGroup: null, runAsUser: 1000640000}, securityContext: {readOnlyRootFilesystem: null}}
redis: {user: null}
`})
	inspector, processor, redis := r.podOf(t, "inspector").Spec, r.podOf(t, "processor").Spec, r.podOf(t, "redis").Spec
	if c := inspector.SecurityContext; c.RunAsGroup != nil || c.FSGroup == nil || !slices.Equal(c.SupplementalGroups, []int64{7}) {
		t.Errorf("the inspector has %+v", c)
	}
	if c := processor.SecurityContext; c.RunAsGroup != nil || c.FSGroup != nil || c.RunAsUser == nil || *c.RunAsUser != 1000640000 {
		t.Errorf("the processor has %+v", c)
	}
	if c := processor.Containers[0].SecurityContext; c.ReadOnlyRootFilesystem != nil || c.AllowPrivilegeEscalation == nil {
		t.Errorf("the processor's container has %+v", c)
	}
	if c := redis.SecurityContext; c.RunAsUser != nil || c.FSGroup != nil || c.RunAsNonRoot == nil {
		t.Errorf("Redis has %+v", c)
	}
}

// TestCommonValuesReachEveryPod: lists are joined, maps merged, and what a component says wins.
func TestCommonValuesReachEveryPod(t *testing.T) {
	r := render(t, installation{values: `
commonLabels: {team: sales, app.kubernetes.io/instance: other}
commonAnnotations: {owner: us}
common:
  workloadAnnotations: {reloader: "true"}
  podLabels: {cost: some}
  extraEnv: [{name: COMMON, value: thing}]
  extraEnvFrom: [{secretRef: {name: proxy}}]
  extraVolumes: [{name: certificates, emptyDir: {}}]
  extraVolumeMounts: [{name: certificates, mountPath: /certificates}]
  initContainers: [{name: first, image: some}]
  sidecars: [{name: beside, image: some}]
  hostAliases: [{ip: 192.0.2.1, hostnames: [some.example]}]
  dnsConfig: {nameservers: [192.0.2.1]}
  dnsPolicy: None
  runtimeClassName: gvisor
  schedulerName: batch
  nodeSelector: {disk: fast}
processor:
  extraEnv: [{name: OWN, value: thing}]
  nodeSelector: {disk: slow}
  runtimeClassName: kata
cleanup: {enabled: true}
`})
	for key, object := range r.objects {
		if object.GetLabels()["team"] != "sales" || object.GetAnnotations()["owner"] != "us" || object.GetLabels()["app.kubernetes.io/instance"] != "rel" {
			t.Errorf("%s has the labels %v and the annotations %v", key, object.GetLabels(), object.GetAnnotations())
		}
		_, started := r.pods()[key]
		if _, pod := object.(*corev1.Pod); started && !pod && object.GetAnnotations()["reloader"] != "true" {
			t.Errorf("%s has the annotations %v", key, object.GetAnnotations())
		}
	}
	for key, pod := range r.pods() {
		spec := pod.Spec
		names := func(containers []corev1.Container) (names []string) {
			for _, c := range containers {
				names = append(names, c.Name)
			}
			return names
		}
		_, isJob := r.objects[key].(*appsv1.Deployment)
		_, isSet := r.objects[key].(*appsv1.StatefulSet)
		before, beside := []string{"first", "beside"}, 1
		if isJob || isSet {
			before, beside = []string{"first"}, 2
		}
		if !slices.Equal(names(spec.InitContainers), before) || len(spec.Containers) != beside {
			t.Errorf("%s has the containers %v after %v", key, names(spec.Containers), names(spec.InitContainers))
		}
		for _, c := range spec.InitContainers {
			if sidecar := c.Name == "beside"; sidecar != (c.RestartPolicy != nil) {
				t.Errorf("%s: the restart policy of %s is %v", key, c.Name, c.RestartPolicy)
			}
		}
		main := spec.Containers[0]
		if env(main)["COMMON"] != "thing" || !slices.ContainsFunc(main.EnvFrom, func(e corev1.EnvFromSource) bool { return e.SecretRef != nil && e.SecretRef.Name == "proxy" }) ||
			!slices.ContainsFunc(main.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == "certificates" }) ||
			!slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == "certificates" }) {
			t.Errorf("%s lacks what is additional", key)
		}
		disk, class := "fast", "gvisor"
		if componentOf(pod) == "processor" {
			disk, class = "slow", "kata"
			if env(main)["OWN"] != "thing" {
				t.Errorf("%s lacks its own variable", key)
			}
		}
		if pod.Labels["cost"] != "some" || spec.NodeSelector["disk"] != disk || *spec.RuntimeClassName != class || spec.SchedulerName != "batch" ||
			len(spec.HostAliases) != 1 || spec.DNSConfig == nil || spec.DNSPolicy != corev1.DNSNone {
			t.Errorf("%s lacks what is common: %+v", key, spec)
		}
	}
}

// TestProcessorsThatStay: without KEDA, a Deployment has the pods that a Job would have, and they end when told to.
func TestProcessorsThatStay(t *testing.T) {
	jobs, stays := render(t, installation{}), render(t, installation{set: []string{"processor.mode=deployment", "processor.replicas=3"}})
	if n := len(all[*kedav1alpha1.ScaledJob](stays)) + len(all[*kedav1alpha1.TriggerAuthentication](stays)) + len(all[*kedav1alpha1.ScaledObject](stays)); n != 0 {
		t.Errorf("there are %d objects of KEDA", n)
	}
	deployment := get[*appsv1.Deployment](t, stays, "-processor")
	if *deployment.Spec.Replicas != 3 {
		t.Errorf("there are %d replicas", *deployment.Spec.Replicas)
	}
	was, is := jobs.podOf(t, "processor"), deployment.Spec.Template
	if !reflect.DeepEqual(was.Labels, is.Labels) || was.Spec.ServiceAccountName != is.Spec.ServiceAccountName || !reflect.DeepEqual(was.Spec.Volumes, is.Spec.Volumes) {
		t.Error("the pods are others than those of Jobs")
	}
	main := is.Spec.Containers[0]
	if env(main)["WATCH"] != "true" || main.LivenessProbe == nil || is.Spec.RestartPolicy != "" {
		t.Errorf("the pods do not stay: %+v", main)
	}
	for key, object := range get[*corev1.Secret](t, stays, "-redis").Data {
		if len(object) == 0 {
			t.Errorf("the password %s is empty", key)
		}
	}
	scaled := render(t, installation{set: []string{"processor.mode=deployment", "processor.autoscale=true"}})
	if get[*appsv1.Deployment](t, scaled, "-processor").Spec.Replicas != nil {
		t.Error("Helm and KEDA would both set the replicas")
	}
	target := get[*kedav1alpha1.ScaledObject](t, scaled, "").Spec
	if target.ScaleTargetRef.Name != "rel-csv-pipeline-processor" || *target.MinReplicaCount != 1 || len(target.Triggers) != 2 {
		t.Errorf("KEDA scales %+v", target)
	}
}

// TestTheTokenOfUploads: it is generated once, in a Secret that the notes read.
func TestTheTokenOfUploads(t *testing.T) {
	r := render(t, installation{set: []string{"inspector.auth.user=me"}})
	secret := get[*corev1.Secret](t, r, "-inspector")
	secret.Namespace, secret.TypeMeta = "ns", metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}
	if len(secret.Data["token"]) < 16 || len(secret.Data["password"]) < 8 {
		t.Errorf("the Secret has %v", secret.Data)
	}
	if !strings.Contains(r.notes, "get secret rel-csv-pipeline-inspector") {
		t.Errorf("the notes do not say where the token is:\n%s", r.notes)
	}
	upgraded := render(t, installation{set: []string{"inspector.auth.user=me"}, existing: []runtime.Object{secret}})
	if kept := get[*corev1.Secret](t, upgraded, "-inspector"); !reflect.DeepEqual(kept.Data, secret.Data) {
		t.Error("an upgrade makes another token")
	}
	for _, text := range []string{"off", "'off'"} { // YAML takes the first one for false
		off := render(t, installation{values: "inspector: {auth: {upload: " + text + "}}"})
		if _, makes := off.objects["Secret/rel-csv-pipeline-inspector"]; makes {
			t.Errorf("with %s there is a token", text)
		}
		for _, mount := range off.podOf(t, "inspector").Spec.Containers[0].VolumeMounts {
			if mount.Name == "data" && !mount.ReadOnly {
				t.Errorf("with %s the volume can be written", text)
			}
		}
	}
}

// TestNothingIsGeneratedTwice: with secrets.generate=never two renderings are the same.
func TestNothingIsGeneratedTwice(t *testing.T) {
	in := installation{values: `
secrets: {generate: never}
redis: {auth: {existingSecret: a}, tls: {enabled: true, existingSecret: b}}
inspector: {auth: {existingSecret: c}}
`}
	once, again := render(t, in), render(t, in)
	if !reflect.DeepEqual(once, again) {
		t.Error("two renderings differ")
	}
	if secrets := all[*corev1.Secret](once); len(secrets) != 0 {
		t.Errorf("the chart makes %s", secrets[0].Name)
	}
}

// TestRedisMemory: Redis refuses writes before Kubernetes kills it, and a user's own limit comes last.
func TestRedisMemory(t *testing.T) {
	config := func(set ...string) string {
		return get[*corev1.ConfigMap](t, render(t, installation{set: set}), "-redis").Data["redis.conf"]
	}
	if text := config(); !strings.Contains(text, "\nmaxmemory 134217728\n") {
		t.Errorf("redis.conf has no maxmemory of half the limit:\n%s", text)
	}
	if text := config("redis.resources.limits.memory=2Gi", "redis.config=maxmemory 7mb"); !(strings.Index(text, "maxmemory 1073741824\n") < strings.Index(text, "maxmemory 7mb")) {
		t.Errorf("a user's maxmemory does not come last:\n%s", text)
	}
	if text := config("redis.resources.limits.memory=null"); strings.Contains(text, "maxmemory ") {
		t.Errorf("without a limit there is a maxmemory:\n%s", text)
	}
}

// TestPipelinesOfOneRelease: a parent chart may have this one twice, under aliases, and neither selects the other's pods.
func TestPipelinesOfOneRelease(t *testing.T) {
	one, other := render(t, installation{set: []string{"nameOverride=one"}}), render(t, installation{set: []string{"nameOverride=other"}})
	for key := range one.objects {
		if _, twice := other.objects[key]; twice {
			t.Errorf("both have %s", key)
		}
	}
	checkApart(t, one, other)
}

// TestTheGeneratorRunsAgainOnlyForOtherFiles: with the cluster, a change of labels or resources leaves the Job as it is.
func TestTheGeneratorRunsAgainOnlyForOtherFiles(t *testing.T) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: "ns"}}
	in := installation{existing: []runtime.Object{account}, apis: []string{"keda.sh/v1alpha1"}}
	job := get[*batchv1.Job](t, render(t, in), "")
	installed := job.DeepCopy()
	installed.Namespace = "ns"
	installed.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"batch.kubernetes.io/controller-uid": "7"}}
	installed.Spec.Template.Labels["batch.kubernetes.io/controller-uid"] = "7"
	in.existing = append(in.existing, installed)
	in.set = []string{"generator.resources.limits.memory=128Mi", "commonLabels.team=sales", "generator.image.tag=other"}
	again := get[*batchv1.Job](t, render(t, in), "")
	if again.Name != job.Name || !reflect.DeepEqual(again.Spec, job.Spec) {
		was, _ := yaml.Marshal(job.Spec)
		is, _ := yaml.Marshal(again.Spec)
		t.Errorf("the Job %s became %s:\n%s\n%s", job.Name, again.Name, was, is)
	}
	in.set = []string{"generator.rows=7"}
	if other := get[*batchv1.Job](t, render(t, in), ""); other.Name == job.Name {
		t.Error("for other files the Job stays as it is")
	}
}
