package chart

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestScaledJob(t *testing.T) {
	r := render(t, installation{set: []string{"queue.list=work"}})
	job := get[*kedav1alpha1.ScaledJob](t, r, "")
	if !reflect.DeepEqual(job.Spec.ScalingStrategy, kedav1alpha1.ScalingStrategy{MultipleScalersCalculation: "sum"}) {
		t.Errorf("scalingStrategy is %+v; it is to be the sum and nothing else", job.Spec.ScalingStrategy)
	}
	if job.Spec.Rollout.Strategy != "gradual" {
		t.Errorf("rollout.strategy is %q: an upgrade would delete the Jobs that run", job.Spec.Rollout.Strategy)
	}
	redis := get[*corev1.Service](t, r, "-redis")
	address := redis.Name + "." + redis.Namespace + ".svc:6379"
	var lists []string
	for _, trigger := range job.Spec.Triggers {
		lists = append(lists, trigger.Metadata["listName"])
		if trigger.Type != "redis" || trigger.Metadata["address"] != address {
			t.Errorf("trigger %s: %s %v; it is to count at %s", trigger.Name, trigger.Type, trigger.Metadata, address)
		}
		if _, ok := r.objects["TriggerAuthentication/"+trigger.AuthenticationRef.Name]; !ok {
			t.Errorf("trigger %s has no authentication", trigger.Name)
		}
	}
	slices.Sort(lists)
	if want := []string{"work", "{work}:inflight"}; !slices.Equal(lists, want) {
		t.Errorf("the triggers count %q, not %q", lists, want)
	}
	for _, limit := range []*int32{job.Spec.SuccessfulJobsHistoryLimit, job.Spec.FailedJobsHistoryLimit} {
		if limit == nil || *limit > 10 {
			t.Error("a history limit is KEDA's default of 100 or otherwise large")
		}
	}
	if err := kedav1alpha1.ValidateTriggers(job.Spec.Triggers); err != nil {
		t.Errorf("KEDA refuses the triggers: %v", err)
	}
	if job.NeedToBePausedByAnnotation() {
		t.Error("it is paused")
	}
	paused := get[*kedav1alpha1.ScaledJob](t, render(t, installation{set: []string{"processor.paused=true"}}), "")
	if !paused.NeedToBePausedByAnnotation() {
		t.Error("processor.paused does not pause it")
	}
}

// TestTriggersCountWhatAJobHolds: the sum is right only if the number in flight is divided by the files of a Job.
func TestTriggersCountWhatAJobHolds(t *testing.T) {
	for _, c := range []struct {
		set               []string
		waiting, inflight string
	}{
		{nil, "1", "4"},
		{[]string{"processor.concurrency=1"}, "1", "1"},
		{[]string{"processor.concurrency=8", "processor.filesPerJob=100"}, "1", "8"},
		{[]string{"processor.concurrency=8", "processor.filesPerJob=3"}, "1", "3"},
		{[]string{"processor.filesPerJob=1", "processor.filesPerTrigger=7"}, "7", "1"},
	} {
		got := map[string]string{}
		for _, trigger := range get[*kedav1alpha1.ScaledJob](t, render(t, installation{set: c.set}), "").Spec.Triggers {
			got[trigger.Name] = trigger.Metadata["listLength"]
		}
		if got["waiting"] != c.waiting || got["inflight"] != c.inflight {
			t.Errorf("%v: the lengths are %v, not %s and %s", c.set, got, c.waiting, c.inflight)
		}
	}
}

// TestJobsAreNotHelms: KEDA copies the ScaledJob's labels to its Jobs, and two of them would mark the Jobs as Helm's.
func TestJobsAreNotHelms(t *testing.T) {
	job := get[*kedav1alpha1.ScaledJob](t, render(t, installation{}), "")
	excluded := strings.Split(job.Annotations[kedav1alpha1.ScaledJobExcludedLabelsAnnotation], ",")
	for _, label := range []string{"app.kubernetes.io/managed-by", "helm.sh/chart"} {
		if _, has := job.Labels[label]; !has || !slices.Contains(excluded, label) {
			t.Errorf("%s is not a label that the Jobs are spared", label)
		}
	}
}

