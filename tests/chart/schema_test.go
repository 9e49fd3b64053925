package chart

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"
)

// with is what has to be set for a change of a value, or of the values below a path, to show: YAML by path. The
// longest path counts. A new value needs an entry only where its section has none that suits it.
var with = map[string]string{
	"store":                             `{"store.url": "s3://sales"}`,
	"store.url":                         `{}`,
	"processor.commandInput":            `{"processor.command": cat}`,
	"processor.commandTimeout":          `{"processor.command": cat}`,
	"processor.commandMaxOutput":        `{"processor.command": cat}`,
	"processor.commandEnv":              `{"processor.command": cat}`,
	"processor.binaryImage":             `{"processor.command": cat, "processor.image.tag": "1"}`,
	"cleanup":                           `{"cleanup.enabled": true}`,
	"inspector.auth":                    `{"inspector.auth.existingSecret": web, "inspector.auth.user": me}`,
	"inspector.maxUpload":               `{"inspector.auth.existingSecret": web, "inspector.auth.user": me}`,
	"inspector.ingress":                 `{"inspector.ingress.enabled": true, "inspector.ingress.hosts": [a.example]}`,
	"inspector.httpRoute":               `{"inspector.httpRoute.enabled": true, "inspector.httpRoute.parentRefs": [{name: a}]}`,
	"inspector.auth.upload":             `{}`,
	"secrets.generate":                  `{"redis.auth.existingSecret": theirs, "inspector.auth.existingSecret": theirs}`,
	"inspector.auth.existingSecret":     `{}`,
	"inspector.service.nodePort":        `{"inspector.service.type": NodePort}`,
	"processor.replicas":                `{"processor.mode": deployment}`,
	"processor.autoscale":               `{"processor.mode": deployment}`,
	"store.instanceProfile":             `{"store.url": "s3://sales"}`,
	"common.serviceAccount.name":        `{"common.serviceAccount.create": false}`,
	"redis.tls":                         `{"redis.tls.enabled": true}`,
	"externalRedis":                     `{"redis.enabled": false, "externalRedis.addresses": ["a:1"], "externalRedis.auth.existingSecret": theirs}`,
	"externalRedis.url":                 `{"redis.enabled": false, "externalRedis.url": "redis://a"}`,
	"externalRedis.sentinel":            `{"redis.enabled": false, "externalRedis.addresses": ["a:1"], "externalRedis.mode": sentinel, "externalRedis.sentinel.master": one, "networkPolicy.externalRedisPorts": [6379], "externalRedis.auth.existingSecret": theirs}`,
	"externalRedis.tls":                 `{"redis.enabled": false, "externalRedis.addresses": ["a:1"], "externalRedis.tls.enabled": true, "externalRedis.tls.existingSecret": theirs}`,
	"externalRedis.tls.enabled":         `{"redis.enabled": false, "externalRedis.addresses": ["a:1"]}`,
	"networkPolicy.externalRedisPeers":  `{"redis.enabled": false, "externalRedis.addresses": ["a:1"]}`,
	"networkPolicy.externalRedisPorts":  `{"redis.enabled": false, "externalRedis.addresses": ["a:1"]}`,
	"networkPolicy.sinkPeers":           `{"events.sinks": [{"name": "a", "http": {"url": "https://a"}}]}`,
	"networkPolicy.sinkPorts":           `{"events.sinks": [{"name": "a", "http": {"url": "https://a"}}]}`,
	"events.source":                     `{"events.sinks": [{"name": "a", "http": {"url": "https://a"}}]}`,
	"events.giveUpAfter":                `{"events.sinks": [{"name": "a", "http": {"url": "https://a"}}]}`,
	"events.stuckAfter":                 `{"events.sinks": [{"name": "a", "http": {"url": "https://a"}}]}`,
	"networkPolicy.storePeers":          `{"store.url": "s3://sales"}`,
	"networkPolicy.storePorts":          `{"store.url": "s3://sales"}`,
	"monitoring":                        `{"monitoring.serviceMonitor.enabled": true, "monitoring.prometheusRule.enabled": true, "monitoring.dashboard.enabled": true}`,
	"monitoring.serviceMonitor.enabled": `{}`,
	"test.input":                        `{"test.input": a, "test.expected": a}`,
	"test.expected":                     `{"test.input": a, "test.expected": a}`,
}

