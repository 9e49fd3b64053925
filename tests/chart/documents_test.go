package chart

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/strvals"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	podsecurityapi "k8s.io/pod-security-admission/api"
	podsecurity "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// blocks are the fenced blocks of a document in the given language, without indentation.
func blocks(t *testing.T, path, language string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range regexp.MustCompile("(?ms)^( *)```"+language+"\n(.*?)^ *```$").FindAllStringSubmatch(string(text), -1) {
		found = append(found, regexp.MustCompile("(?m)^"+m[1]).ReplaceAllString(m[2], ""))
	}
	return found
}

// TestValuesInDocuments: the values that the chart's README shows as YAML are taken.
func TestValuesInDocuments(t *testing.T) {
	n := 0
	for _, text := range blocks(t, filepath.Join(chartDir, "README.md"), "yaml") {
		if strings.Contains(text, "kind: Pod") {
			continue
		}
		n++
		if _, err := tryRender(t, installation{values: text}); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	if n < 5 {
		t.Errorf("there are only %d", n)
	}
}

var (
	helmCommand = regexp.MustCompile(`(?m)^helm (install|upgrade) (\S+) (\./\S*csv-pipeline) ((?:.*\\\n)*.*)$`)
	makeInstall = regexp.MustCompile(`(?m)^(?:\w+=\S+ )*HELM_ARGS=(?:'([^']*)'|"([^"]*)") make install$`)
	valuesFile  = regexp.MustCompile(`(?s)<<'YAML'\n(.*?\n)YAML\n`)
	setFlag     = regexp.MustCompile(`--(set|set-json) (?:'([^']*)'|(\S+))`)
)

// setBy are the values that the --set and --set-json of a command make, and how many these are.
func setBy(t *testing.T, arguments string) (given string, n int) {
	t.Helper()
	values := map[string]any{}
	for _, flag := range setFlag.FindAllStringSubmatch(arguments, -1) {
		n++
		parse := strvals.ParseInto
		if flag[1] == "set-json" {
			parse = strvals.ParseJSON
		}
		if err := parse(flag[2]+strings.ReplaceAll(flag[3], "'", ""), values); err != nil {
			t.Errorf("%v in %s", err, arguments)
		}
	}
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), n
}

// TestCommandsInDocuments: what the documents set by helm install, helm upgrade and make install is taken, and so
// are the values that they write into files. An upgrade finds the volume annotated where the line before it says so.
func TestCommandsInDocuments(t *testing.T) {
	n := 0
	for _, path := range []string{"../../README.md", filepath.Join(chartDir, "README.md")} {
		for _, text := range blocks(t, path, "sh") {
			for _, m := range helmCommand.FindAllStringSubmatch(text, -1) {
				given, set := setBy(t, m[4])
				n += set
				in := installation{name: m[2], values: given}
				if m[1] == "upgrade" {
					volume := volumeOf(m[2])
					if m[2] == "csv-pipeline" {
						volume.Name = "csv-pipeline-data"
					}
					if strings.Contains(text, "annotate pvc "+volume.Name+" helm.sh/resource-policy=keep") {
						volume.Annotations["helm.sh/resource-policy"] = "keep"
					}
					in.existing = []runtime.Object{volume}
				}
				if _, err := tryRender(t, in); err != nil {
					t.Errorf("%s: %v in\n%s", path, err, m[0])
				}
			}
			var all []string
			for _, m := range makeInstall.FindAllStringSubmatch(text, -1) {
				given, set := setBy(t, m[1]+m[2])
				n += set
				all = append(all, given)
			}
			for _, m := range valuesFile.FindAllStringSubmatch(text, -1) {
				n++
				all = append(all, m[1])
			}
			for _, given := range all {
				if _, err := tryRender(t, installation{values: given}); err != nil {
					t.Errorf("%s: %v in\n%s", path, err, given)
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d values are set", n)
	}
}

// TestKeysInDocuments: the README's command that deletes the queue from an external Redis names all of its keys.
func TestKeysInDocuments(t *testing.T) {
	source, err := os.ReadFile("../../internal/queue/queue.go")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, m := range regexp.MustCompile(`base \+ ":([a-z]+)"`).FindAllSubmatch(source, -1) {
		keys = append(keys, string(m[1]))
	}
	readme, err := os.ReadFile(filepath.Join(chartDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`redis-cli DEL csvs-to-process '\{csvs-to-process\}:'\{([a-z,]+)\}`).FindSubmatch(readme)
	if command == nil || len(keys) < 9 {
		t.Fatalf("the README has no command that deletes the keys, or these are not all: %v", keys)
	}
	if named := strings.Split(string(command[1]), ","); !slices.Equal(slices.Sorted(slices.Values(named)), slices.Sorted(slices.Values(keys))) {
		t.Errorf("the README deletes the keys %v, and the queue has %v", named, keys)
	}
}

// TestGroupsAndAggregatesInDocuments: values.yaml lists the keys and functions as --help does. The README follows it.
func TestGroupsAndAggregatesInDocuments(t *testing.T) {
	source, err := os.ReadFile("../../internal/expression/language.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range documentedValues(t) {
		constant, ok := map[string]string{"processor.groupBy": "KeysInWords", "processor.aggregate": "AggregatesInWords"}[v.name()]
		if !ok {
			continue
		}
		words := regexp.MustCompile(constant + ` += "(.*)"`).FindSubmatch(source)
		if words == nil {
			t.Fatalf("internal/expression has no %s", constant)
		}
		if !strings.Contains(v.comment, string(words[1])) {
			t.Errorf("the comment of %s in values.yaml does not say: %s", v.name(), words[1])
		}
	}
}

// TestImportPod: the pod that files are copied in by finds the volume, and passes the Pod Security
// Standard of a namespace that the chart is installed into.
func TestImportPod(t *testing.T) {
	var pods []*corev1.Pod
	for _, text := range blocks(t, filepath.Join(chartDir, "README.md"), "yaml") {
		if strings.Contains(text, "kind: Pod") {
			pod := new(corev1.Pod)
			if err := yaml.UnmarshalStrict([]byte(text), pod); err != nil {
				t.Fatal(err)
			}
			pods = append(pods, pod)
		}
	}
	if len(pods) != 1 {
		t.Fatalf("there are %d pods", len(pods))
	}
	pod, r := pods[0], render(t, installation{name: "csv-pipeline"})
	evaluator, err := podsecurity.NewEvaluator(podsecurity.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := podsecurityapi.LevelVersion{Level: podsecurityapi.LevelRestricted, Version: podsecurityapi.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
	claim := pod.Spec.Volumes[0].PersistentVolumeClaim.ClaimName
	if _, there := r.objects["PersistentVolumeClaim/"+claim]; !there {
		t.Errorf("the chart makes no claim %s", claim)
	}
	inspector := r.podOf(t, "inspector")
	for name, value := range pod.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].LabelSelector.MatchLabels {
		if inspector.Labels[name] != value {
			t.Errorf("it goes where pods with %s=%s are, and the inspector has %q", name, value, inspector.Labels[name])
		}
	}
	if user := *pod.Spec.SecurityContext.RunAsUser; user != *inspector.Spec.SecurityContext.RunAsUser {
		t.Errorf("its files are those of user %d", user)
	}
}
