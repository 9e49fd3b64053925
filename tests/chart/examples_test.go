package chart

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"sigs.k8s.io/yaml"
)

const examples = "../../examples"

var (
	exampleFile = regexp.MustCompile(`examples/[a-z-]+/[a-z-]+\.[a-z]+`)
	ofASecret   = regexp.MustCompile(`--from-(?:literal|file)=([A-Za-z_.-]+)`)
)

func exampleText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// renderExample renders with a file of values, as a release of the name.
func renderExample(t *testing.T, name, path string) release {
	t.Helper()
	return render(t, installation{name: name, values: exampleText(t, path)})
}

// TestExamplesRender: every file of values renders, without the demo's files where it says so, and every
// folder is listed.
func TestExamplesRender(t *testing.T) {
	list := exampleText(t, "README.md")
	files, err := filepath.Glob(filepath.Join(examples, "*", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	folders := map[string]int{}
	for _, file := range files {
		folder, name := filepath.Base(filepath.Dir(file)), filepath.Base(file)
		if name == "application.yaml" {
			continue
		}
		folders[folder]++
		if !strings.Contains(list, "["+folder+"]("+folder+")") {
			t.Errorf("README.md does not list %s", folder)
		}
		for key, object := range renderExample(t, "rel", folder+"/"+name).objects {
			if object.GetName() == "" {
				t.Errorf("%s: %s has no name", file, key)
			}
		}
	}
	if want := strings.Count(list, "\n| ["); len(folders) != want {
		t.Errorf("%d examples are listed, there are %v", want, folders)
	}
	for folder := range folders {
		readme := exampleText(t, folder+"/README.md")
		if lines := strings.Count(readme, "\n"); lines > 20 {
			t.Errorf("the README of %s has %d lines", folder, lines)
		}
		for _, name := range exampleFile.FindAllString(readme, -1) {
			if _, err := os.Stat(filepath.Join("../..", name)); err != nil {
				t.Errorf("the README of %s: %v", folder, err)
			}
		}
	}
}

// TestExamplesCompute runs the processor over each example's input with the environment that the chart gives
// it, and compares the result.
func TestExamplesCompute(t *testing.T) {
	processor := filepath.Join(t.TempDir(), "processor")
	build := exec.Command("go", "build", "-tags", "nethttpomithttp2,nobuckets", "-o", processor, "./services/processor")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the processor: %v\n%s", err, out)
	}
	for _, c := range []struct{ values, input, result string }{
		{"own-columns/values.yaml", "own-columns/orders.csv", "own-columns/result.csv"},
		{"several-pipelines/items.yaml", "several-pipelines/sales.csv", "several-pipelines/items.csv"},
		{"several-pipelines/hours.yaml", "several-pipelines/sales.csv", "several-pipelines/hours.csv"},
	} {
		pod := get[*kedav1alpha1.ScaledJob](t, renderExample(t, "rel", c.values), "-processor").Spec.JobTargetRef.Template
		command := exec.Command(processor, "aggregate", filepath.Join(examples, c.input))
		for name, value := range env(pod.Spec.Containers[0]) {
			if value != "" {
				command.Env = append(command.Env, name+"="+value)
			}
		}
		var failed bytes.Buffer
		command.Stderr = &failed
		got, err := command.Output()
		if err != nil {
			t.Errorf("%s: %v\n%s", c.input, err, failed.String())
			continue
		}
		if want := exampleText(t, c.result); string(got) != want {
			t.Errorf("%s has the result\n%s, not %s\n%s", c.input, got, c.result, want)
		}
	}
	// The command of the README is the same question.
	for _, folder := range []string{"own-columns", "own-program"} {
		_, command, _ := strings.Cut(exampleText(t, folder+"/README.md"), "\nbin/processor ")
		command, _, _ = strings.Cut(command, "\n")
		shell := exec.Command("bash", "-c", processor+" "+command)
		shell.Dir = "../.."
		got, err := shell.Output()
		if want := exampleText(t, folder+"/result.csv"); err != nil || string(got) != want {
			t.Errorf("the command of the README of %s prints %v\n%s, not\n%s", folder, err, got, want)
		}
	}
}

// TestExampleOfAProgram: the image of the values has the program where the command names it, and the processor
// comes from the chart's own image.
func TestExampleOfAProgram(t *testing.T) {
	spec := renderExample(t, "rel", "own-program/values.yaml").podOf(t, "processor").Spec
	if len(spec.InitContainers) != 1 || !strings.HasPrefix(spec.InitContainers[0].Image, "ghcr.io/csv-pipeline/processor:") ||
		spec.Containers[0].Image != "localhost/medians:1" || !slices.Equal(spec.Containers[0].Command, []string{"/csv-pipeline/processor"}) {
		t.Errorf("the containers are %+v and %+v", spec.InitContainers, spec.Containers)
	}
	if got, want := env(spec.Containers[0])["COMMAND"], "'python3' '/app/medians.py'"; got != want {
		t.Errorf("the command is %s, not %s", got, want)
	}
	if !strings.Contains(exampleText(t, "own-program/Dockerfile"), "COPY medians.py /app/medians.py\n") {
		t.Error("the image has the program elsewhere")
	}
}

// TestACommandReachesTheProcessorAsItIsWritten: Kubernetes makes $ of $$, and $(NAME) may stand for something.
func TestACommandReachesTheProcessorAsItIsWritten(t *testing.T) {
	const text = `awk -F, '{n += $(NF)} END {print "it'\''s " n}'`
	for values, want := range map[string]string{
		"command: " + strconv.Quote(text):                                  text,
		"command: [awk, \"-F,\", '{n += $(NF)} END {print \"it''s \" n}']": `'awk' '-F,' '{n += $(NF)} END {print "it'\''s " n}'`,
		"command: ''": "",
		"datasets: [{files: [a*], command: cat}]": "",
		"command: [\"\", a]":                      `'' 'a'`,
	} {
		pod := render(t, installation{values: "processor: {" + values + "}"}).podOf(t, "processor")
		got := env(pod.Spec.Containers[0])["COMMAND"]
		if uses := values != "command: ''"; uses != (len(pod.Spec.InitContainers) > 0) {
			t.Errorf("%s: there are %d init containers", values, len(pod.Spec.InitContainers))
		}
		if strings.Count(strings.ReplaceAll(got, "$$", ""), "$") > 0 || strings.ReplaceAll(got, "$$", "$") != want {
			t.Errorf("%s: COMMAND is %s, want %s with $ as $$", values, got, want)
		}
	}
}

// TestAQuestionReachesTheProcessorAsItIsWritten, too.
func TestAQuestionReachesTheProcessorAsItIsWritten(t *testing.T) {
	pod := render(t, installation{values: `processor: {where: "a = '$(HOME)'", having: "a <> '$$'", groupBy: ['"$(b)"'], input: {commentPrefix: $(, missingValues: [$$]}}`}).podOf(t, "processor")
	got := env(pod.Spec.Containers[0])
	for name, want := range map[string]string{"WHERE": "a = '$(HOME)'", "HAVING": "a <> '$$'", "GROUP_BY": `"$(b)"`, "COMMENT_PREFIX": "$(", "MISSING_VALUES": `"$$"`} {
		if got[name] != strings.ReplaceAll(want, "$", "$$") {
			t.Errorf("%s is %q, want %q with $ as $$", name, got[name], want)
		}
	}
}

// secretKeys are the keys that pods and KEDA take from Secrets, by Secret.
func secretKeys(r release) map[string][]string {
	keys := map[string][]string{}
	for _, pod := range r.pods() {
		for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
			for _, e := range c.Env {
				if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
					keys[e.ValueFrom.SecretKeyRef.Name] = append(keys[e.ValueFrom.SecretKeyRef.Name], e.ValueFrom.SecretKeyRef.Key)
				}
			}
			for _, from := range c.EnvFrom {
				if from.SecretRef != nil {
					keys[from.SecretRef.Name] = append(keys[from.SecretRef.Name], "")
				}
			}
		}
		for _, v := range pod.Spec.Volumes {
			if v.Secret == nil {
				continue
			}
			keys[v.Secret.SecretName] = append(keys[v.Secret.SecretName], "")
			for _, item := range v.Secret.Items {
				keys[v.Secret.SecretName] = append(keys[v.Secret.SecretName], item.Key)
			}
		}
	}
	for _, a := range all[*kedav1alpha1.TriggerAuthentication](r) {
		for _, ref := range a.Spec.SecretTargetRef {
			keys[ref.Name] = append(keys[ref.Name], ref.Key)
		}
	}
	return keys
}

