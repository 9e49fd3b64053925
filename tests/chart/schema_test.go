package chart

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// flip is a change of one value, with what has to be set for it to show.
type flip struct {
	to   string // YAML
	with string // YAML of other values, by path: "redis.enabled: false"
	same bool   // no object changes by it, only what is said elsewhere
}

const external = `{"redis.enabled": false, "externalRedis.addresses": ["a:1"], "externalRedis.auth.existingSecret": theirs}`

// flips is by the path of the value. Paths that are alike for several components are given once, with *.
var flips = map[string]flip{
	"nameOverride":                    {to: "other"},
	"fullnameOverride":                {to: "other"},
	"global.imageRegistry":            {to: "registry.example"},
	"image.pullPolicy":                {to: "Always"},
	"image.pullSecrets":               {to: "[one]"},
	"queue.list":                      {to: "other"},
	"store.url":                       {to: "s3://sales"},
	"store.existingSecret":            {to: "others", with: `{"store.url": "s3://sales"}`},
	"store.serviceAccountAnnotations": {to: "{some: annotation}", with: `{"store.url": "s3://sales"}`},
	"store.tls.existingSecret":        {to: "others", with: `{"store.url": "s3://sales"}`},
	"networkPolicy.storePeers":        {to: "[{podSelector: {}}]", with: `{"store.url": "s3://sales"}`},
	"networkPolicy.storePorts":        {to: "[7]", with: `{"store.url": "s3://sales"}`},

	"data.existingClaim":          {to: "mine"},
	"data.size":                   {to: "2Gi"},
	"data.accessMode":             {to: "ReadWriteMany"},
	"data.storageClass":           {to: "fast"},
	"data.keep":                   {to: "true"},
	"data.annotations":            {to: "{some: annotation}"},
	"*.image.registry":            {to: "registry.example"},
	"*.image.repository":          {to: "some/thing"},
	"*.image.tag":                 {to: "v9"},
	"*.image.digest":              {to: "sha256:" + strings.Repeat("a", 64)},
	"*.resources":                 {to: "{requests: {cpu: 3, memory: 1Gi}}"},
	"*.extraEnv":                  {to: "[{name: SOME, value: thing}]"},
	"*.podAnnotations":            {to: "{some: annotation}"},
	"*.podLabels":                 {to: "{some: label}"},
	"*.priorityClassName":         {to: "high"},
	"*.nodeSelector":              {to: "{disk: fast}"},
	"*.tolerations":               {to: "[{operator: Exists}]"},
	"*.affinity":                  {to: "{nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}"},
	"*.existingSecret":            {to: "theirs"},
	"*.persistence.size":          {to: "2Gi"},
	"*.backoffLimit":              {to: "1"},
	"*.ttlSecondsAfterFinished":   {to: "5"},
	"*.topologySpreadConstraints": {to: "[{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]"},

	"processor.pollingInterval":               {to: "7"},
	"processor.maxReplicaCount":               {to: "7"},
	"processor.filesPerJob":                   {to: "7"},
	"processor.groupBy":                       {to: "[store]"},
	"processor.aggregate":                     {to: "['count(*)']"},
	"processor.delimiter":                     {to: "tab"},
	"processor.noHeader":                      {to: "true"},
	"processor.onBadRow":                      {to: "skip"},
	"processor.maxBadShare":                   {to: "0.7"},
	"processor.concurrency":                   {to: "7"},
	"processor.filesPerTrigger":               {to: "7"},
	"processor.lease":                         {to: "7s"},
	"processor.maxErrors":                     {to: "7"},
	"processor.staleAfter":                    {to: "7h"},
	"processor.paused":                        {to: "true"},
	"processor.successfulJobsHistoryLimit":    {to: "7"},
	"processor.failedJobsHistoryLimit":        {to: "7"},
	"processor.activeDeadlineSeconds":         {to: "7"},
	"processor.rollout":                       {to: "immediate"},
	"processor.terminationGracePeriodSeconds": {to: "77"},
	"processor.tmpSize":                       {to: "7Gi"},

	"generator.enabled":     {to: "false"},
	"generator.schedule":    {to: "'@daily'"},
	"generator.start":       {to: "'2023-01-01'"},
	"generator.months":      {to: "7"},
	"generator.days":        {to: "7"},
	"generator.rows":        {to: "7"},
	"generator.items":       {to: "7"},
	"generator.maxQuantity": {to: "7"},
	"generator.seed":        {to: "7"},

	"cleanup.enabled":  {to: "true"},
	"cleanup.keepDays": {to: "7", with: `{"cleanup.enabled": true}`},
	"cleanup.schedule": {to: "'@daily'", with: `{"cleanup.enabled": true}`},
	"cleanup.dryRun":   {to: "true", with: `{"cleanup.enabled": true}`},

	"inspector.replicas":              {to: "2"},
	"inspector.sweepInterval":         {to: "7s"},
	"inspector.settle":                {to: "7s"},
	"inspector.basePath":              {to: "/csv/"},
	"inspector.auth.existingSecret":   {to: "web"},
	"inspector.auth.tokenKey":         {to: "''", with: `{"inspector.auth.existingSecret": web, "inspector.auth.user": me}`},
	"inspector.auth.user":             {to: "you", with: `{"inspector.auth.existingSecret": web, "inspector.auth.user": me}`},
	"inspector.auth.passwordKey":      {to: "other", with: `{"inspector.auth.existingSecret": web, "inspector.auth.user": me}`},
	"inspector.auth.read":             {to: "true", with: `{"inspector.auth.existingSecret": web, "inspector.auth.user": me}`},
	"inspector.maxUpload":             {to: "7", with: `{"inspector.auth.existingSecret": web, "inspector.auth.user": me}`},
	"inspector.service.type":          {to: "NodePort"},
	"inspector.service.port":          {to: "7"},
	"inspector.service.annotations":   {to: "{some: annotation}"},
	"inspector.ingress.enabled":       {to: "true", with: `{"inspector.ingress.hosts": [a.example]}`},
	"inspector.ingress.hosts":         {to: "[b.example]", with: `{"inspector.ingress.enabled": true, "inspector.ingress.hosts": [a.example]}`},
	"inspector.ingress.*":             {to: "nginx", with: `{"inspector.ingress.enabled": true, "inspector.ingress.hosts": [a.example]}`},
	"inspector.ingress.annotations":   {to: "{some: annotation}", with: `{"inspector.ingress.enabled": true, "inspector.ingress.hosts": [a.example]}`},
	"inspector.httpRoute.enabled":     {to: "true", with: `{"inspector.httpRoute.parentRefs": [{name: a}]}`},
	"inspector.httpRoute.parentRefs":  {to: "[{name: b}]", with: `{"inspector.httpRoute.enabled": true, "inspector.httpRoute.parentRefs": [{name: a}]}`},
	"inspector.httpRoute.hosts":       {to: "[b.example]", with: `{"inspector.httpRoute.enabled": true, "inspector.httpRoute.parentRefs": [{name: a}]}`},
	"inspector.httpRoute.annotations": {to: "{some: annotation}", with: `{"inspector.httpRoute.enabled": true, "inspector.httpRoute.parentRefs": [{name: a}]}`},

	"redis.enabled":                        {to: "false", with: `{"externalRedis.addresses": []}`},
	"redis.user":                           {to: "7"},
	"redis.auth.users":                     {to: "false"},
	"redis.auth.password":                  {to: "secret"},
	"redis.auth.existingSecretPasswordKey": {to: "pass"},
	"redis.tls.enabled":                    {to: "true"},
	"redis.tls.existingSecret":             {to: "certificates", with: `{"redis.tls.enabled": true}`},
	"redis.persistence.existingClaim":      {to: "mine"},
	"redis.persistence.storageClass":       {to: "fast"},
	"redis.persistence.keep":               {to: "true"},
	"redis.podDisruptionBudget":            {to: "true"},
	"redis.config":                         {to: "maxclients 7"},

	"externalRedis.mode":                               {to: "cluster", with: external},
	"externalRedis.addresses":                          {to: "['b:2']", with: external},
	"externalRedis.sentinel.master":                    {to: "two", with: sentinelWith},
	"externalRedis.sentinel.username":                  {to: "two", with: sentinelWith},
	"externalRedis.sentinel.existingSecretPasswordKey": {to: "two", with: sentinelWith},
	"externalRedis.auth.existingSecret":                {to: "others", with: external},
	"externalRedis.auth.existingSecretPasswordKey":     {to: "pass", with: external},
	"externalRedis.auth.username":                      {to: "us", with: external},
	"externalRedis.auth.perClient":                     {to: "true", with: external},
	"externalRedis.tls.enabled":                        {to: "true", with: external},
	"externalRedis.tls.existingSecret":                 {to: "certificates", with: withTLS},
	"externalRedis.tls.clientCertificate":              {to: "true", with: `{"redis.enabled": false, "externalRedis.addresses": ["a:1"], "externalRedis.tls.enabled": true, "externalRedis.tls.existingSecret": certificates}`},

	"networkPolicy.enabled":            {to: "false"},
	"networkPolicy.kedaNamespace":      {to: "autoscaling"},
	"networkPolicy.inspectorFrom":      {to: "[{podSelector: {}}]"},
	"networkPolicy.redisFrom":          {to: "[{podSelector: {}}]"},
	"networkPolicy.extraEgress":        {to: "[{ports: [{port: 443}]}]"},
	"networkPolicy.externalRedisPeers": {to: "[{podSelector: {}}]", with: external},
	"networkPolicy.externalRedisPorts": {to: "[7]", with: external},

	"monitoring.serviceMonitor.enabled":              {to: "true"},
	"monitoring.serviceMonitor.interval":             {to: "7s", with: monitoring},
	"monitoring.serviceMonitor.labels":               {to: "{some: label}", with: monitoring},
	"monitoring.prometheusRule.enabled":              {to: "true", with: `{"monitoring.serviceMonitor.enabled": true}`},
	"monitoring.prometheusRule.scrapedOtherwise":     {to: "true", same: true},
	"monitoring.prometheusRule.backlogFor":           {to: "7m", with: monitoring},
	"monitoring.prometheusRule.oldestWaitingSeconds": {to: "7", with: monitoring},
	"monitoring.prometheusRule.volumeFreeShare":      {to: "0.7", with: monitoring},
	"monitoring.prometheusRule.labels":               {to: "{some: label}", with: monitoring},
	"monitoring.dashboard.enabled":                   {to: "true"},
	"monitoring.dashboard.labels":                    {to: "{some: label}", with: monitoring},
	"monitoring.dashboard.annotations":               {to: "{some: annotation}", with: monitoring},

	"test.input":    {to: "b", with: `{"test.input": a, "test.expected": a}`},
	"test.expected": {to: "b", with: `{"test.input": a, "test.expected": a}`},
	"test.patience": {to: "7s"},
}

