package chart

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestWrongValuesAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		set  []string
		want []string // each is somewhere in the error
	}{
		{[]string{"procesor.maxReplicaCount=3"}, []string{"procesor"}},
		{[]string{"processor.maxReplicas=3"}, []string{"processor", "maxReplicas"}},
		{[]string{"processor.image.tga=1"}, []string{"processor", "image", "tga"}},
		{[]string{"processor.maxReplicaCount=0"}, []string{"processor", "maxReplicaCount"}},
		{[]string{"processor.pollingInterval=5s"}, []string{"processor", "pollingInterval"}},
		{[]string{"processor.lease=30"}, []string{"processor", "lease"}},
		{[]string{"processor.aggregate=null", "processor.aggregate={}"}, []string{"processor", "aggregate"}},
		{[]string{"data.accessMode=ReadWriteOncePod"}, []string{"data", "accessMode"}},
		{[]string{"data.size=1GB"}, []string{"data", "size"}},
		{[]string{"store.url=/data"}, []string{"store", "url"}},
		{[]string{"store.url=s3:sales"}, []string{"store", "url"}},
		{[]string{"store.url=ftp://sales"}, []string{"store", "url"}},
		{[]string{"cleanup.keepDays=0"}, []string{"cleanup", "keepDays"}},
		{[]string{"queue.list="}, []string{"queue", "list"}},
		{[]string{"queue.list=a{b}"}, []string{"queue", "list"}},
		{[]string{"redis.image.tag="}, []string{"redis", "image", "tag"}},
		{[]string{"redis.user=0"}, []string{"redis", "user"}},
		{[]string{"externalRedis.addresses={redis}"}, []string{"externalRedis", "addresses"}},
		{[]string{"externalRedis.url=redis.example:6379"}, []string{"externalRedis", "url"}},
		{[]string{"externalRedis.url=redis://us:secret@redis.example"}, []string{"externalRedis", "url"}},
		{[]string{"networkPolicy.redisFrom={any}"}, []string{"networkPolicy", "redisFrom"}},
		{[]string{"inspector.basePath=csv"}, []string{"inspector", "basePath"}},
		{[]string{"processor.rollout=slow"}, []string{"processor", "rollout"}},
	} {
		_, err := tryRender(t, installation{set: c.set})
		if err == nil {
			t.Errorf("%v was taken", c.set)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: the error does not name %q:\n%v", c.set, want, err)
			}
		}
	}
}

