// Package chart holds the tests of the chart. They render it in process, as Helm does, and decode the objects
// into the types of Kubernetes and KEDA.
package chart

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/strvals"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

const chartDir = "../../charts/csv-pipeline"

// newObject returns an empty object of each kind that the chart may render.
var newObject = map[string]func() metav1.Object{
	"ConfigMap":             func() metav1.Object { return new(corev1.ConfigMap) },
	"CronJob":               func() metav1.Object { return new(batchv1.CronJob) },
	"Deployment":            func() metav1.Object { return new(appsv1.Deployment) },
	"Job":                   func() metav1.Object { return new(batchv1.Job) },
	"HTTPRoute":             func() metav1.Object { return new(gatewayv1.HTTPRoute) },
	"Ingress":               func() metav1.Object { return new(networkingv1.Ingress) },
	"NetworkPolicy":         func() metav1.Object { return new(networkingv1.NetworkPolicy) },
	"PersistentVolumeClaim": func() metav1.Object { return new(corev1.PersistentVolumeClaim) },
	"Pod":                   func() metav1.Object { return new(corev1.Pod) },
	"PodDisruptionBudget":   func() metav1.Object { return new(policyv1.PodDisruptionBudget) },
	"PrometheusRule":        func() metav1.Object { return new(monitoringv1.PrometheusRule) },
	"ScaledJob":             func() metav1.Object { return new(kedav1alpha1.ScaledJob) },
	"ScaledObject":          func() metav1.Object { return new(kedav1alpha1.ScaledObject) },
	"Secret":                func() metav1.Object { return new(corev1.Secret) },
	"Service":               func() metav1.Object { return new(corev1.Service) },
	"ServiceAccount":        func() metav1.Object { return new(corev1.ServiceAccount) },
	"ServiceMonitor":        func() metav1.Object { return new(monitoringv1.ServiceMonitor) },
	"StatefulSet":           func() metav1.Object { return new(appsv1.StatefulSet) },
	"TriggerAuthentication": func() metav1.Object { return new(kedav1alpha1.TriggerAuthentication) },
}

// release is a rendered chart: its objects by "Kind/name", and the notes.
type release struct {
	name    string
	objects map[string]metav1.Object
	notes   string
}

// installation says how to render the chart; the zero value is the defaults.
type installation struct {
	name     string           // of the release, "rel" where empty
	version  string           // of the chart, its own where empty
	set      []string         // as helm's --set
	values   string           // YAML, as helm's --values
	existing []runtime.Object // objects that lookup finds in the cluster
	apis     []string         // that the cluster has besides those of Kubernetes itself
	golden   bool             // of a variant: TestGolden compares all of its objects
}

func (in installation) releaseName() string { return cmp.Or(in.name, "rel") }

var loadOnce = sync.OnceValues(func() (*helmchart.Chart, error) { return loader.Load(chartDir) })

// load returns the chart. Callers must not change it.
func load(t *testing.T) *helmchart.Chart {
	t.Helper()
	c, err := loadOnce()
	if err != nil {
		t.Fatalf("loading the chart: %v", err)
	}
	return c
}

// renderText renders as `helm install` does, with values merged and checked against the schema, and returns the text
// of each template by its path.
func renderText(t *testing.T, in installation) (map[string]string, error) {
	t.Helper()
	c := load(t)
	if in.version != "" {
		other, metadata := *c, *c.Metadata
		metadata.Version, metadata.AppVersion = in.version, in.version
		other.Metadata = &metadata
		c = &other
	}
	values := map[string]any{}
	if err := yaml.Unmarshal([]byte(in.values), &values); err != nil {
		t.Fatalf("values of the test: %v", err)
	}
	for _, s := range in.set {
		if err := strvals.ParseInto(s, values); err != nil {
			t.Fatalf("--set %s: %v", s, err)
		}
	}
	options := chartutil.ReleaseOptions{Name: in.releaseName(), Namespace: "ns", Revision: 1, IsInstall: true}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.APIVersions = append(capabilities.APIVersions, in.apis...)
	top, err := chartutil.ToRenderValues(c, values, options, capabilities)
	if err != nil {
		return nil, err
	}
	return engine.RenderWithClientProvider(c, top, cluster{in.existing})
}

// tryRender decodes every document strictly, so that a field that Kubernetes does not know is an error.
func tryRender(t *testing.T, in installation) (release, error) {
	t.Helper()
	files, err := renderText(t, in)
	if err != nil {
		return release{}, err
	}
	out := release{name: in.releaseName(), objects: map[string]metav1.Object{}}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		switch {
		case filepath.Base(path) == "NOTES.txt":
			out.notes = files[path]
		case filepath.Ext(path) == ".yaml":
			if err := out.add(files[path]); err != nil {
				return release{}, fmt.Errorf("%s: %w\n%s", path, err, files[path])
			}
		}
	}
	return out, nil
}

