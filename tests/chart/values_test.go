package chart

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

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
	sentences := map[string]bool{} // up to the first thing that is filled in
	for _, m := range regexp.MustCompile(`fail \(?(?:printf )?"(?:%s)?([^"%]+)`).FindAllSubmatch(text, -1) {
		sentences[string(m[1])] = false
	}
	for _, set := range []string{
		"redis.auth.password=a,redis.auth.existingSecret=b",
		"generator.months=0",
		"processor.command=cat,processor.image.repository=mine/totals",
		"test.input=a",
		"test.expected=a",
		"inspector.auth.user=me",
		"inspector.auth.read=true",
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
		external + ",externalRedis.mode=sentinel",
		external + ",externalRedis.sentinel.master=m",
		external + ",externalRedis.auth.username=u",
		external + ",externalRedis.auth.perClient=true",
		external + ",externalRedis.auth.username=u,externalRedis.auth.perClient=true,externalRedis.auth.existingSecret=s",
		external + ",externalRedis.sentinel.existingSecretPasswordKey=k,externalRedis.mode=sentinel,externalRedis.sentinel.master=m",
		external + ",externalRedis.tls.existingSecret=s",
		external + ",externalRedis.tls.enabled=true,externalRedis.tls.clientCertificate=true",
	} {
		// An earlier version of the release has made a volume.
		_, err := tryRender(t, installation{set: []string{set}, existing: []runtime.Object{volumeOf("rel")}})
		if err == nil {
			t.Errorf("%s was taken", set)
			continue
		}
		said := false
		for sentence := range sentences {
			if strings.Contains(err.Error(), sentence) {
				sentences[sentence], said = true, true
			}
		}
		if !said {
			t.Errorf("%s is refused with another error: %v", set, err)
		}
	}
	for sentence, provoked := range sentences {
		if !provoked {
			t.Errorf("nothing here provokes %q", sentence)
		}
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