const (
	sentinelWith = `{"redis.enabled": false, "externalRedis.addresses": ["a:1"], "externalRedis.mode": sentinel, "externalRedis.sentinel.master": one, "externalRedis.auth.existingSecret": theirs}`
	withTLS      = `{"redis.enabled": false, "externalRedis.addresses": ["a:1"], "externalRedis.tls.enabled": true}`
	monitoring   = `{"monitoring.serviceMonitor.enabled": true, "monitoring.prometheusRule.enabled": true, "monitoring.dashboard.enabled": true}`
)

// flipOf finds the flip of a path: its own, or one of the paths that are alike.
func flipOf(path string) (string, bool) {
	if _, own := flips[path]; own {
		return path, true
	}
	for at := strings.LastIndex(path, "."); at > 0; at = strings.LastIndex(path[:at], ".") {
		if _, shared := flips["*"+path[at:]]; shared {
			return "*" + path[at:], true
		}
	}
	if at := strings.LastIndex(path, "."); at > 0 {
		_, group := flips[path[:at]+".*"]
		return path[:at] + ".*", group
	}
	return "", false
}

// TestEveryValueDoesSomething changes every value of the schema on its own, and looks whether any
// object, or the notes, changes by it.
func TestEveryValueDoesSomething(t *testing.T) {
	schema := readSchema(t)
	used := map[string]bool{}
	var walk func(path string, node map[string]any)
	walk = func(path string, node map[string]any) {
		node = schema.resolve(node)
		properties, _ := node["properties"].(map[string]any)
		name, known := flipOf(path)
		switch {
		case known && path != "":
			used[name] = true
			f := flips[name]
			if strings.HasPrefix(path, "cleanup.") && path != "cleanup.enabled" && f.with == "" {
				f.with = `{"cleanup.enabled": true}`
			}
			checkFlip(t, path, f)
		case len(properties) > 0:
			for _, key := range slices.Sorted(maps.Keys(properties)) {
				walk(strings.TrimPrefix(path+"."+key, "."), properties[key].(map[string]any))
			}
		default:
			t.Errorf("%s is in the schema, and this test does not change it", path)
		}
	}
	walk("", schema.root)
	for name := range flips {
		if !used[name] {
			t.Errorf("%s is changed here and not in the schema", name)
		}
	}
}

