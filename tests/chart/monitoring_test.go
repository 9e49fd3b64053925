package chart

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// dashboard is what these tests read of the one for Grafana.
type dashboard struct {
	Panels []struct {
		ID      int
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ RefID, Expr string }
	}
}

func readDashboard(t *testing.T, r release) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(get[*corev1.ConfigMap](t, r, "-dashboard").Data["csv-pipeline.json"]), &d); err != nil {
		t.Fatalf("the dashboard: %v", err)
	}
	return d
}

// TestDashboard checks what the editor of Grafana would ensure: the file is edited by hand.
func TestDashboard(t *testing.T) {
	ids, taken := map[int]string{}, map[[2]int]string{}
	for _, panel := range readDashboard(t, render(t, variants["everything set"])).Panels {
		if other, twice := ids[panel.ID]; twice {
			t.Errorf("the panels %q and %q have the id %d", panel.Title, other, panel.ID)
		}
		ids[panel.ID] = panel.Title
		at := panel.GridPos
		if at.W < 1 || at.H < 1 || at.X < 0 || at.X+at.W > 24 {
			t.Errorf("the panel %q is at %+v, and the dashboard has 24 columns", panel.Title, at)
			continue
		}
		overlapped := map[string]bool{}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other, covered := taken[[2]int{x, y}]; covered {
					overlapped[other] = true
				}
				taken[[2]int{x, y}] = panel.Title
			}
		}
		for other := range overlapped {
			t.Errorf("the panels %q and %q overlap", panel.Title, other)
		}
		references := map[string]bool{}
		for _, target := range panel.Targets {
			if references[target.RefID] || target.RefID == "" {
				t.Errorf("the panel %q has two queries %q", panel.Title, target.RefID)
			}
			references[target.RefID] = true
		}
		if len(panel.Targets) == 0 || panel.Title == "" {
			t.Errorf("the panel %d, %q, has no title or shows nothing", panel.ID, panel.Title)
		}
	}
}

var metricName = regexp.MustCompile(`csv_pipeline_[a-z_]+`)

// TestOnlyMetricsThatExist asks a real inspector what metrics it has: the dashboard and the alerts use no others, and
// the dashboard shows each of them.
func TestOnlyMetricsThatExist(t *testing.T) {
	r := render(t, variants["everything set"])
	used, shown := map[string]string{}, map[string]bool{}
	for _, group := range get[*monitoringv1.PrometheusRule](t, r, "").Spec.Groups {
		for _, rule := range group.Rules {
			for _, name := range metricName.FindAllString(rule.Expr.String(), -1) {
				used[name] = "the alert " + rule.Alert
			}
		}
	}
	for _, panel := range readDashboard(t, r).Panels {
		for _, target := range panel.Targets {
			for _, name := range metricName.FindAllString(target.Expr, -1) {
				used[name] = "the panel " + panel.Title
				shown[strings.TrimSuffix(name, "_bucket")] = true
			}
		}
	}
	if len(used) < 10 {
		t.Fatalf("only these are used: %v", used)
	}
	text := metricsOfInspector(t)
	for name, where := range used {
		if !regexp.MustCompile(`(?m)^` + name + `(\{| )`).MatchString(text) {
			t.Errorf("%s uses %s, which the inspector does not have", where, name)
		}
	}
	for _, m := range families(text) {
		if !shown[m.name] && m.name != "csv_pipeline_build_info" {
			t.Errorf("no panel of the dashboard shows %s", m.name)
		}
	}
}

// family is a metric as an inspector describes it.
type family struct{ name, kind, labels, help string }

