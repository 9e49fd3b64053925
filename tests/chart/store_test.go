package chart

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// volumeOf is the claim that a release of the name has made in the cluster.
func volumeOf(release string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"},
		ObjectMeta: metav1.ObjectMeta{Name: release + "-csv-pipeline-data", Namespace: "ns",
			Annotations: map[string]string{"meta.helm.sh/release-name": release}},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			StorageClassName: new("standard"),
			Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
}

// fileUsers are the pods of a release that use the files, by key: all but Redis'.
func fileUsers(r release) map[string]corev1.PodTemplateSpec {
	pods := r.pods()
	maps.DeleteFunc(pods, func(_ string, pod corev1.PodTemplateSpec) bool { return componentOf(pod) == "redis" })
	return pods
}

// TestABucketNeedsNoVolume: there is no PVC, no pod mounts one, and no pod is bound to a node.
func TestABucketNeedsNoVolume(t *testing.T) {
	for _, name := range []string{"bucket", "bucket of Google", "bucket by identity", "nothing on a volume"} {
		r := render(t, variants[name])
		if _, made := r.objects["PersistentVolumeClaim/rel-csv-pipeline-data"]; made {
			t.Errorf("%s: there is a volume for the files", name)
		}
		for key, pod := range fileUsers(r) {
			if url := env(pod.Spec.Containers[0])["STORE_URL"]; !strings.Contains(url, "://sales") {
				t.Errorf("%s: %s looks for the files at %q", name, key, url)
			}
			for _, volume := range pod.Spec.Volumes {
				if volume.PersistentVolumeClaim != nil {
					t.Errorf("%s: %s mounts %s", name, key, volume.Name)
				}
			}
			if pod.Spec.Affinity != nil {
				t.Errorf("%s: %s is kept on a node: %v", name, key, pod.Spec.Affinity)
			}
		}
	}
	rules := render(t, variants["nothing on a volume"]).objects["PrometheusRule/rel-csv-pipeline"]
	if text := fmt.Sprint(rules); strings.Contains(text, "kubelet_volume_stats") || !strings.Contains(text, "CSVPipelineFilesFailed") {
		t.Errorf("without a volume the alerts are %v", rules)
	}
}

func TestCredentialsOfABucket(t *testing.T) {
	for _, c := range []struct {
		variant string
		env     map[string]string // of every pod that uses the files
		from    string            // the Secret that more of it is in
		files   map[string]string // Secret's key by the file's path
		account map[string]string // annotations of the ServiceAccount
		label   string            // Azure's, of the pods
	}{
		{"defaults", nil, "", nil, nil, ""},
		{"bucket", map[string]string{"SSL_CERT_DIR": "/run/secrets/store-tls"}, "bucket", map[string]string{"/run/secrets/store-tls/ca.crt": "bucket-tls/ca.crt"}, nil, ""},
		{"bucket of Google", map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "/run/secrets/store/credentials.json"}, "",
			map[string]string{"/run/secrets/store/credentials.json": "bucket/credentials.json"}, nil, ""},
		{"bucket by identity", nil, "", nil, map[string]string{"azure.workload.identity/client-id": "a12"}, "true"},
		{"nothing on a volume", nil, "", nil, map[string]string{"eks.amazonaws.com/role-arn": "arn"}, ""},
	} {
		t.Run(c.variant, func(t *testing.T) {
			r := render(t, variants[c.variant])
			for key, pod := range fileUsers(r) {
				container := pod.Spec.Containers[0]
				for _, name := range []string{"SSL_CERT_DIR", "GOOGLE_APPLICATION_CREDENTIALS"} {
					if got := env(container)[name]; got != c.env[name] {
						t.Errorf("%s: %s is %q, not %q", key, name, got, c.env[name])
					}
				}
				var from string
				for _, source := range container.EnvFrom {
					from += source.SecretRef.Name
				}
				if from != c.from {
					t.Errorf("%s: the environment is from the Secret %q, not %q", key, from, c.from)
				}
				files := map[string]string{}
				for _, volume := range pod.Spec.Volumes {
					if !strings.HasPrefix(volume.Name, "store") {
						continue
					}
					at := slices.IndexFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume.Name })
					if at < 0 || !container.VolumeMounts[at].ReadOnly {
						t.Errorf("%s: %s is not mounted read-only", key, volume.Name)
						continue
					}
					for _, item := range volume.Secret.Items {
						files[container.VolumeMounts[at].MountPath+"/"+item.Path] = volume.Secret.SecretName + "/" + item.Key
					}
				}
				if !maps.Equal(files, c.files) {
					t.Errorf("%s: the files are %v, not %v", key, files, c.files)
				}
				account := r.objects["ServiceAccount/"+pod.Spec.ServiceAccountName]
				if got := account.GetAnnotations(); !maps.Equal(got, c.account) {
					t.Errorf("%s: its ServiceAccount has the annotations %v, not %v", key, got, c.account)
				}
				if got := pod.Labels["azure.workload.identity/use"]; got != c.label {
					t.Errorf("%s: its label for Azure is %q, not %q", key, got, c.label)
				}
			}
			if redis, there := r.objects["ServiceAccount/rel-csv-pipeline-redis"]; there && len(redis.GetAnnotations()) != 0 {
				t.Errorf("Redis has the identity %v", redis.GetAnnotations())
			}
		})
	}
}