// TestServicesFindRedisAndTheQueue: services and KEDA get the same addresses and lists.
func TestServicesFindRedisAndTheQueue(t *testing.T) {
	forEachVariant(t, func(t *testing.T, r release) {
		trigger := r.triggers(t)
		for key, pod := range r.pods() {
			if componentOf(pod) == "redis" {
				continue
			}
			c := pod.Spec.Containers[0]
			e := env(c)
			at := e["REDIS_HOST"] + ":" + e["REDIS_PORT"]
			if e["REDIS_ADDRESSES"] != "" {
				at = e["REDIS_ADDRESSES"]
			}
			for _, tr := range trigger {
				if ofKEDA := tr.Metadata["address"] + tr.Metadata["addresses"]; at != ofKEDA {
					t.Errorf("%s finds Redis at %s, KEDA at %s", key, at, ofKEDA)
				}
			}
			if len(trigger) > 0 && !slices.ContainsFunc(trigger, func(tr kedav1alpha1.ScaleTriggers) bool { return tr.Metadata["listName"] == e["REDIS_LIST"] }) {
				t.Errorf("%s uses the list %s, which KEDA does not count", key, e["REDIS_LIST"])
			}
			for name := range e {
				if name == "REDIS_PASSWORD" {
					t.Errorf("%s has the password in its environment", key)
				}
			}
			mounts := map[string]corev1.VolumeMount{}
			for _, mount := range c.VolumeMounts {
				mounts[mount.MountPath] = mount
			}
			if dir, _, set := strings.Cut(e["REDIS_PASSWORD_FILE"], "/password"); set && !mounts[dir].ReadOnly {
				t.Errorf("%s: %s is not mounted read-only", key, e["REDIS_PASSWORD_FILE"])
			}
			folder, onVolume := strings.CutPrefix(e["STORE_URL"], "file://")
			if !onVolume {
				continue
			}
			data, ok := mounts[folder]
			if looksOnly := componentOf(pod) == "inspector" && e["MAX_UPLOAD"] == ""; !ok || data.ReadOnly != looksOnly {
				t.Errorf("%s: the data is mounted %v, read-only %v; only that of an inspector that nobody may change anything by is read-only", key, ok, data.ReadOnly)
			}
		}
	})
}

// triggers returns those that KEDA starts processors by; none where they stay without KEDA.
func (r release) triggers(t *testing.T) []kedav1alpha1.ScaleTriggers {
	t.Helper()
	if scaled := all[*kedav1alpha1.ScaledObject](r); len(scaled) > 0 {
		return scaled[0].Spec.Triggers
	}
	for _, d := range all[*appsv1.Deployment](r) {
		if componentOf(d.Spec.Template) == "processor" {
			return nil
		}
	}
	return get[*kedav1alpha1.ScaledJob](t, r, "").Spec.Triggers
}

// TestGeneratorJobIsReplacedOnlyWhenItWouldDiffer: a Job is immutable, so an upgrade that changes it in place fails, and
// one that renames it without need runs the generator again.
func TestGeneratorJobIsReplacedOnlyWhenItWouldDiffer(t *testing.T) {
	before := get[*batchv1.Job](t, render(t, installation{}), "")
	for _, c := range []struct {
		set     string
		differs bool
	}{
		{"inspector.replicas=2", false},
		{"processor.image.tag=new", false},
		{"redis.resources.limits.memory=1Gi", false},
		{"generator.schedule=@daily", false},
		{"generator.image.tag=new", true},
		{"generator.rows=7", true},
		{"generator.podLabels.some=label", true},
		{"queue.list=other", true},
	} {
		after := get[*batchv1.Job](t, render(t, installation{set: []string{c.set}}), "")
		if changed := !reflect.DeepEqual(before.Spec, after.Spec); changed != c.differs {
			t.Errorf("%s: the spec changed: %v", c.set, changed)
		}
		if renamed := before.Name != after.Name; renamed != c.differs {
			t.Errorf("%s: the Job's name changed: %v", c.set, renamed)
		}
	}
}