// TestExamplesMakeTheSecrets: each Secret that an example's release takes and does not make, its README
// makes, with the keys that are taken.
func TestExamplesMakeTheSecrets(t *testing.T) {
	for _, folder := range []string{"bucket", "external-redis", "gitops"} {
		r := renderExample(t, "csv-pipeline", folder+"/values.yaml")
		readme := exampleText(t, folder+"/README.md")
		// The loop over users of a README stands for a key each.
		for _, user := range []string{"redis", "keda", "generator", "processor", "inspector"} {
			if strings.Contains(readme, "$user-password") {
				readme += " --from-literal=" + user + "-password="
			}
		}
		var made []string
		for _, m := range ofASecret.FindAllStringSubmatch(readme, -1) {
			made = append(made, m[1])
		}
		taken := 0
		for name, keys := range secretKeys(r) {
			if _, own := r.objects["Secret/"+name]; own {
				continue
			}
			taken++
			if !strings.Contains(readme, "create secret generic "+name+" ") {
				t.Errorf("%s: the README does not make the Secret %s", folder, name)
			}
			for _, key := range keys {
				if key != "" && !slices.Contains(made, key) {
					t.Errorf("%s: the README makes no key %s of the Secret %s", folder, key, name)
				}
			}
		}
		if taken == 0 {
			t.Errorf("%s takes no Secret", folder)
		}
	}
}

