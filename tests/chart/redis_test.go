package chart

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// rules returns what each Redis user of the chart may do, by the user's name.
func rules(t *testing.T, r release) map[string][]string {
	t.Helper()
	users := map[string][]string{}
	for line := range strings.Lines(get[*corev1.ConfigMap](t, r, "-redis").Data["users"]) {
		if words := strings.Fields(line); len(words) > 0 {
			users[words[0]] = words[1:]
		}
	}
	return users
}

// TestRedisUsersMayDoJustWhatTheirServicesDo compares the ACL rules with the commands that the programs can send. A
// command that is missing fails at run time, perhaps only in a rare case; one too many helps only an intruder.
//
// With -update it writes them where they stand.
func TestRedisUsersMayDoJustWhatTheirServicesDo(t *testing.T) {
	p := loadProgram(t)
	given := rules(t, render(t, installation{}))
	for _, user := range []string{"generator", "processor", "inspector"} {
		// The client names its connections.
		want := append([]string{"client|setname"}, p.commands(t, modulePath+"/services/"+user)...)
		rule := "+" + strings.Join(want, " +")
		if *update {
			writeRule(t, user, rule)
			continue
		}
		if got := strings.Join(given[user][2:], " "); got != rule {
			t.Errorf("the Redis user %s may\n%s\nand its program calls\n%s\nRun go test -run 'TestRedisUsersMayDoJust|TestGolden' -update", user, got, rule)
		}
	}
}