// families returns the pipeline's own metrics, by name.
func families(text string) []family {
	var found []family
	for _, m := range regexp.MustCompile(`(?m)^# HELP (csv_pipeline_\S+) (.*)\n# TYPE \S+ (\S+)\n`).FindAllStringSubmatch(text, -1) {
		f := family{name: m[1], help: m[2], kind: m[3]}
		values := map[string][]string{}
		for _, sample := range regexp.MustCompile(`(?m)^`+f.name+`\{(.*)\} `).FindAllStringSubmatch(text, -1) {
			for _, pair := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(sample[1], -1) {
				values[pair[1]] = append(values[pair[1]], "`"+pair[2]+"`")
			}
		}
		var labels []string
		for _, label := range slices.Sorted(maps.Keys(values)) {
			if f.name == "csv_pipeline_build_info" || label == "sink" { // whose values are those of one build, or of one configuration
				labels = append(labels, "`"+label+"`")
				continue
			}
			labels = append(labels, "`"+label+"`: "+strings.Join(slices.Compact(slices.Sorted(slices.Values(values[label]))), ", "))
		}
		f.labels = strings.Join(labels, "; ")
		found = append(found, f)
	}
	return found
}

// TestMetricsInDocuments compares the tables of docs/metrics.md with what an inspector describes and with the alerts.
func TestMetricsInDocuments(t *testing.T) {
	var metrics, alerts strings.Builder
	metrics.WriteString("| metric | type | labels | |\n| --- | --- | --- | --- |\n")
	for _, m := range families(metricsOfInspector(t)) {
		fmt.Fprintf(&metrics, "| `%s` | %s | %s | %s |\n", m.name, m.kind, m.labels, m.help)
	}
	alerts.WriteString("| alert | severity | fires after | |\n| --- | --- | --- | --- |\n")
	for _, group := range get[*monitoringv1.PrometheusRule](t, render(t, alerting), "").Spec.Groups {
		for _, rule := range group.Rules {
			after := "at once"
			if rule.For != nil {
				after = string(*rule.For)
			}
			fmt.Fprintf(&alerts, "| `%s` | %s | %s | %s |\n", rule.Alert, rule.Labels["severity"], after, rule.Annotations["summary"])
		}
	}
	const path = "../../docs/metrics.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, table := range map[string]string{"metrics": metrics.String(), "alerts": alerts.String()} {
		begin, end := "<!-- "+name+": made by go test -run TestMetricsInDocuments -update in tests/chart -->\n", "<!-- end of "+name+" -->\n"
		before, rest, begins := strings.Cut(want, begin)
		_, after, ends := strings.Cut(rest, end)
		if !begins || !ends {
			t.Fatalf("%s has no place for the table between %q and %q", path, begin, end)
		}
		want = before + begin + table + end + after
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s does not say what the inspector and the alerts say: run go test -run TestMetricsInDocuments -update; first difference:\n%s", path, firstDifference(want, string(text)))
	}
}

var scraped string

// metricsOfInspector returns what a real inspector that has looked at the files answers at /metrics.
func metricsOfInspector(t *testing.T) string {
	t.Helper()
	if scraped != "" {
		return scraped
	}
	address := startInspector(t)
	deadline, again := time.After(30*time.Second), time.NewTicker(50*time.Millisecond)
	defer again.Stop()
	for {
		text := scrape(t, address)
		if strings.Contains(text, "csv_pipeline_store_files{") { // it has listed the files; the others are there at once
			scraped = text
			return text
		}
		select {
		case <-deadline:
			t.Fatalf("the inspector has not looked at the files:\n%s", text)
		case <-again.C:
		}
	}
}

// startInspector builds and starts the inspector, with a Redis, and returns its address.
func startInspector(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "inspector")
	// Without the clients of the clouds it is built in a fraction of the time.
	build := exec.Command("go", "build", "-tags", "nethttpomithttp2,nobuckets", "-o", binary, "./services/inspector")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the inspector: %v\n%s", err, out)
	}
	sinks := filepath.Join(t.TempDir(), "events.yaml")
	if err := os.WriteFile(sinks, []byte("sinks: [{name: a, redis: {stream: told}}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	start(t, exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()), "Ready to accept connections")
	command := exec.Command(binary, "--listen", "127.0.0.1:0", "--sweep-interval", "100ms", "--redis-port", port, "--events-config", sinks, "--store-url", "file://"+t.TempDir())
	line := start(t, command, `"serving"`)
	var serving struct{ Address string }
	if err := json.Unmarshal([]byte(line), &serving); err != nil {
		t.Fatal(err)
	}
	return serving.Address
}

func scrape(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %s, %v: %s", response.Status, err, text)
	}
	return string(text)
}