func TestExampleOfABucket(t *testing.T) {
	r := renderExample(t, "csv-pipeline", "bucket/values.yaml")
	if _, made := r.objects["PersistentVolumeClaim/csv-pipeline-data"]; made {
		t.Error("there is a volume for the files")
	}
	pod := get[*kedav1alpha1.ScaledJob](t, r, "-processor").Spec.JobTargetRef.Template
	if url := env(pod.Spec.Containers[0])["STORE_URL"]; !strings.HasPrefix(url, "s3://sales/europe?") {
		t.Errorf("the files are at %q", url)
	}
}

func TestExampleOfAnExternalRedis(t *testing.T) {
	r := renderExample(t, "csv-pipeline", "external-redis/values.yaml")
	for key := range r.objects {
		if strings.HasPrefix(key, "StatefulSet/") {
			t.Errorf("there is a Redis, %s", key)
		}
	}
	job := get[*kedav1alpha1.ScaledJob](t, r, "-processor")
	for _, trigger := range job.Spec.Triggers {
		if got := trigger.Metadata["address"]; got != "redis.example:6380" {
			t.Errorf("KEDA counts at %q", got)
		}
	}
	if got := env(job.Spec.JobTargetRef.Template.Spec.Containers[0])["REDIS_TLS"]; got != "true" {
		t.Errorf("REDIS_TLS is %q", got)
	}
}

// TestExampleOfSeveralPipelines: the two releases share no object.
func TestExampleOfSeveralPipelines(t *testing.T) {
	items := renderExample(t, "items", "several-pipelines/items.yaml")
	for key := range renderExample(t, "hours", "several-pipelines/hours.yaml").objects {
		if _, both := items.objects[key]; both {
			t.Errorf("both have %s", key)
		}
	}
}

// TestExampleOfGitOps: two renderings are the same and make no Secret, and the Application installs this
// version with these values.
func TestExampleOfGitOps(t *testing.T) {
	once, again := renderExample(t, "csv-pipeline", "gitops/values.yaml"), renderExample(t, "csv-pipeline", "gitops/values.yaml")
	for _, key := range slices.Sorted(maps.Keys(once.objects)) {
		if strings.HasPrefix(key, "Secret/") {
			t.Errorf("the chart makes %s", key)
		}
		if !reflect.DeepEqual(once.objects[key], again.objects[key]) {
			t.Errorf("%s is another one when it is rendered again", key)
		}
	}
	var application struct {
		APIVersion, Kind string
		Spec             struct {
			Destination struct{ Namespace string }
			Sources     []struct {
				RepoURL, Chart, TargetRevision, Ref string
				Helm                                struct{ ValueFiles []string }
			}
		}
	}
	if err := yaml.Unmarshal([]byte(exampleText(t, "gitops/application.yaml")), &application); err != nil {
		t.Fatal(err)
	}
	if application.Kind != "Application" || len(application.Spec.Sources) != 2 {
		t.Fatalf("the Application is %+v", application)
	}
	source, values := application.Spec.Sources[0], application.Spec.Sources[1]
	if version := load(t).Metadata.Version; source.Chart != "csv-pipeline" || source.TargetRevision != version || strings.Contains(source.RepoURL, "://") {
		t.Errorf("installed is %+v, not version %s", source, version)
	}
	if want := []string{"$" + values.Ref + "/csv-pipeline/values.yaml"}; !slices.Equal(source.Helm.ValueFiles, want) {
		t.Errorf("the values are %q, not %q", source.Helm.ValueFiles, want)
	}
	if !strings.Contains(exampleText(t, "gitops/README.md"), "create namespace "+application.Spec.Destination.Namespace+"\n") {
		t.Error("the README makes the Secret in another namespace")
	}
}
