package chart

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	podsecurityapi "k8s.io/pod-security-admission/api"
	podsecurity "k8s.io/pod-security-admission/policy"
)

func TestPodsPassTheRestrictedPodSecurityStandard(t *testing.T) { forEachVariant(t, checkRestricted) }

func checkRestricted(t *testing.T, r release) {
	t.Helper()
	evaluator, err := podsecurity.NewEvaluator(podsecurity.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := podsecurityapi.LevelVersion{Level: podsecurityapi.LevelRestricted, Version: podsecurityapi.LatestVersion()}
	for key, pod := range r.pods() {
		for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
			if !result.Allowed {
				t.Errorf("%s: %s: %s", key, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
	}
}

func TestPodsAreHardened(t *testing.T) { forEachVariant(t, checkHardened) }

func checkHardened(t *testing.T, r release) {
	t.Helper()
	for key, pod := range r.pods() {
		spec := pod.Spec
		if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
			t.Errorf("%s gets a service account token", key)
		}
		if spec.EnableServiceLinks == nil || *spec.EnableServiceLinks {
			t.Errorf("%s gets environment variables of other services", key)
		}
		account, ok := r.objects["ServiceAccount/"+spec.ServiceAccountName].(*corev1.ServiceAccount)
		if !ok || account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
			t.Errorf("%s: its service account %q is not the chart's or has a token", key, spec.ServiceAccountName)
		}
		for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
			if c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
				t.Errorf("%s/%s can write its root file system", key, c.Name)
			}
			for _, amount := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
				if _, ok := c.Resources.Requests[amount]; !ok {
					t.Errorf("%s/%s requests no %s", key, c.Name, amount)
				}
			}
			if c.Resources.Limits.Memory().IsZero() || c.Resources.Limits.StorageEphemeral().IsZero() {
				t.Errorf("%s/%s has no limit of memory or of ephemeral storage", key, c.Name)
			}
		}
	}
}

// TestReferencesHold: whatever an object names is there, or was named by the user.
func TestReferencesHold(t *testing.T) {
	theirs := []string{"PersistentVolumeClaim/mine", "PersistentVolumeClaim/redis-data", "Secret/theirs", "Secret/certificates", "Secret/web", "Secret/bucket", "Secret/bucket-tls", "Secret/webhooks", "Secret/authority", "Secret/other"}
	forEachVariant(t, func(t *testing.T, r release) {
		need := func(who, key string) {
			if _, ok := r.objects[key]; !ok && !slices.Contains(theirs, key) {
				t.Errorf("%s refers to %s, which is not there", who, key)
			}
		}
		for key, pod := range r.pods() {
			for _, volume := range pod.Spec.Volumes {
				switch {
				case volume.PersistentVolumeClaim != nil:
					need(key, "PersistentVolumeClaim/"+volume.PersistentVolumeClaim.ClaimName)
				case volume.Secret != nil:
					need(key, "Secret/"+volume.Secret.SecretName)
				case volume.ConfigMap != nil:
					need(key, "ConfigMap/"+volume.ConfigMap.Name)
				case volume.Projected != nil:
					for _, source := range volume.Projected.Sources {
						need(key, "Secret/"+source.Secret.Name)
					}
				case volume.EmptyDir != nil && volume.EmptyDir.SizeLimit != nil:
				default:
					t.Errorf("%s: volume %s is of a kind that the chart does not use", key, volume.Name)
				}
			}
		}
		for _, authentication := range all[*kedav1alpha1.TriggerAuthentication](r) {
			for _, target := range authentication.Spec.SecretTargetRef {
				need(authentication.Name, "Secret/"+target.Name)
			}
		}
		for _, service := range all[*corev1.Service](r) {
			selector := labels.SelectorFromSet(service.Spec.Selector)
			selected := 0
			for _, pod := range r.pods() {
				if selector.Matches(labels.Set(pod.Labels)) {
					selected++
				}
			}
			if selected != 1 {
				t.Errorf("the service %s selects %d of the chart's pod templates", service.Name, selected)
			}
		}
		for _, s := range all[*appsv1.StatefulSet](r) {
			need(s.Name, "Service/"+s.Spec.ServiceName)
		}
		checkSelectors(t, r)
	})
}

// checkRules are the rules that hold of any rendering.
func checkRules(t *testing.T, r release) {
	t.Helper()
	checkLabels(t, r)
	checkRestricted(t, r)
	checkHardened(t, r)
	checkSelectors(t, r)
}

func checkSelectors(t *testing.T, r release) {
	t.Helper()
	for _, d := range all[*appsv1.Deployment](r) {
		checkSelector(t, d.Name, d.Spec.Selector, d.Spec.Template)
	}
	for _, s := range all[*appsv1.StatefulSet](r) {
		checkSelector(t, s.Name, s.Spec.Selector, s.Spec.Template)
	}
}

func checkSelector(t *testing.T, name string, selector *metav1.LabelSelector, pod corev1.PodTemplateSpec) {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Matches(labels.Set(pod.Labels)) {
		t.Errorf("%s does not select its own pods", name)
	}
}

