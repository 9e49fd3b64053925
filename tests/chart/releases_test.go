package chart

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// TestTwoPipelinesInANamespaceDoNotMeet: no object is in both releases, and nothing in one selects
// pods of the other.
func TestTwoPipelinesInANamespaceDoNotMeet(t *testing.T) {
	const values = `
cleanup: {enabled: true}
inspector: {replicas: 2}
redis: {podDisruptionBudget: true}
monitoring: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, dashboard: {enabled: true}}
processor: {groupBy: [%s], topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]}
`
	pipelines := map[string]release{}
	for name, column := range map[string]string{"sales": "item_id", "hours": "hour(timestamp)"} {
		pipelines[name] = render(t, installation{name: name, values: fmt.Sprintf(values, column)})
	}
	for key := range pipelines["sales"].objects {
		if _, both := pipelines["hours"].objects[key]; both {
			t.Errorf("both releases have %s", key)
		}
	}
	checkApart(t, pipelines["sales"], pipelines["hours"])
	for one := range pipelines {
		if selectors := selectorsOf(t, pipelines[one]); len(selectors) < 20 {
			t.Fatalf("%s has only %d selectors: %v", one, len(selectors), slices.Sorted(maps.Keys(selectors)))
		}
		address := get[*kedav1alpha1.ScaledJob](t, pipelines[one], "").Spec.Triggers[0].Metadata["address"]
		if want := one + "-csv-pipeline-redis.ns.svc:6379"; address != want {
			t.Errorf("%s counts at %s, not at %s", one, address, want)
		}
	}
}

// checkApart: nothing of one release selects pods of the other.
func checkApart(t *testing.T, a, b release) {
	t.Helper()
	for _, pair := range [][2]release{{a, b}, {b, a}} {
		for who, selector := range selectorsOf(t, pair[0]) {
			for key, pod := range pair[1].pods() {
				if selector.Matches(labels.Set(pod.Labels)) {
					t.Errorf("%s selects %s of the other", who, key)
				}
			}
		}
	}
}

// selectorsOf returns what each object of a release selects pods by.
func selectorsOf(t *testing.T, r release) map[string]labels.Selector {
	t.Helper()
	found := map[string]labels.Selector{}
	add := func(who string, selector *metav1.LabelSelector) {
		if selector == nil {
			return
		}
		s, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		found[fmt.Sprintf("%s, %d", who, len(found))] = s
	}
	for key, object := range r.objects {
		switch o := object.(type) {
		case *corev1.Service:
			found[key] = labels.SelectorFromSet(o.Spec.Selector)
		case *appsv1.Deployment:
			add(key, o.Spec.Selector)
		case *appsv1.StatefulSet:
			add(key, o.Spec.Selector)
		case *policyv1.PodDisruptionBudget:
			add(key, o.Spec.Selector)
		case *networkingv1.NetworkPolicy:
			add(key, &o.Spec.PodSelector)
			for _, rule := range o.Spec.Ingress {
				for _, peer := range rule.From {
					add(key, peer.PodSelector)
				}
			}
			for _, rule := range o.Spec.Egress {
				for _, peer := range rule.To {
					add(key, peer.PodSelector)
				}
			}
		}
	}
	for key, pod := range r.pods() {
		for _, spread := range pod.Spec.TopologySpreadConstraints {
			add(key, spread.LabelSelector)
		}
		if affinity := pod.Spec.Affinity; affinity != nil && affinity.PodAffinity != nil {
			for _, term := range affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
				add(key, term.LabelSelector)
			}
		}
	}
	return found
}
