package chart

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// TestOnlyMetricsThatExist asks a real inspector what metrics it has, and looks whether dashboard and
// alerts use others.
func TestOnlyMetricsThatExist(t *testing.T) {
	r := render(t, variants["everything set"])
	used := map[string]string{}
	note := func(where, expression string) {
		for _, name := range regexp.MustCompile(`csv_pipeline_[a-z_]+`).FindAllString(expression, -1) {
			used[name] = where
		}
	}
	for _, group := range get[*monitoringv1.PrometheusRule](t, r, "").Spec.Groups {
		for _, rule := range group.Rules {
			note("the alert "+rule.Alert, rule.Expr.String())
		}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(get[*corev1.ConfigMap](t, r, "-dashboard").Data["csv-pipeline.json"]), &dashboard); err != nil {
		t.Fatalf("the dashboard: %v", err)
	}
	for _, panel := range dashboard.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("the panel %q shows nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			note("the panel "+panel.Title, target.Expr)
		}
	}
	if len(used) < 10 {
		t.Fatalf("only these are used: %v", used)
	}
	address := startInspector(t)
	missing := func() (wrong []string) {
		metrics := scrape(t, address)
		for name, where := range used {
			if !regexp.MustCompile(`(?m)^` + name + `(\{| )`).MatchString(metrics) {
				wrong = append(wrong, where+" uses "+name+", which the inspector does not have")
			}
		}
		return wrong
	}
	// Some are there only after the first look at the files.
	deadline, again := time.After(10*time.Second), time.NewTicker(50*time.Millisecond)
	defer again.Stop()
	for wrong := missing(); len(wrong) > 0; wrong = missing() {
		select {
		case <-deadline:
			t.Fatal(strings.Join(wrong, "\n"))
		case <-again.C:
		}
	}
}

// startInspector builds and starts the inspector, with a Redis, and returns its address.
func startInspector(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "inspector")
	build := exec.Command("go", "build", "-o", binary, "./services/inspector")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the inspector: %v\n%s", err, out)
	}
	port := freePort(t)
	start(t, exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()), "Ready to accept connections")
	command := exec.Command(binary, "--listen", "127.0.0.1:0", "--sweep-interval", "100ms", "--redis-port", port, "--store-url", "file://"+t.TempDir())
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

// TestAlerts runs Prometheus' own unit tests of rules, testdata/alerts.yaml, on what the chart renders.
func TestAlerts(t *testing.T) {
	rule := get[*monitoringv1.PrometheusRule](t, render(t, installation{set: []string{"monitoring.serviceMonitor.enabled=true", "monitoring.prometheusRule.enabled=true"}}), "")
	folder := t.TempDir()
	groups, err := yaml.Marshal(rule.Spec)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile(filepath.Join("testdata", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"rules.yaml": groups, "tests.yaml": tests} {
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
	for _, group := range rule.Spec.Groups {
		for _, r := range group.Rules {
			for _, test := range []string{"alertname: " + r.Alert + "}", `alertname="` + r.Alert + `"`} {
				if !strings.Contains(string(tests), test) {
					t.Errorf("%s is not tested by %s", r.Alert, test)
				}
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