func TestGeneratorOnDemandIsTheSameJob(t *testing.T) {
	r := render(t, installation{})
	job, cron := get[*batchv1.Job](t, r, ""), get[*batchv1.CronJob](t, r, "")
	if !reflect.DeepEqual(job.Spec.Template, cron.Spec.JobTemplate.Spec.Template) {
		t.Error("a run on demand differs from the one at install")
	}
	if cron.Spec.Suspend == nil || !*cron.Spec.Suspend {
		t.Error("the CronJob runs by itself")
	}
	if want := "create job --from=cronjob/" + cron.Name; !strings.Contains(r.notes, want) {
		t.Errorf("the notes do not say how to run it: no %q in\n%s", want, r.notes)
	}
	scheduled := get[*batchv1.CronJob](t, render(t, installation{set: []string{"generator.schedule=@daily"}}), "")
	if *scheduled.Spec.Suspend || scheduled.Spec.Schedule != "@daily" {
		t.Errorf("with a schedule it is suspended: %v, %q", *scheduled.Spec.Suspend, scheduled.Spec.Schedule)
	}
	once := render(t, installation{set: []string{"generator.onDemand=false"}})
	if crons := all[*batchv1.CronJob](once); len(crons) > 0 || strings.Contains(once.notes, "--from=cronjob") || len(all[*batchv1.Job](once)) != 1 {
		t.Errorf("with generator.onDemand=false there are the CronJobs %v, or the notes speak of one:\n%s", crons, once.notes)
	}
	if onSchedule := get[*batchv1.CronJob](t, render(t, installation{set: []string{"generator.schedule=@daily", "generator.onDemand=false"}}), ""); *onSchedule.Spec.Suspend {
		t.Error("a schedule does not count with generator.onDemand=false")
	}
	without := render(t, installation{set: []string{"generator.enabled=false"}})
	for key := range without.objects {
		if strings.Contains(key, "generator") {
			t.Errorf("without a generator there is %s", key)
		}
	}
	if strings.Contains(without.notes, "generator") {
		t.Errorf("without a generator the notes still speak of it:\n%s", without.notes)
	}
}

func TestRedisPassword(t *testing.T) {
	password := func(r release) string {
		return string(get[*corev1.Secret](t, r, "-redis").Data["redis-password"])
	}
	generated := password(render(t, installation{}))
	if len(generated) < 32 {
		t.Errorf("the password that is generated has only %d characters", len(generated))
	}
	if generated == password(render(t, installation{})) {
		t.Error("two installations have the same password")
	}
	installed := &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: "rel-csv-pipeline-redis", Namespace: "ns"},
		Data:       map[string][]byte{"redis-password": []byte(generated)},
	}
	upgrade := installation{}
	upgrade.existing = append(upgrade.existing, installed)
	if kept := password(render(t, upgrade)); kept != generated {
		t.Errorf("an upgrade changes the password from %q to %q", generated, kept)
	}
	upgrade.set = []string{"redis.auth.password=given"}
	if given := password(render(t, upgrade)); given != "given" {
		t.Errorf("the password is %q, not the one that was given", given)
	}

	r := render(t, installation{set: []string{"redis.auth.existingSecret=theirs", "redis.auth.existingSecretPasswordKey=pass"}})
	if _, makes := r.objects["Secret/rel-csv-pipeline-redis"]; makes {
		t.Error("with an existing Secret the chart makes one")
	}
	reference := get[*kedav1alpha1.TriggerAuthentication](t, r, "").Spec.SecretTargetRef[0]
	if reference.Name != "theirs" || reference.Key != "keda-password" || reference.Parameter != "password" {
		t.Errorf("KEDA takes the password from %+v", reference)
	}
}

// TestUpgradesDoNotRestartRedis: only changes of Redis' own configuration replace its pod.
func TestUpgradesDoNotRestartRedis(t *testing.T) {
	before := get[*appsv1.StatefulSet](t, render(t, installation{}), "")
	for set, restarts := range map[string]bool{
		"":                            false,
		"processor.image.tag=new":     false,
		"data.size=2Gi":               false,
		"redis.persistence.size=2Gi":  false,
		"redis.config=maxclients 100": true,
		"redis.auth.password=new":     true,
	} {
		after := get[*appsv1.StatefulSet](t, render(t, installation{set: []string{set}}), "")
		if changed := !reflect.DeepEqual(before.Spec.Template, after.Spec.Template); changed != restarts {
			t.Errorf("%q: the pod template changed: %v", set, changed)
		}
		before, after := before.DeepCopy(), after.DeepCopy()
		before.Spec.Template, after.Spec.Template = corev1.PodTemplateSpec{}, corev1.PodTemplateSpec{}
		if !reflect.DeepEqual(before.Spec, after.Spec) {
			t.Errorf("%q changes what no upgrade can change of a StatefulSet", set)
		}
	}
}

// TestANewVersionRestartsOnlyWhatHasANewImage: Redis' image does not depend on the chart's version.
func TestANewVersionRestartsOnlyWhatHasANewImage(t *testing.T) {
	before := get[*appsv1.StatefulSet](t, render(t, installation{}), "")
	after := get[*appsv1.StatefulSet](t, render(t, installation{version: "9.9.9"}), "")
	if !reflect.DeepEqual(before.Spec, after.Spec) {
		t.Error("a new version of the chart restarts Redis")
	}
}

