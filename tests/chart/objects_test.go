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
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	podsecurityapi "k8s.io/pod-security-admission/api"
	podsecurity "k8s.io/pod-security-admission/policy"
)

// variants are installations that every general rule below is checked on.
var variants = map[string]installation{
	"defaults":        {},
	"name like chart": {name: "csv-pipeline"},
	"long names":      {name: strings.Repeat("very-", 8) + "long"},
	"longest names":   {name: strings.Repeat("very-", 10) + "lon"},
	"everything set": {values: `
global: {imageRegistry: registry.example}
image: {pullPolicy: Always, pullSecrets: [one, two]}
queue: {list: other-list}
data: {existingClaim: mine, accessMode: ReadWriteMany}
processor: &all
  extraEnv: [{name: SOME, value: thing}]
  podAnnotations: {some: annotation}
  podLabels: {some: label}
  priorityClassName: high
  nodeSelector: {disk: fast}
  tolerations: [{key: batch, operator: Exists}]
  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone}]}}
generator: {<<: *all, schedule: "0 3 * * *"}
cleanup: {<<: *all, enabled: true, keepDays: 90}
inspector:
  <<: *all
  replicas: 3
  basePath: /csv/
  auth: {existingSecret: web, user: me, read: true}
  ingress: {enabled: true, className: nginx, hosts: [csv.example], tlsSecret: web, annotations: {some: annotation}}
  httpRoute: {enabled: true, parentRefs: [{name: gateway}], hosts: [csv.example]}
test: *all
monitoring:
  serviceMonitor: {enabled: true, labels: {release: prometheus}}
  prometheusRule: {enabled: true, labels: {release: prometheus}}
  dashboard: {enabled: true, annotations: {folder: some}}
networkPolicy:
  inspectorFrom: [{namespaceSelector: {matchLabels: {some: label}}}]
  redisFrom: [{podSelector: {matchLabels: {some: producer}}}]
  extraEgress: [{ports: [{port: 443}]}]
redis:
  <<: *all
  podDisruptionBudget: true
  tls: {enabled: true, existingSecret: certificates}
  auth: {existingSecret: theirs, existingSecretPasswordKey: pass}
  persistence: {existingClaim: redis-data}
  config: "maxmemory 200mb"
`},
	"kept":           {set: []string{"data.keep=true", "redis.persistence.keep=true", "data.annotations.some=thing", "data.storageClass=a", "redis.persistence.storageClass=b"}},
	"no generator":   {set: []string{"generator.enabled=false"}},
	"redis with TLS": {set: []string{"redis.tls.enabled=true"}},
	"one redis user": {set: []string{"redis.auth.users=false"}},
	"external redis": {set: []string{"redis.enabled=false", "externalRedis.addresses={redis.example:6380}"}},
	"sentinel": {values: `
redis: {enabled: false}
externalRedis:
  mode: sentinel
  addresses: ["a.example:26379", "b.example:26379"]
  sentinel: {master: orders, username: watcher, existingSecretPasswordKey: sentinel}
  auth: {existingSecret: theirs, username: us}
  tls: {enabled: true, existingSecret: certificates}
networkPolicy: {externalRedisPorts: [6379], externalRedisPeers: [{ipBlock: {cidr: 10.0.0.0/8}}]}
`},
	"cluster": {values: `
redis: {enabled: false}
externalRedis:
  mode: cluster
  addresses: ["a.example:6379", "b.example:6380"]
  auth: {existingSecret: theirs, perClient: true}
  tls: {enabled: true, existingSecret: certificates, clientCertificate: true}
`},
	"bucket": {values: `
store: {url: "s3://sales/eu?region=eu-central-1&endpoint=https%3A%2F%2Fminio.minio.svc%3A9000", existingSecret: bucket, tls: {existingSecret: bucket-tls}}
networkPolicy: {storePeers: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: minio}}}]}
`},
	"bucket of Google":   {set: []string{"store.url=gs://sales", "store.existingSecret=bucket"}},
	"bucket by identity": {set: []string{"store.url=azblob://sales", `store.serviceAccountAnnotations.azure\.workload\.identity/client-id=a12`}},
	"cleaned up":         {set: []string{"cleanup.enabled=true"}},
	"nothing on a volume": {values: `
cleanup: {enabled: true}
store: {url: s3://sales, serviceAccountAnnotations: {eks.amazonaws.com/role-arn: arn}}
redis: {enabled: false}
externalRedis: {addresses: ["a:1"]}
monitoring: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}}
`},
	"no policies": {set: []string{"networkPolicy.enabled=false"}},
	"paused":      {set: []string{"processor.paused=true", "processor.activeDeadlineSeconds=60"}},
}