// start runs a command for the length of the test, and returns the line by which it says that it is ready.
func start(t *testing.T, c *exec.Cmd, ready string) string {
	t.Helper()
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%s ended before it was ready: %v", c.Path, err)
		}
		if strings.Contains(line, ready) {
			go func() { _, _ = io.Copy(io.Discard, lines) }() // a full pipe would stop it
			return line
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// alerting is an installation with all alerts.
var alerting = installation{set: []string{"monitoring.serviceMonitor.enabled=true", "monitoring.prometheusRule.enabled=true"}}

// TestAlerts runs Prometheus' own unit tests of rules, testdata/alerts.yaml, on what the chart renders, and looks
// whether each alert is in all five places of that file.
func TestAlerts(t *testing.T) {
	rule := get[*monitoringv1.PrometheusRule](t, render(t, alerting), "")
	folder := t.TempDir()
	groups, err := yaml.Marshal(rule.Spec)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"rules.yaml": groups, "tests.yaml": text} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"check", "rules", "rules.yaml"}, {"test", "rules", "tests.yaml"}} {
		c := exec.Command("promtool", args...)
		c.Dir = folder
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	var file struct {
		Tests []struct {
			Name        string
			InputSeries []struct{ Series string }    `json:"input_series"`
			Alerts      []struct{ Alertname string } `json:"alert_rule_test"`
			Expressions []struct {
				Samples []struct{ Labels string } `json:"exp_samples"`
			} `json:"promql_expr_test"`
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tests) < 3 {
		t.Fatalf("there are %d tests", len(file.Tests))
	}
	selector := regexp.MustCompile(`\b([a-z_]+)\{`)
	for _, group := range rule.Spec.Groups {
		for _, r := range group.Rules {
			for i, test := range file.Tests[:3] {
				for _, m := range selector.FindAllStringSubmatch(r.Expr.String(), -1) {
					series := false
					for _, s := range test.InputSeries {
						series = series || strings.HasPrefix(s.Series, m[0])
					}
					if !series {
						t.Errorf("testdata/alerts.yaml: the test %q has no series of %s, which %s uses", test.Name, m[1], r.Alert)
					}
				}
				quiet := false
				for _, alert := range test.Alerts {
					quiet = quiet || alert.Alertname == r.Alert
				}
				if i < 2 && !quiet {
					t.Errorf("testdata/alerts.yaml: the test %q does not say that %s is quiet", test.Name, r.Alert)
				}
			}
			fires := false
			for _, sample := range file.Tests[2].Expressions[0].Samples {
				fires = fires || strings.Contains(sample.Labels, `"`+r.Alert+`"`)
			}
			if !fires {
				t.Errorf("testdata/alerts.yaml: the test %q does not say that %s fires", file.Tests[2].Name, r.Alert)
			}
		}
	}
}

func TestPrometheusFindsTheInspector(t *testing.T) {
	r := render(t, variants["everything set"])
	monitor := get[*monitoringv1.ServiceMonitor](t, r, "")
	selector, err := metav1.LabelSelectorAsSelector(&monitor.Spec.Selector)
	if err != nil {
		t.Fatal(err)
	}
	var selected []string
	for _, service := range all[*corev1.Service](r) {
		if selector.Matches(labels.Set(service.Labels)) {
			selected = append(selected, fmt.Sprintf("%s:%s", service.Name, service.Spec.Ports[0].Name))
		}
	}
	if want := "rel-csv-pipeline-inspector:" + monitor.Spec.Endpoints[0].Port; len(selected) != 1 || selected[0] != want {
		t.Errorf("it selects %v, not %s", selected, want)
	}
}