// to is what a value is changed to, as YAML, if changed cannot derive it from the schema.
var to = map[string]string{
	"global.imageRegistry":                      "registry.example",
	"*.image.registry":                          "registry.example",
	"*.image.repository":                        "some/thing",
	"*.image.tag":                               "v9",
	"*.image.digest":                            "sha256:" + strings.Repeat("a", 64),
	"*.binaryImage.registry":                    "registry.example",
	"*.binaryImage.repository":                  "some/thing",
	"*.binaryImage.tag":                         "v9",
	"*.binaryImage.digest":                      "sha256:" + strings.Repeat("a", 64),
	"image.pullSecrets":                         "[one]",
	"queue.list":                                "other",
	"processor.tmpSize":                         "1500Mi",
	"inspector.tmpSize":                         "1500Mi",
	"store.url":                                 "s3://sales",
	"processor.groupBy":                         "[store]",
	"processor.aggregate":                       "['count(*)']",
	"processor.input.maxBadShare":               "0.7",
	"generator.schedule":                        "'@daily'",
	"generator.start":                           "'2023-01-01'",
	"cleanup.schedule":                          "'@daily'",
	"inspector.basePath":                        "/csv/",
	"inspector.auth.user":                       "you",
	"inspector.httpRoute.parentRefs":            "[{name: b}]",
	"redis.auth.password":                       "secret",
	"redis.config":                              "maxclients 7",
	"externalRedis.mode":                        "cluster",
	"externalRedis.addresses":                   "['b:2']",
	"externalRedis.url":                         "rediss://b:2/3",
	"externalRedis.sentinel.master":             "two",
	"externalRedis.sentinel.username":           "two",
	"externalRedis.auth.username":               "us",
	"networkPolicy.kedaNamespace":               "autoscaling",
	"networkPolicy.extraEgress":                 "[{ports: [{port: 443}]}]",
	"monitoring.prometheusRule.volumeFreeShare": "0.7",
	"inspector.auth.upload":                     "'off'",
	"processor.minReplicaCount":                 "2",
	"extraObjects":                              `['{apiVersion: v1, kind: ConfigMap, metadata: {{ include "csv-pipeline.metadata" (dict "root" $ "component" "some") | fromYaml | toJson }}}']`,
	"processor.podFailureRules":                 "[{action: FailJob, onExitCodes: {operator: In, values: [7]}}]",
	"test.input":                                "b",
	"test.expected":                             "b",
}

// showsNowhere are values that change no object, only what is refused.
var showsNowhere = []string{"monitoring.prometheusRule.scrapedOtherwise", "secrets.generate"}

// changed returns a value that differs from now: the one in to, or one derived from the schema, which is the opposite
// boolean, another member of the enum, one of the examples, or 7.
func changed(t *testing.T, v value, node map[string]any, now any) any {
	t.Helper()
	text, given := to[v.name()]
	if !given && len(v.path) > 2 {
		text, given = to["*."+strings.Join(v.path[1:], ".")]
	}
	if given {
		var other any
		if err := yaml.Unmarshal([]byte(text), &other); err != nil {
			t.Fatal(err)
		}
		return other
	}
	candidates, _ := node["examples"].([]any)
	enum, _ := node["enum"].([]any)
	candidates = slices.Concat(candidates, enum)
	switch node["type"] {
	case "boolean":
		candidates = []any{true, false}
	case "integer":
		candidates = append(candidates, 7.0, 77.0)
	}
	for _, candidate := range candidates {
		if low, bounded := node["minimum"].(float64); bounded && candidate.(float64) < low {
			continue
		}
		if !reflect.DeepEqual(candidate, now) {
			return candidate
		}
	}
	t.Fatal("give it examples in the schema, or what to change it to in this file")
	return nil
}

