//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// theirRules are what the administrators of a shared cluster put into a namespace. NAMESPACE is its name.
const theirRules = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: NAMESPACE}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: share, namespace: NAMESPACE}
spec:
  hard: {requests.cpu: "2", requests.memory: 3Gi, limits.cpu: "10", limits.memory: 5Gi, pods: "15", persistentvolumeclaims: "2", requests.storage: 20Gi}
---
apiVersion: v1
kind: LimitRange
metadata: {name: defaults, namespace: NAMESPACE}
spec:
  limits: [{type: Container, default: {cpu: 500m}, defaultRequest: {cpu: 20m}, max: {cpu: "2", memory: 1Gi}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: NAMESPACE}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAMESPACE}}
    resourceRules:
      - apiGroups: ["", apps, batch, networking.k8s.io, policy, keda.sh]
        apiVersions: ["*"]
        operations: [CREATE]
        resources: [pods, services, configmaps, secrets, serviceaccounts, persistentvolumeclaims, deployments, replicasets, statefulsets, jobs, cronjobs, networkpolicies, poddisruptionbudgets, scaledjobs, scaledobjects, triggerauthentications]
  matchConditions:
    - {name: not-helm, expression: "!(object.kind == 'Secret' && object.type == 'helm.sh/release.v1')"}
  variables:
    - name: pod
      expression: >-
        object.kind == 'Pod' ? object.spec :
        object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.spec :
        object.kind == 'ScaledJob' ? object.spec.jobTargetRef.template.spec :
        has(object.spec) && has(object.spec.template) ? object.spec.template.spec : null
    - name: containers
      expression: "variables.pod == null ? [] : variables.pod.containers + (has(variables.pod.initContainers) ? variables.pod.initContainers : [])"
  validations:
    - {expression: "has(object.metadata.labels) && 'team' in object.metadata.labels", message: it has no label team}
    - {expression: "variables.containers.all(c, has(c.resources) && has(c.resources.limits) && 'memory' in c.resources.limits)", message: a container has no memory limit}
    - {expression: "variables.containers.all(c, c.image.startsWith('localhost/') || c.image.startsWith('docker.io/'))", message: an image is of another registry}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: NAMESPACE}
spec: {policyName: NAMESPACE, validationActions: [Deny]}
`

// TestOnASharedCluster installs the chart where an administrator denies all network traffic by default, sets a quota,
// and refuses objects without a label, a memory limit or a registry. NETWORK_POLICIES=enforced says that the cluster
// enforces NetworkPolicies: then nobody reaches the pods but whom the values allow.
func TestOnASharedCluster(t *testing.T) {
	r := newRelease(t, forVolumes.build(t))
	rules := strings.ReplaceAll(theirRules, "NAMESPACE", r.namespace)
	runWith(t, rules, "kubectl", "apply", "--filename", "-")
	t.Cleanup(func() {
		if _, err := tryRun(contextOf(t), "", "kubectl", "delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", r.namespace); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "the policy in force", patience, func() error {
		said, err := tryRun(t.Context(), "", "kubectl", "--namespace", r.namespace, "create", "configmap", "probe", "--dry-run=server")
		if err == nil || !strings.Contains(err.Error(), "it has no label team") {
			return fmt.Errorf("an object without the label is created: %s%v", said, err)
		}
		return nil
	})
	if image := os.Getenv("VALKEY_IMAGE"); image != "" {
		r.set("redis.image", parseImage(image))
	}
	friend := []map[string]any{{"namespaceSelector": map[string]any{}, "podSelector": map[string]any{"matchLabels": map[string]string{"run": "friend"}}}}
	r.set("commonLabels.team", "sales")
	r.set("networkPolicy.inspectorFrom", friend)
	r.set("networkPolicy.redisFrom", friend)
	r.helm(t, "install")
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+r.name+"-inspector")
	page := forward(t, r.namespace, r.name+"-inspector")
	files := halfYear(2022)
	eventually(t, "all results", patience, func() error { return page.complete(len(files)) })
	checkResults(t, page, files)
	run(t, "helm", "test", r.name, "--namespace", r.namespace)
	if version := r.redis(t, "INFO server"); os.Getenv("VALKEY_IMAGE") != "" && !strings.Contains(version, "valkey_version:") {
		t.Errorf("the server is not Valkey:\n%s", version)
	}
	if denied := r.redis(t, "ACL LOG"); denied != "" {
		t.Errorf("Redis denied something to a user of the chart's:\n%s", denied)
	}

	t.Run("a stranger's pod reaches nothing", func(t *testing.T) {
		if os.Getenv("NETWORK_POLICIES") != "enforced" {
			t.Skip("NETWORK_POLICIES=enforced does not say that this cluster enforces NetworkPolicies")
		}
		other := r.namespace + "-others"
		run(t, "kubectl", "create", "namespace", other)
		t.Cleanup(func() {
			if _, err := tryRun(contextOf(t), "", "kubectl", "delete", "namespace", other, "--timeout=120s"); err != nil {
				t.Error(err)
			}
		})
		redis := r.kubectl(t, "get", "pod", r.name+"-redis-0", "--output", "jsonpath={.spec.containers[0].image}")
		for _, pod := range []string{"friend", "stranger"} {
			run(t, "kubectl", "--namespace", other, "run", pod, "--image", redis, "--command", "--", "sleep", "3600")
		}
		run(t, "kubectl", "--namespace", other, "wait", "--for=condition=Ready", "--timeout=120s", "pod/friend", "pod/stranger")
		// Whatever answers proves the connection: Redis wants a password, and a web server speaks another protocol.
		reaches := func(pod, service, port string) (bool, string) {
			said, err := tryRun(t.Context(), "", "kubectl", "--namespace", other, "exec", pod, "--",
				"sh", "-c", "timeout 5 redis-cli -h "+r.name+"-"+service+"."+r.namespace+".svc -p "+port+" PING 2>&1")
			return strings.Contains(said, "NOAUTH") || strings.Contains(said, "Protocol error"), fmt.Sprint(said, err)
		}
		ports := map[string]string{"redis": "6379", "inspector": r.kubectl(t, "get", "service", r.name+"-inspector", "--output", "jsonpath={.spec.ports[0].port}")}
		for service, port := range ports {
			eventually(t, "the friend reaches the "+service, patience, func() error {
				if ok, said := reaches("friend", service, port); !ok {
					return fmt.Errorf("redis-cli says %s", said)
				}
				return nil
			})
			if ok, said := reaches("stranger", service, port); ok {
				t.Errorf("the stranger reaches the %s: %s", service, said)
			}
		}
	})
}