func forEachVariant(t *testing.T, check func(t *testing.T, r release)) {
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		t.Run(name, func(t *testing.T) { check(t, render(t, variants[name])) })
	}
}

func TestPodsPassTheRestrictedPodSecurityStandard(t *testing.T) {
	evaluator, err := podsecurity.NewEvaluator(podsecurity.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := podsecurityapi.LevelVersion{Level: podsecurityapi.LevelRestricted, Version: podsecurityapi.LatestVersion()}
	forEachVariant(t, func(t *testing.T, r release) {
		for key, pod := range r.pods() {
			for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
				if !result.Allowed {
					t.Errorf("%s: %s: %s", key, result.ForbiddenReason, result.ForbiddenDetail)
				}
			}
		}
	})
}

func TestPodsAreHardened(t *testing.T) {
	forEachVariant(t, func(t *testing.T, r release) {
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
			for _, c := range spec.Containers {
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
	})
}

// TestReferencesHold: whatever an object names is there, or was named by the user.
func TestReferencesHold(t *testing.T) {
	theirs := []string{"PersistentVolumeClaim/mine", "PersistentVolumeClaim/redis-data", "Secret/theirs", "Secret/certificates", "Secret/web", "Secret/bucket", "Secret/bucket-tls"}
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
		for _, d := range all[*appsv1.Deployment](r) {
			checkSelector(t, d.Name, d.Spec.Selector, d.Spec.Template)
		}
		for _, s := range all[*appsv1.StatefulSet](r) {
			checkSelector(t, s.Name, s.Spec.Selector, s.Spec.Template)
			need(s.Name, "Service/"+s.Spec.ServiceName)
		}
	})
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

// TestReleasesKeepApart: two releases in a namespace share no object, and neither selects the other's pods.
func TestReleasesKeepApart(t *testing.T) {
	a, b := render(t, installation{name: "a"}), render(t, installation{name: "b"})
	for key := range a.objects {
		if _, both := b.objects[key]; both {
			t.Errorf("both have %s", key)
		}
	}
	selectors := map[string]labels.Selector{}
	for _, service := range all[*corev1.Service](a) {
		selectors["Service/"+service.Name] = labels.SelectorFromSet(service.Spec.Selector)
	}
	for _, policy := range all[*networkingv1.NetworkPolicy](a) {
		selectors["NetworkPolicy/"+policy.Name] = labels.SelectorFromSet(policy.Spec.PodSelector.MatchLabels)
	}
	for _, deployment := range all[*appsv1.Deployment](a) {
		selectors["Deployment/"+deployment.Name] = labels.SelectorFromSet(deployment.Spec.Selector.MatchLabels)
	}
	for name, selector := range selectors {
		for key, pod := range b.pods() {
			if selector.Matches(labels.Set(pod.Labels)) {
				t.Errorf("%s of one release selects %s of the other", name, key)
			}
		}
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
		if got := get[*kedav1alpha1.ScaledJob](t, r, "").Spec.JobTargetRef.Template.Spec.Containers[0].Image; got != c.processor {
			t.Errorf("%s: the processor's image is %s, not %s", c.set, got, c.processor)
		}
		if got := get[*appsv1.StatefulSet](t, r, "").Spec.Template.Spec.Containers[0].Image; got != c.ofRedis {
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
			if strings.HasPrefix(key, "ScaledJob/") {
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