// withOf returns what has to be set for a change of the value to show.
func withOf(t *testing.T, v value) (string, map[string]any) {
	t.Helper()
	text := ""
	for depth := range v.path {
		text = cmp.Or(with[strings.Join(v.path[:depth+1], ".")], text)
	}
	var set map[string]any
	if err := yaml.Unmarshal([]byte(text), &set); err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	for path, value := range set {
		put(values, path, value)
	}
	return text, values
}

// TestEveryValueDoesSomething changes every value on its own, and looks whether any object, or the notes, changes
// by it. The rules for all objects hold of what comes out, so an object that only this value makes needs no variant.
func TestEveryValueDoesSomething(t *testing.T) {
	schema := readSchema(t)
	var lock sync.Mutex
	renderings := map[string]func() release{} // before the change, by what is set for it
	all := documentedValues(t)
	for _, v := range all {
		t.Run(v.name(), func(t *testing.T) {
			t.Parallel()
			text, before := withOf(t, v)
			_, after := withOf(t, v)
			now := at(before, v.path)
			if now == nil {
				now = v.standard
			}
			put(after, v.name(), changed(t, v, schema.at(v.path), now))
			if v.name() == "redis.enabled" {
				put(after, "externalRedis.addresses", []any{"a:1"})
			}
			lock.Lock()
			rendering, known := renderings[text]
			if !known {
				rendering = sync.OnceValue(func() release { return renderValues(t, before) })
				renderings[text] = rendering
			}
			lock.Unlock()
			r := renderValues(t, after)
			// The example of resources has no limits, and other accounts are not the chart's.
			if path := v.path; path[len(path)-1] != "resources" && path[max(0, len(path)-2)] != "serviceAccount" {
				checkRules(t, r)
			}
			if same := reflect.DeepEqual(rendering(), r); same != slices.Contains(showsNowhere, v.name()) {
				t.Errorf("set to %v, the chart is the same: %v", at(after, v.path), same)
			}
		})
	}
	for _, table := range []map[string]string{with, to} {
		for path := range table {
			_, rest, every := strings.Cut(path, "*")
			if !slices.ContainsFunc(all, func(v value) bool {
				return every && strings.HasSuffix(v.name(), rest) || strings.HasPrefix(v.name()+".", path+".")
			}) {
				t.Errorf("%s is named here and not in values.yaml", path)
			}
		}
	}
}

// renderValues renders the chart without what is generated, which differs each time.
func renderValues(t *testing.T, values map[string]any) release {
	t.Helper()
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	r := render(t, installation{values: string(text)})
	forgetGenerated(r)
	return r
}

func put(values map[string]any, path string, value any) {
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		if _, ok := values[key].(map[string]any); !ok {
			values[key] = map[string]any{}
		}
		values = values[key].(map[string]any)
	}
	values[keys[len(keys)-1]] = value
}

// TestAWrongValueIsOneError: nothing is said of the values beside it, which are right.
func TestAWrongValueIsOneError(t *testing.T) {
	for set, want := range map[string]string{
		"common.podLabels.x=true":         "at '/common/podLabels/x': got boolean, want string",
		"processor.nodeSelector.a=1":      "at '/processor/nodeSelector/a': got number, want string",
		"processor.replica=2":             "at '/processor': additional properties 'replica' not allowed",
		"common.resources.limits.cpu=1":   "at '/common': additional properties 'resources' not allowed",
		"inspector.podAnnotations.some=7": "at '/inspector/podAnnotations/some': got number, want string",
	} {
		_, err := renderText(t, installation{set: []string{set}})
		if err == nil {
			t.Errorf("%s is accepted", set)
			continue
		}
		var said []string
		for line := range strings.Lines(err.Error()) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "- at ") && !strings.HasSuffix(line, "'allOf' failed") {
				said = append(said, strings.TrimPrefix(line, "- "))
			}
		}
		if len(said) != 1 || said[0] != want {
			t.Errorf("%s: %q, want %q", set, said, want)
		}
	}
}