// writeRule puts a user's rule in its places: the chart, its README and the manifests of the tests.
func writeRule(t *testing.T, user, rule string) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^((?:    user )?` + user + ` .*?) \+.*$`)
	for _, path := range []string{filepath.Join(chartDir, "templates/_redis.tpl"), filepath.Join(chartDir, "README.md"), "../e2e/testdata/external-redis.yaml"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(line.FindAll(text, -1)); n != 1 {
			t.Fatalf("%s has %d rules of the user %s", path, n, user)
		}
		if err := os.WriteFile(path, line.ReplaceAll(text, []byte("${1} "+rule)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRedisUsersMayDoNoMore: only the default user may use whole categories of commands, or other keys.
func TestRedisUsersMayDoNoMore(t *testing.T) {
	users := rules(t, render(t, installation{set: []string{"queue.list=work"}}))
	if got, want := slices.Sorted(maps.Keys(users)), []string{"generator", "inspector", "keda", "processor"}; !slices.Equal(got, want) {
		t.Fatalf("the users are %v, not %v", got, want)
	}
	keys := []string{"~work", "~{work}:*"}
	for name, rule := range users {
		want := keys
		if name == "keda" {
			want = []string{"~work", "~{work}:inflight"}
		}
		for _, word := range rule {
			switch {
			case slices.Contains(want, word):
			case name == "keda" && slices.Contains([]string{"+@connection", "-@admin", "-@dangerous"}, word):
			case strings.HasPrefix(word, "+") && !strings.ContainsAny(word, "@*"):
			default:
				t.Errorf("the rule %s of the user %s is neither one of %v nor a single command", word, name, want)
			}
		}
	}
	if got, want := strings.Join(users["keda"][2:], " "), "+@connection -@admin -@dangerous +eval +type +llen +zcard"; got != want {
		t.Errorf("KEDA may %s, not %s", got, want)
	}
	if without := rules(t, render(t, variants["one redis user"])); len(without) != 0 {
		t.Errorf("without users there are %v", without)
	}
}

// TestPodsHaveTheirOwnPasswordOnly: each pod mounts only its own password of the Secret.
func TestPodsHaveTheirOwnPasswordOnly(t *testing.T) {
	forEachVariant(t, func(t *testing.T, r release) {
		for key, pod := range r.pods() {
			if componentOf(pod) == "redis" {
				continue
			}
			e := env(pod.Spec.Containers[0])
			for _, volume := range pod.Spec.Volumes {
				if volume.Secret == nil {
					continue
				}
				if len(volume.Secret.Items) == 0 {
					t.Errorf("%s has the whole Secret %s", key, volume.Secret.SecretName)
				}
				if *volume.Secret.DefaultMode&0o007 != 0 {
					t.Errorf("%s: anybody in the pod can read %s", key, volume.Secret.SecretName)
				}
				for _, item := range volume.Secret.Items {
					owner, ofUser := strings.CutSuffix(item.Key, "-password")
					if ofUser && owner != "" && owner != "redis" && owner != e["REDIS_USERNAME"] {
						t.Errorf("%s, which is the user %q, has the password %s", key, e["REDIS_USERNAME"], item.Key)
					}
				}
			}
		}
	})
}

func TestPasswordsOfUsersAreKept(t *testing.T) {
	first := get[*corev1.Secret](t, render(t, installation{}), "-redis")
	if len(first.Data) != 5 {
		t.Errorf("there are %d passwords", len(first.Data))
	}
	seen := map[string]bool{}
	for key, password := range first.Data {
		if len(password) < 32 || seen[string(password)] {
			t.Errorf("%s is short, or another one's too", key)
		}
		seen[string(password)] = true
	}
	// As an earlier version of the chart left it, with the default user's only.
	installed := &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: first.Name, Namespace: first.Namespace},
		Data:       map[string][]byte{"redis-password": []byte("old"), "keda-password": first.Data["keda-password"]},
	}
	upgraded := get[*corev1.Secret](t, render(t, installation{existing: []runtime.Object{installed}}), "-redis")
	for key, password := range installed.Data {
		if !bytes.Equal(upgraded.Data[key], password) {
			t.Errorf("an upgrade changes %s", key)
		}
	}
	if len(upgraded.Data) != 5 {
		t.Errorf("an upgrade adds no passwords of users: there are %d", len(upgraded.Data))
	}
}

func TestRedisCertificates(t *testing.T) {
	r := render(t, variants["redis with TLS"])
	secret := get[*corev1.Secret](t, r, "-redis-tls")
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM(secret.Data["ca.crt"]) {
		t.Fatal("ca.crt holds no certificate")
	}
	block, _ := pem.Decode(secret.Data["tls.crt"])
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	host := env(r.podOf(t, "inspector").Spec.Containers[0])["REDIS_HOST"]
	if _, err := certificate.Verify(x509.VerifyOptions{Roots: authority, DNSName: host}); err != nil {
		t.Errorf("the certificate is not one for %s: %v", host, err)
	}
	secret.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}
	again := installation{set: variants["redis with TLS"].set, existing: []runtime.Object{secret}}
	if kept := get[*corev1.Secret](t, render(t, again), "-redis-tls"); !bytes.Equal(kept.Data["tls.key"], secret.Data["tls.key"]) {
		t.Error("an upgrade makes other certificates")
	}
	for _, trigger := range get[*kedav1alpha1.ScaledJob](t, r, "").Spec.Triggers {
		if trigger.Metadata["enableTLS"] != "true" {
			t.Errorf("KEDA's trigger %s does without TLS", trigger.Name)
		}
	}
	authentication := get[*kedav1alpha1.TriggerAuthentication](t, r, "").Spec.SecretTargetRef
	if !slices.ContainsFunc(authentication, func(ref kedav1alpha1.AuthSecretTargetRef) bool {
		return ref.Parameter == "ca" && ref.Name == secret.Name && ref.Key == "ca.crt"
	}) {
		t.Errorf("KEDA does not know the authority: %v", authentication)
	}
	config := get[*corev1.ConfigMap](t, r, "-redis").Data["redis.conf"]
	if !strings.Contains(config, "port 0\ntls-port 6379\n") {
		t.Errorf("Redis listens without TLS too:\n%s", config)
	}
}

func TestExternalRedis(t *testing.T) {
	for _, c := range []struct {
		variant, trigger string
		env              map[string]string // of the processor
		metadata         map[string]string // of the triggers
		parameters       []string          // that KEDA gets from Secrets
	}{
		{"external redis", "redis", map[string]string{"REDIS_ADDRESSES": "redis.example:6380"}, map[string]string{"address": "redis.example:6380"}, nil},
		{"sentinel", "redis-sentinel",
			map[string]string{"REDIS_ADDRESSES": "a.example:26379,b.example:26379", "REDIS_SENTINEL_MASTER": "orders", "REDIS_SENTINEL_USERNAME": "watcher",
				"REDIS_SENTINEL_PASSWORD_FILE": "/run/secrets/redis/sentinel-password", "REDIS_USERNAME": "us", "REDIS_PASSWORD_FILE": "/run/secrets/redis/password",
				"REDIS_TLS": "true", "REDIS_TLS_CA_FILE": "/run/secrets/redis-tls/ca.crt"},
			map[string]string{"addresses": "a.example:26379,b.example:26379", "sentinelMaster": "orders", "sentinelUsername": "watcher", "username": "us", "enableTLS": "true"},
			[]string{"ca", "password", "sentinelPassword"}},
		{"cluster", "redis-cluster",
			map[string]string{"REDIS_ADDRESSES": "a.example:6379,b.example:6380", "REDIS_CLUSTER": "true", "REDIS_USERNAME": "processor", "REDIS_PASSWORD_FILE": "/run/secrets/redis/password",
				"REDIS_TLS": "true", "REDIS_TLS_CA_FILE": "/run/secrets/redis-tls/ca.crt",
				"REDIS_TLS_CERT_FILE": "/run/secrets/redis-tls/tls.crt", "REDIS_TLS_KEY_FILE": "/run/secrets/redis-tls/tls.key"},
			map[string]string{"addresses": "a.example:6379,b.example:6380", "username": "keda", "enableTLS": "true"},
			[]string{"ca", "cert", "key", "password"}},
	} {
		t.Run(c.variant, func(t *testing.T) {
			r := render(t, variants[c.variant])
			for key := range r.objects {
				if strings.HasSuffix(key, "-redis") {
					t.Errorf("there is %s, though Redis is external", key)
				}
			}
			job := get[*kedav1alpha1.ScaledJob](t, r, "")
			got := env(r.podOf(t, "processor").Spec.Containers[0])
			maps.DeleteFunc(got, func(name, _ string) bool { return !strings.HasPrefix(name, "REDIS_") || name == "REDIS_LIST" })
			if !maps.Equal(got, c.env) {
				t.Errorf("the processor is told %v, not %v", got, c.env)
			}
			for _, trigger := range job.Spec.Triggers {
				metadata := maps.Clone(trigger.Metadata)
				delete(metadata, "listName")
				delete(metadata, "listLength")
				if trigger.Type != c.trigger || !maps.Equal(metadata, c.metadata) {
					t.Errorf("the trigger is %s %v, not %s %v", trigger.Type, metadata, c.trigger, c.metadata)
				}
				if (trigger.AuthenticationRef != nil) != (c.parameters != nil) {
					t.Errorf("the trigger's authentication is %v", trigger.AuthenticationRef)
				}
			}
			var parameters []string
			for _, authentication := range all[*kedav1alpha1.TriggerAuthentication](r) {
				for _, ref := range authentication.Spec.SecretTargetRef {
					parameters = append(parameters, ref.Parameter)
				}
			}
			slices.Sort(parameters)
			if !slices.Equal(parameters, c.parameters) {
				t.Errorf("KEDA gets %v from Secrets, not %v", parameters, c.parameters)
			}
			if strings.Contains(r.notes, "redis-0") {
				t.Errorf("the notes speak of a pod that is not there:\n%s", r.notes)
			}
		})
	}
}

// TestNetworkPolicies: every pod has one, and they allow the connections that are needed and no others.
func TestNetworkPolicies(t *testing.T) {
	forEachVariant(t, func(t *testing.T, r release) {
		policies := all[*networkingv1.NetworkPolicy](r)
		if strings.HasSuffix(t.Name(), "no_policies") {
			if len(policies) != 0 {
				t.Errorf("there are %d", len(policies))
			}
			return
		}
		for key, pod := range r.pods() {
			var ofPod []*networkingv1.NetworkPolicy
			for _, policy := range policies {
				selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
				if err != nil {
					t.Fatal(err)
				}
				if selector.Matches(labels.Set(pod.Labels)) {
					ofPod = append(ofPod, policy)
				}
			}
			if len(ofPod) != 1 || len(ofPod[0].Spec.PolicyTypes) != 2 {
				t.Errorf("%s has %d policies", key, len(ofPod))
				continue
			}
			spec := ofPod[0].Spec
			if component := pod.Labels["app.kubernetes.io/component"]; (component == "inspector" || component == "redis") != (len(spec.Ingress) == 1) {
				t.Errorf("%s: connections to it: %v", key, spec.Ingress)
			}
			if componentOf(pod) == "redis" {
				if len(spec.Egress) != 0 {
					t.Errorf("%s may open connections: %v", key, spec.Egress)
				}
				for other, otherPod := range r.pods() {
					selector, err := metav1.LabelSelectorAsSelector(spec.Ingress[0].From[0].PodSelector)
					if err != nil {
						t.Fatal(err)
					}
					if !selector.Matches(labels.Set(otherPod.Labels)) {
						t.Errorf("%s does not let %s in", key, other)
					}
				}
				continue
			}
			open := map[string]bool{}
			for _, rule := range spec.Egress {
				for _, port := range rule.Ports {
					open[port.Port.String()] = true
				}
			}
			want := []string{"53", "redis"}
			switch e := env(pod.Spec.Containers[0]); {
			case e["REDIS_ADDRESSES"] != "":
				want = []string{"53"}
				for address := range strings.SplitSeq(e["REDIS_ADDRESSES"], ",") {
					want = append(want, address[strings.LastIndex(address, ":")+1:])
				}
			}
			for _, port := range want {
				if !open[port] {
					t.Errorf("%s cannot reach port %s: %v", key, port, spec.Egress)
				}
			}
		}
	})
	r := render(t, installation{set: []string{"networkPolicy.kedaNamespace=autoscaling"}})
	from := get[*networkingv1.NetworkPolicy](t, r, "-redis").Spec.Ingress[0].From
	if got := from[1].NamespaceSelector.MatchLabels[corev1.LabelMetadataName]; got != "autoscaling" {
		t.Errorf("Redis lets the namespace %q in, not KEDA's", got)
	}
	if fmt.Sprint(from[0].PodSelector.MatchLabels["app.kubernetes.io/instance"]) != "rel" {
		t.Errorf("Redis lets in pods of any release: %v", from[0])
	}
}

// TestTheExternalRedisHasTheUsers: the manifests of the external Redis in the end-to-end tests have the chart's rules.
func TestTheExternalRedisHasTheUsers(t *testing.T) {
	manifests, err := os.ReadFile("../e2e/testdata/external-redis.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for user, rule := range rules(t, render(t, installation{})) {
		if line := fmt.Sprintf("user %s on >%s %s\n", user, user, strings.Join(rule, " ")); !strings.Contains(string(manifests), line) {
			t.Errorf("the manifests have no %s", line)
		}
	}
}

// TestAURLSaysWhatTheValuesSay compares an external Redis by its URL with the same by single values.
func TestAURLSaysWhatTheValuesSay(t *testing.T) {
	const rest = "redis.enabled=false,secrets.generate=never,inspector.auth.existingSecret=web,externalRedis.auth.existingSecret=theirs,"
	for url, values := range map[string]string{
		"redis://redis.example":                "externalRedis.addresses={redis.example:6379}",
		"redis://redis.example:6380/":          "externalRedis.addresses={redis.example:6380}",
		"rediss://us@redis.example:6380/3":     "externalRedis.addresses={redis.example:6380},externalRedis.database=3,externalRedis.auth.username=us,externalRedis.tls.enabled=true",
		"redis://[fd00::1]":                    "externalRedis.addresses={[fd00::1]:6379}",
		"rediss://[fd00::1]:6380/0":            "externalRedis.addresses={[fd00::1]:6380},externalRedis.tls.enabled=true",
		"redis://default@redis.sales.svc:6379": "externalRedis.addresses={redis.sales.svc:6379},externalRedis.auth.username=default",
	} {
		byURL, err := renderText(t, installation{set: []string{rest + "externalRedis.url=" + url}})
		if err != nil {
			t.Error(url, err)
			continue
		}
		byValues, err := renderText(t, installation{set: []string{rest + values}})
		if err != nil {
			t.Fatal(err)
		}
		for path, text := range byValues {
			if byURL[path] != text {
				t.Errorf("%s: %s differs from that of %s:\n%s\n%s", url, path, values, byURL[path], text)
			}
		}
	}
}

// TestPodManagementOfRedisStays: the field of a StatefulSet cannot be changed, so that of the one there is stays.
func TestPodManagementOfRedisStays(t *testing.T) {
	there := get[*appsv1.StatefulSet](t, render(t, installation{}), "-redis")
	if there.Spec.PodManagementPolicy != appsv1.ParallelPodManagement {
		t.Errorf("a new one has %q", there.Spec.PodManagementPolicy)
	}
	there.Namespace, there.Spec.PodManagementPolicy = "ns", appsv1.OrderedReadyPodManagement
	for policy, in := range map[appsv1.PodManagementPolicyType]installation{
		appsv1.OrderedReadyPodManagement: {existing: []runtime.Object{there}},
		appsv1.ParallelPodManagement:     {existing: []runtime.Object{there}, set: []string{"redis.podManagementPolicy=Parallel"}},
	} {
		if got := get[*appsv1.StatefulSet](t, render(t, in), "-redis").Spec.PodManagementPolicy; got != policy {
			t.Errorf("with %q: %q, want %q", in.set, got, policy)
		}
	}
}