// TestNamesFit: Kubernetes limits names by what is made of them later.
func TestNamesFit(t *testing.T) {
	const (
		jobSuffix        = len("-01234") // KEDA's Jobs; their names are labels of their pods
		revisionSuffix   = len("-0123456789")
		onDemandSuffix   = len("-1700000000") // as NOTES.txt has it
		cronJobNameLimit = 52
	)
	forEachVariant(t, func(t *testing.T, r release) {
		for key, object := range r.objects {
			room := validation.DNS1123LabelMaxLength
			switch object.(type) {
			case *batchv1.CronJob:
				room = min(cronJobNameLimit, room-onDemandSuffix)
			case *kedav1alpha1.ScaledJob:
				room -= jobSuffix
			case *appsv1.StatefulSet:
				room -= revisionSuffix
			}
			if name := object.GetName(); len(name) > room {
				t.Errorf("%s has %d characters; there is room for %d", key, len(name), room)
			}
			if wrong := validation.IsDNS1123Label(object.GetName()); wrong != nil {
				t.Errorf("%s: %v", key, wrong)
			}
			for name, value := range object.GetLabels() {
				if wrong := validation.IsValidLabelValue(value); wrong != nil {
					t.Errorf("%s: label %s=%s: %v", key, name, value, wrong)
				}
			}
			if object.GetNamespace() != "ns" {
				t.Errorf("%s names no namespace", key)
			}
		}
	})

	prefix := strings.Repeat("x", 50)
	one, other := render(t, installation{name: prefix + "-a"}), render(t, installation{name: prefix + "-b"})
	for key := range one.objects {
		if _, both := other.objects[key]; both {
			t.Errorf("two releases with long names both have %s", key)
		}
	}
}

func TestImages(t *testing.T) {
	version := load(t).AppVersion()
	digest := "sha256:" + strings.Repeat("a", 64)
	for _, c := range []struct {
		set                string
		processor, ofRedis string
	}{
		{"", "ghcr.io/csv-pipeline/processor:" + version, "docker.io/library/redis:8-alpine"},
		{"global.imageRegistry=localhost", "localhost/csv-pipeline/processor:" + version, "localhost/library/redis:8-alpine"},
		{"processor.image.tag=v9", "ghcr.io/csv-pipeline/processor:v9", "docker.io/library/redis:8-alpine"},
		{"store.url=s3://files?region=x", "ghcr.io/csv-pipeline/processor:" + version + "-buckets", "docker.io/library/redis:8-alpine"},
		{"store.url=s3://files?region=x,processor.image.tag=v9", "ghcr.io/csv-pipeline/processor:v9", "docker.io/library/redis:8-alpine"},
		{"processor.image.registry=", "csv-pipeline/processor:" + version, "docker.io/library/redis:8-alpine"},
		{"processor.image.digest=" + digest, "ghcr.io/csv-pipeline/processor@" + digest, "docker.io/library/redis:8-alpine"},
		{"redis.image.tag=7.0", "ghcr.io/csv-pipeline/processor:" + version, "docker.io/library/redis:7.0"},
	} {
		r := render(t, installation{set: []string{c.set}})
		if got := r.podOf(t, "processor").Spec.Containers[0].Image; got != c.processor {
			t.Errorf("%s: the processor's image is %s, not %s", c.set, got, c.processor)
		}
		if got := r.podOf(t, "redis").Spec.Containers[0].Image; got != c.ofRedis {
			t.Errorf("%s: Redis' image is %s, not %s", c.set, got, c.ofRedis)
		}
	}
}

// TestDataPodsStayOnTheVolumesNode: with ReadWriteOnce every pod that mounts the data has to be
// where the others are, and the user's own affinity stays.
func TestDataPodsStayOnTheVolumesNode(t *testing.T) {
	const theirs = `{podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone}]}}`
	for _, mode := range []string{"ReadWriteOnce", "ReadWriteMany"} {
		r := render(t, installation{values: fmt.Sprintf("data: {accessMode: %s}\nprocessor: {affinity: %s}\ncleanup: {enabled: true}\n", mode, theirs)})
		mounting := map[string]corev1.PodTemplateSpec{}
		for key, pod := range r.pods() {
			if slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == "data" && !strings.HasSuffix(key, "-redis") }) {
				mounting[key] = pod
			}
		}
		if len(mounting) != 6 {
			t.Fatalf("%d kinds of pod mount the data: %v", len(mounting), slices.Sorted(maps.Keys(mounting)))
		}
		for key, pod := range mounting {
			var terms []corev1.PodAffinityTerm
			if pod.Spec.Affinity != nil && pod.Spec.Affinity.PodAffinity != nil {
				terms = pod.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
			}
			if componentOf(pod) == "processor" {
				if len(terms) == 0 || terms[0].TopologyKey != "zone" {
					t.Errorf("%s: the user's affinity is lost: %v", key, terms)
					continue
				}
				terms = terms[1:]
			}
			if mode == "ReadWriteMany" {
				if len(terms) != 0 {
					t.Errorf("%s is bound to a node though many can have the volume", key)
				}
				continue
			}
			if len(terms) != 1 || terms[0].TopologyKey != corev1.LabelHostname {
				t.Errorf("%s is not bound to the volume's node: %v", key, terms)
				continue
			}
			together, err := metav1.LabelSelectorAsSelector(terms[0].LabelSelector)
			if err != nil {
				t.Fatal(err)
			}
			for other, otherPod := range mounting {
				if !together.Matches(labels.Set(otherPod.Labels)) {
					t.Errorf("%s does not go where %s is", key, other)
				}
			}
		}
	}
}
