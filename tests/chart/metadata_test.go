package chart

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

var writtenMetadata = regexp.MustCompile(`(?m)^[ -]*metadata:.*\n((?:.*\n)?)`)

// TestEverythingHasTheLabels: every object, every Job template and every pod has the labels that all are to have, and
// its metadata from one of the helpers of _metadata.tpl, so that a change there reaches everything.
func TestEverythingHasTheLabels(t *testing.T) {
	forEachVariant(t, checkLabels)
	err := filepath.WalkDir(filepath.Join(chartDir, "templates"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "_trigger.tpl" { // what KEDA calls metadata is another thing
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range writtenMetadata.FindAllStringSubmatch(string(text), -1) {
			if !regexp.MustCompile(`^ *\{\{- include "csv-pipeline\.(m|podM|jobM|workloadM)etadata" `).MatchString(m[1]) {
				t.Errorf("%s makes metadata of its own, and not by csv-pipeline.metadata, jobMetadata, podMetadata or workloadMetadata: %s", path, m[0])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkLabels(t *testing.T, r release) {
	t.Helper()
	check := func(who string, labels map[string]string) {
		t.Helper()
		for name, want := range map[string]string{"app.kubernetes.io/part-of": "csv-pipeline", "app.kubernetes.io/instance": r.name} {
			if labels[name] != want {
				t.Errorf("%s has the label %s=%q, not %q", who, name, labels[name], want)
			}
		}
		if labels["app.kubernetes.io/component"] == "" {
			t.Errorf("%s names no component: %v", who, labels)
		}
	}
	for key, object := range r.objects {
		check(key, object.GetLabels())
		if labels := object.GetLabels(); labels["helm.sh/chart"] == "" || labels["app.kubernetes.io/version"] == "" {
			t.Errorf("%s does not say what made it: %v", key, labels)
		}
		if cron, ok := object.(*batchv1.CronJob); ok {
			check("the Job template of "+key, cron.Spec.JobTemplate.Labels)
		}
	}
	for key, pod := range r.pods() {
		check("the pod of "+key, pod.Labels)
	}
}

// TestTheChartsOwnLabelsWin: a user's label or annotation with a key of the chart's own neither breaks the rendering nor
// hides a pod from the objects that select it.
func TestTheChartsOwnLabelsWin(t *testing.T) {
	const label, hook, keep = "app.kubernetes.io/component", "helm.sh/hook", "helm.sh/resource-policy"
	r := render(t, installation{values: `
cleanup: {enabled: true, podLabels: {app.kubernetes.io/component: mine, some: label}}
data: {keep: true, annotations: {helm.sh/resource-policy: delete, some: annotation}}
generator: {podLabels: {app.kubernetes.io/component: mine, some: label}}
inspector: {podLabels: {app.kubernetes.io/component: mine, some: label}}
processor: {podLabels: {app.kubernetes.io/component: mine, some: label}}
redis: {podLabels: {app.kubernetes.io/component: mine, some: label}, podAnnotations: {checksum/config: mine, some: annotation}}
test: {podLabels: {app.kubernetes.io/component: mine, some: label}, podAnnotations: {helm.sh/hook: pre-delete, some: annotation}}
monitoring:
  serviceMonitor: {enabled: true, labels: {app.kubernetes.io/component: mine, some: label}}
  dashboard: {enabled: true, labels: {app.kubernetes.io/component: mine, some: label}}
`})
	check := func(who string, labels map[string]string) {
		if labels[label] == "mine" || labels["some"] != "label" {
			t.Errorf("%s has the labels %v", who, labels)
		}
	}
	for key, pod := range r.pods() {
		check(key, pod.Labels)
	}
	check("the ServiceMonitor", get[*monitoringv1.ServiceMonitor](t, r, "").Labels)
	check("the dashboard", get[*corev1.ConfigMap](t, r, "-dashboard").Labels)
	for who, annotations := range map[string]map[string]string{
		"the claim": get[*corev1.PersistentVolumeClaim](t, r, "-data").Annotations, "the test": r.podOf(t, "test").Annotations, "Redis' pod": r.podOf(t, "redis").Annotations,
	} {
		if annotations["some"] != "annotation" || annotations[keep] == "delete" || annotations[hook] == "pre-delete" || annotations["checksum/config"] == "mine" {
			t.Errorf("%s has the annotations %v", who, annotations)
		}
	}
}

// TestLabelsAreStrings: a release may be named 123, and Kubernetes refuses a label that is a number. The types that
// the other tests decode into take one for a string.
func TestLabelsAreStrings(t *testing.T) {
	files, err := renderText(t, installation{name: "123", values: `
fullnameOverride: "456"
cleanup: {enabled: true}
monitoring: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}}
`})
	if err != nil {
		t.Fatal(err)
	}
	var check func(where string, node any, isText bool)
	check = func(where string, node any, isText bool) {
		switch n := node.(type) {
		case map[string]any:
			for key, value := range n {
				inner := key == "labels" || key == "annotations" || key == "matchLabels"
				check(where+"."+key, value, inner || isText || key == "name" || key == "namespace")
			}
		case []any:
			for _, value := range n {
				check(where, value, false)
			}
		case string, nil:
		default:
			if isText {
				t.Errorf("%s is %v, a %T", where, node, node)
			}
		}
	}
	for path, text := range files {
		for document := range strings.SplitSeq(text, "\n---\n") {
			var object map[string]any
			if filepath.Ext(path) != ".yaml" {
				continue
			}
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				t.Fatal(err)
			}
			check(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), object, false)
		}
	}
}