// TestCombinationsAreRefusedWithASentence provokes every fail of the templates.
func TestCombinationsAreRefusedWithASentence(t *testing.T) {
	const external = "redis.enabled=false,externalRedis.addresses={a:1}"
	text, err := os.ReadFile(filepath.Join(chartDir, "templates", "_validate.tpl"))
	if err != nil {
		t.Fatal(err)
	}
	sentences := provoked{} // up to the first thing that is filled in
	for _, m := range regexp.MustCompile(`fail \(?(?:printf )?"(?:%s)?([^"%]+)`).FindAllSubmatch(text, -1) {
		sentences[string(m[1])] = false
	}
	removing := &kedav1alpha1.ScaledJob{
		TypeMeta:   metav1.TypeMeta{APIVersion: "keda.sh/v1alpha1", Kind: "ScaledJob"},
		ObjectMeta: metav1.ObjectMeta{Name: "rel-csv-pipeline-processor", Namespace: "ns", DeletionTimestamp: &metav1.Time{Time: time.Now()}, Finalizers: []string{"finalizer.keda.sh"}},
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: "ns"}}
	withKEDA := []string{"keda.sh/v1alpha1"}
	for _, c := range []struct {
		set      string
		existing []runtime.Object
		apis     []string
	}{
		{"generator.enabled=true", []runtime.Object{removing, account}, withKEDA},
		{"generator.enabled=true", []runtime.Object{account}, nil},
	} {
		sentences.provoke(t, installation{set: []string{c.set}, existing: c.existing, apis: c.apis})
	}
	for _, set := range []string{
		"redis.auth.password=a,redis.auth.existingSecret=b",
		"secrets.generate=never",
		"processor.autoscale=true",
		"processor.minReplicaCount=9",
		"processor.tmpSize=3Gi",
		"processor.mode=deployment,processor.autoscale=true,processor.replicas=9",
		"common.serviceAccount.name=mine",
		"data.accessMode=ReadWriteMany",
		"data.storageClass=fast",
		"data.size=1Mi",
		"generator.months=0",
		"processor.command=cat,processor.image.repository=mine/totals",
		"test.input=a",
		"test.expected=a",
		"inspector.auth.user=me,inspector.auth.upload=off",
		"inspector.auth.read=true,inspector.auth.upload=off",
		"inspector.auth.upload=existingSecret",
		"inspector.auth.existingSecret=web,inspector.auth.tokenKey=",
		"inspector.ingress.enabled=true",
		"inspector.httpRoute.enabled=true",
		"monitoring.prometheusRule.enabled=true",
		"externalRedis.addresses={a:1}",
		"redis.enabled=false",
		"redis.enabled=false,externalRedis.addresses={a:1,b:2}",
		"store=null",
		"store.existingSecret=bucket",
		"store.tls.existingSecret=bucket",
		"store.url=s3://sales,store.existingSecret=bucket,store.serviceAccountAnnotations.some=role",
		"store.url=s3://sales,data.existingClaim=mine",
		"store.url=s3://sales",
		"data.existingClaim=mine",
		"data.existingClaim=rel-csv-pipeline-data",
		external + ",externalRedis.url=redis://b",
		"redis.enabled=false,externalRedis.mode=cluster,externalRedis.url=redis://b",
		external + ",externalRedis.mode=sentinel",
		external + ",externalRedis.mode=cluster,externalRedis.database=3",
		external + ",externalRedis.sentinel.master=m",
		external + ",externalRedis.auth.username=u",
		external + ",externalRedis.auth.perClient=true",
		external + ",externalRedis.auth.username=u,externalRedis.auth.perClient=true,externalRedis.auth.existingSecret=s",
		external + ",externalRedis.mode=sentinel,externalRedis.sentinel.master=m",
		external + ",externalRedis.sentinel.existingSecretPasswordKey=k,externalRedis.mode=sentinel,externalRedis.sentinel.master=m,networkPolicy.externalRedisPorts={6379}",
		external + ",externalRedis.tls.existingSecret=s",
		external + ",externalRedis.tls.enabled=true,externalRedis.tls.clientCertificate=true",
	} {
		// An earlier version of the release has made a volume.
		sentences.provoke(t, installation{set: []string{set}, existing: []runtime.Object{volumeOf("rel")}})
	}
	for sentence, was := range sentences {
		if !was {
			t.Errorf("nothing here provokes %q", sentence)
		}
	}
}

// provoked says of each sentence whether it was an error.
type provoked map[string]bool

func (p provoked) provoke(t *testing.T, in installation) {
	t.Helper()
	_, err := tryRender(t, in)
	if err == nil {
		t.Errorf("%s was taken", in.set)
		return
	}
	said := false
	for sentence := range p {
		if strings.Contains(err.Error(), sentence) {
			p[sentence], said = true, true
		}
	}
	if !said {
		t.Errorf("%s is refused with another error: %v", in.set, err)
	}
}

// TestAsASubchart: a parent's global values reach the chart, and must not make it refuse its own.
func TestAsASubchart(t *testing.T) {
	render(t, installation{set: []string{"global.something.of.the.parent=1"}})
}

func TestNumbersAreNotPrintedAsFloats(t *testing.T) {
	r := render(t, installation{values: "generator: {rows: 50000000}\nprocessor: {filesPerJob: 10000000, maxReplicaCount: 3000000}\n"})
	var seen []string
	for _, pod := range r.pods() {
		seen = append(seen, env(pod.Spec.Containers[0])["CSV_PIPELINE_ROWS"], env(pod.Spec.Containers[0])["FILES_PER_JOB"])
	}
	for _, want := range []string{"50000000", "10000000"} {
		if !slices.Contains(seen, want) {
			t.Errorf("no container gets %s: %q", want, seen)
		}
	}
}
