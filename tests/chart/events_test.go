package chart

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// Sinks of the pipeline's own Redis may be written by its user, and ports of all others be reached.
func TestSinksCanBeReached(t *testing.T) {
	r := render(t, variants["events"])
	if rule := rules(t, r)["inspector"]; !slices.Contains(rule, "~second-list") || slices.Contains(rule, "~told") {
		t.Errorf("the inspector may write %v", rule)
	}
	if rule := rules(t, r)["processor"]; slices.Contains(rule, "~second-list") {
		t.Errorf("the processor may write %v", rule)
	}
	var ports []int32
	for _, rule := range get[*networkingv1.NetworkPolicy](t, r, "-inspector").Spec.Egress {
		for _, peer := range rule.To {
			if peer.IPBlock == nil || peer.IPBlock.CIDR != "10.0.0.0/8" {
				continue
			}
			for _, port := range rule.Ports {
				ports = append(ports, port.Port.IntVal)
			}
		}
	}
	if !slices.Equal(ports, []int32{8443, 6380}) {
		t.Errorf("the ports of the sinks are %v", ports)
	}
	var files []string
	for _, pod := range r.pods() {
		for _, volume := range pod.Spec.Volumes {
			if volume.Name != "events-secrets" {
				continue
			}
			if componentOf(pod) != "inspector" {
				t.Errorf("%s has the secrets of the sinks", componentOf(pod))
			}
			for _, source := range volume.Projected.Sources {
				for _, item := range source.Secret.Items {
					files = append(files, source.Secret.Name+"/"+item.Key+" "+item.Path)
				}
			}
		}
	}
	if want := []string{"authority/ca.crt billing/caFile", "webhooks/billing billing/signingSecretFile", "webhooks/token billing/tokenFile", "other/password kept/passwordFile"}; !slices.Equal(files, want) {
		t.Errorf("the files of the sinks are %q, want %q", files, want)
	}
	if get[*corev1.ConfigMap](t, r, "-events").Data["events.yaml"] == "" {
		t.Error("there are no sinks in the ConfigMap")
	}
}