// TestTheBucketIsReached: the NetworkPolicies allow the ports of the bucket's service and of the credentials.
func TestTheBucketIsReached(t *testing.T) {
	const endpoint = "store.url=s3://sales?region=x&endpoint="
	for _, c := range []struct {
		set  []string
		open string
		to   []string
	}{
		{nil, "", nil},
		{[]string{"store.url=azblob://sales"}, "443", nil},
		{[]string{"store.url=s3://sales"}, "443 80", []string{"169.254.170.23/32", "fd00:ec2::23/128"}},
		{[]string{"store.url=s3://sales", "networkPolicy.storePeers[0].ipBlock.cidr=10.0.0.0/8"}, "443 80", []string{"10.0.0.0/8", "169.254.170.23/32", "fd00:ec2::23/128"}},
		{[]string{"store.url=s3://sales", "networkPolicy.storePeers[0].ipBlock.cidr=10.0.0.0/8", `store.serviceAccountAnnotations.eks\.amazonaws\.com/role-arn=arn`}, "443 443 80", []string{"10.0.0.0/8", "169.254.170.23/32", "fd00:ec2::23/128"}},
		{[]string{"store.url=s3://sales", "store.instanceProfile=true"}, "443 80 80", []string{"169.254.170.23/32", "fd00:ec2::23/128", "169.254.169.254/32", "fd00:ec2::254/128"}},
		{[]string{"store.url=s3://sales", "networkPolicy.storePorts={8443}", `store.serviceAccountAnnotations.eks\.amazonaws\.com/role-arn=arn`}, "8443 443 80", []string{"169.254.170.23/32", "fd00:ec2::23/128"}},
		{[]string{"store.url=gs://sales"}, "443 80 988", []string{"169.254.169.252/32", "169.254.169.254/32"}},
		{[]string{"store.url=gs://sales", "store.existingSecret=s"}, "443", nil},
		{[]string{endpoint + "http%3A%2F%2Fminio.minio.svc%3A9000", "store.existingSecret=s"}, "9000", nil},
		{[]string{endpoint + "https://minio.example:9443/s3", "store.existingSecret=s"}, "9443", nil},
		{[]string{endpoint + "minio:9000", "store.existingSecret=s"}, "9000", nil},
		{[]string{endpoint + "http://minio.example", "store.existingSecret=s"}, "80", nil},
		{[]string{endpoint + "https://minio.example", "store.existingSecret=s"}, "443", nil},
		{[]string{endpoint + "minio:9000", "store.existingSecret=s", "networkPolicy.storePorts={9001,9002}"}, "9001 9002", nil},
	} {
		r := render(t, installation{set: c.set})
		for key, policy := range r.objects {
			policy, ok := policy.(*networkingv1.NetworkPolicy)
			if !ok || strings.HasSuffix(key, "-redis") {
				continue
			}
			var open, to []string
			for _, rule := range policy.Spec.Egress[2:] { // after DNS and Redis
				for _, port := range rule.Ports {
					open = append(open, port.Port.String())
				}
				for _, peer := range rule.To {
					to = append(to, peer.IPBlock.CIDR)
				}
			}
			if got := strings.Join(open, " "); got != c.open || !slices.Equal(to, c.to) {
				t.Errorf("%v: %s opens the ports %q, of %v; they are to be %q, of %v", c.set, key, got, to, c.open, c.to)
			}
		}
	}
}

// TestAVolumeThatIsKeptMayBeLeft: an upgrade is not refused for a PVC that it does not delete, or of another release.
func TestAVolumeThatIsKeptMayBeLeft(t *testing.T) {
	kept, another := volumeOf("rel"), volumeOf("rel")
	kept.Annotations["helm.sh/resource-policy"] = "keep"
	another.Annotations["meta.helm.sh/release-name"] = "other"
	for name, volume := range map[string]*corev1.PersistentVolumeClaim{"kept": kept, "another release's": another} {
		if _, err := tryRender(t, installation{set: []string{"store.url=s3://sales"}, existing: []runtime.Object{volume}}); err != nil {
			t.Errorf("a volume that is %s: %v", name, err)
		}
	}
}

// TestARenamedVolumeIsRefused: an upgrade that gives the PVC another name would delete the one with the files.
func TestARenamedVolumeIsRefused(t *testing.T) {
	for _, set := range []string{"fullnameOverride=sales", "nameOverride=sales"} {
		_, err := tryRender(t, installation{set: []string{set}, existing: []runtime.Object{volumeOf("rel")}})
		if err == nil || !strings.Contains(err.Error(), "deletes the PVC rel-csv-pipeline-data, because nameOverride or fullnameOverride") {
			t.Errorf("%s: %v", set, err)
		}
	}
}