func (r release) add(text string) error {
	for document := range strings.SplitSeq(text, "\n---\n") {
		if len(bytes.TrimSpace([]byte(document))) == 0 {
			continue
		}
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			return err
		}
		make, known := newObject[kind.Kind]
		if !known {
			return fmt.Errorf("the chart has an object of the kind %q that the tests do not know", kind.Kind)
		}
		object := make()
		if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
			return err
		}
		key := kind.Kind + "/" + object.GetName()
		if _, twice := r.objects[key]; twice {
			return fmt.Errorf("%s is there twice", key)
		}
		r.objects[key] = object
	}
	return nil
}

func render(t *testing.T, in installation) release {
	t.Helper()
	r, err := tryRender(t, in)
	if err != nil {
		t.Fatalf("rendering: %v", err)
	}
	return r
}

// get returns the one object of a type whose name ends so.
func get[T metav1.Object](t *testing.T, r release, suffix string) T {
	t.Helper()
	found := all[T](r)
	found = slices.DeleteFunc(found, func(o T) bool { return !strings.HasSuffix(o.GetName(), suffix) })
	if len(found) != 1 {
		t.Fatalf("there are %d objects %T with a name that ends in %q, of %v", len(found), *new(T), suffix, slices.Sorted(maps.Keys(r.objects)))
	}
	return found[0]
}

// all returns every object of a type, in the order of their names.
func all[T metav1.Object](r release) []T {
	var found []T
	for _, key := range slices.Sorted(maps.Keys(r.objects)) {
		if o, ok := r.objects[key].(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// pods returns all pod templates by "Kind/name" of their object. Tests of one component select by componentOf and
// not by kind, so that they hold whatever kind of object starts its pods.
func (r release) pods() map[string]corev1.PodTemplateSpec {
	found := map[string]corev1.PodTemplateSpec{}
	for key, object := range r.objects {
		switch o := object.(type) {
		case *appsv1.Deployment:
			found[key] = o.Spec.Template
		case *appsv1.StatefulSet:
			found[key] = o.Spec.Template
		case *batchv1.Job:
			found[key] = o.Spec.Template
		case *batchv1.CronJob:
			found[key] = o.Spec.JobTemplate.Spec.Template
		case *corev1.Pod:
			found[key] = corev1.PodTemplateSpec{ObjectMeta: o.ObjectMeta, Spec: o.Spec}
		case *kedav1alpha1.ScaledJob:
			found[key] = o.Spec.JobTargetRef.Template
		}
	}
	return found
}

func componentOf(pod corev1.PodTemplateSpec) string { return pod.Labels["app.kubernetes.io/component"] }

// podOf returns the pod template of a component; where several objects start its pods, that of the first by name.
func (r release) podOf(t *testing.T, component string) corev1.PodTemplateSpec {
	t.Helper()
	pods := r.pods()
	for _, key := range slices.Sorted(maps.Keys(pods)) {
		if componentOf(pods[key]) == component {
			return pods[key]
		}
	}
	t.Fatalf("nothing starts pods of the component %s: %v", component, slices.Sorted(maps.Keys(r.objects)))
	return corev1.PodTemplateSpec{}
}

// env returns a container's environment, as far as it is given by value.
func env(c corev1.Container) map[string]string {
	found := map[string]string{}
	for _, e := range c.Env {
		found[e.Name] = e.Value
	}
	return found
}

// cluster answers the lookup function of the templates.
type cluster struct{ objects []runtime.Object }

func (c cluster) GetClientFor(apiVersion, kind string) (dynamic.NamespaceableResourceInterface, bool, error) {
	resources := map[string]schema.GroupVersionResource{
		"v1 Secret":                  corev1.SchemeGroupVersion.WithResource("secrets"),
		"v1 ServiceAccount":          corev1.SchemeGroupVersion.WithResource("serviceaccounts"),
		"v1 PersistentVolumeClaim":   corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims"),
		"apps/v1 StatefulSet":        appsv1.SchemeGroupVersion.WithResource("statefulsets"),
		"batch/v1 Job":               batchv1.SchemeGroupVersion.WithResource("jobs"),
		"keda.sh/v1alpha1 ScaledJob": kedav1alpha1.SchemeGroupVersion.WithResource("scaledjobs"),
	}
	resource, known := resources[apiVersion+" "+kind]
	if !known {
		return nil, false, fmt.Errorf("the chart looks up %s %s, which these tests do not serve", apiVersion, kind)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, corev1.AddToScheme, batchv1.AddToScheme, kedav1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, false, err
		}
	}
	return fake.NewSimpleDynamicClient(scheme, c.objects...).Resource(resource), true, nil
}