func checkFlip(t *testing.T, path string, f flip) {
	t.Helper()
	before := map[string]any{}
	var with map[string]any
	if err := yaml.Unmarshal([]byte(f.with), &with); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for path, value := range with {
		put(before, path, value)
	}
	after := deepCopy(t, before)
	var to any
	if err := yaml.Unmarshal([]byte(f.to), &to); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	put(after, path, to)
	if path == "redis.enabled" {
		put(after, "externalRedis.addresses", []any{"a:1"})
	}
	one, other := renderValues(t, path, before), renderValues(t, path, after)
	if same := reflect.DeepEqual(one, other); same != f.same {
		t.Errorf("%s: set to %s, the chart is the same: %v", path, f.to, same)
	}
}

// renderValues leaves out what differs each time: what is generated.
func renderValues(t *testing.T, path string, values map[string]any) release {
	t.Helper()
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	r, err := tryRender(t, installation{values: string(text)})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	forgetGenerated(r)
	return r
}

func put(values map[string]any, path string, value any) {
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		if _, ok := values[key].(map[string]any); !ok {
			values[key] = map[string]any{}
		}
		values = values[key].(map[string]any)
	}
	values[keys[len(keys)-1]] = value
}

func deepCopy(t *testing.T, values map[string]any) map[string]any {
	t.Helper()
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	copied := map[string]any{}
	if err := yaml.Unmarshal(text, &copied); err != nil {
		t.Fatal(fmt.Errorf("copy: %w", err))
	}
	return copied
}