func TestVolumes(t *testing.T) {
	r := render(t, installation{})
	for _, claim := range all[*corev1.PersistentVolumeClaim](r) {
		if claim.Spec.StorageClassName != nil {
			t.Errorf("%s: the default storage class is not the cluster's but %q", claim.Name, *claim.Spec.StorageClassName)
		}
		if len(claim.Annotations) != 0 {
			t.Errorf("%s is annotated: %v", claim.Name, claim.Annotations)
		}
	}
	if got := get[*corev1.PersistentVolumeClaim](t, r, "-data").Spec.Resources.Requests.Storage().String(); got != "1Gi" {
		t.Errorf("the data's size is %s", got)
	}
	kept := render(t, variants["kept"])
	classes := map[string]bool{}
	for _, claim := range all[*corev1.PersistentVolumeClaim](kept) {
		if claim.Annotations["helm.sh/resource-policy"] != "keep" {
			t.Errorf("%s would not be kept", claim.Name)
		}
		classes[*claim.Spec.StorageClassName] = true
	}
	if want := map[string]bool{"a": true, "b": true}; !maps.Equal(classes, want) {
		t.Errorf("the storage classes are %v", classes)
	}
	if theirs := all[*corev1.PersistentVolumeClaim](render(t, variants["everything set"])); len(theirs) != 0 {
		t.Errorf("with existing claims the chart makes %s", theirs[0].Name)
	}
}

func TestCleanup(t *testing.T) {
	for key := range render(t, installation{}).objects {
		if strings.Contains(key, "cleanup") {
			t.Errorf("nobody asked for a clean-up, and there is %s", key)
		}
	}
	r := render(t, installation{set: []string{"cleanup.enabled=true", "cleanup.keepDays=90", "inspector.image.tag=v9"}})
	cron := get[*batchv1.CronJob](t, r, "-cleanup")
	if cron.Spec.Suspend != nil && *cron.Spec.Suspend || cron.Spec.ConcurrencyPolicy != batchv1.ForbidConcurrent {
		t.Errorf("it is suspended, or two run at once: %+v", cron.Spec)
	}
	container := cron.Spec.JobTemplate.Spec.Template.Spec.Containers[0]
	if !slices.Equal(container.Args, []string{"cleanup"}) || !strings.HasSuffix(container.Image, "/inspector:v9") {
		t.Errorf("it runs %s %v", container.Image, container.Args)
	}
	for name, want := range map[string]string{"CSV_PIPELINE_KEEP_DAYS": "90", "CSV_PIPELINE_DRY_RUN": "false", "REDIS_USERNAME": "inspector"} {
		if got := env(container)[name]; got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if !strings.Contains(r.notes, "90 days") || strings.Contains(render(t, installation{}).notes, "days") {
		t.Errorf("the notes do not say what happens to results, or say it where nothing does:\n%s", r.notes)
	}
}

// TestHelmTestKnowsWhatIsAggregated: helm test and the processors get the same settings.
func TestHelmTestKnowsWhatIsAggregated(t *testing.T) {
	r := render(t, installation{values: `processor: {groupBy: [day(t), item], aggregate: [count(*)], input: {delimiter: tab, header: none}}`})
	processor := env(r.podOf(t, "processor").Spec.Containers[0])
	test := env(r.podOf(t, "test").Spec.Containers[0])
	for name, want := range map[string]string{"GROUP_BY": "day(t),item", "AGGREGATE": "count(*)", "DELIMITER": "tab", "HEADER": "none"} {
		if processor[name] != want || test[name] != want {
			t.Errorf("%s is to be %q; the processor has %q, the test %q", name, want, processor[name], test[name])
		}
	}
	if _, given := test["CSV_PIPELINE_INPUT"]; given {
		t.Error("the test is given a file, though the values have none")
	}
}

// TestNoValueOfAScaledJobIsEmpty: KEDA writes a ScaledJob back without empty values, and GitOps tools would see a difference.
func TestNoValueOfAScaledJobIsEmpty(t *testing.T) {
	files, err := renderText(t, installation{set: []string{"processor.extraEnv[0].name=EMPTY", "processor.extraEnv[0].value="}})
	if err != nil {
		t.Fatal(err)
	}
	text := files["csv-pipeline/templates/processor/scaledjob.yaml"]
	if !strings.Contains(text, "- name: EMPTY\n") || strings.Contains(text, `value: ""`) {
		t.Errorf("the ScaledJob has an empty value, or lacks a variable:\n%s", text)
	}
}
