package web_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A real Prometheus scrapes the metrics and answers queries about them.
func TestPrometheusScrapes(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs Prometheus")
	}
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatalf("this test needs Debian's prometheus: %v", err)
	}
	s := start(t, nil)
	s.sample(t)
	folder := t.TempDir()
	config := filepath.Join(folder, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs:\n- job_name: csv-pipeline\n  static_configs:\n  - targets: [%q]\n", s.Listener.Addr().String())
	if err := os.WriteFile(config, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	p := exec.Command(path, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+address)
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said strings.Builder
	p.Stderr = &said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() })
	query := func(q string) string {
		r, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(q))
		if err != nil {
			return ""
		}
		defer r.Body.Close()
		var answer struct {
			Data struct {
				Result []struct{ Value [2]any }
			}
		}
		if json.NewDecoder(r.Body).Decode(&answer) != nil || len(answer.Data.Result) == 0 {
			return ""
		}
		return fmt.Sprint(answer.Data.Result[0].Value[1])
	}
	for q, want := range map[string]string{
		`csv_pipeline_queue_files{state="failed"}`: "2", "csv_pipeline_files_completed_total": "2", "histogram_quantile(0.5, csv_pipeline_processing_seconds_bucket) > bool 0": "1", "up": "1",
	} {
		for deadline := time.Now().Add(30 * time.Second); query(q) != want; {
			if time.Now().After(deadline) {
				t.Fatalf("%s is %q, want %q", q, query(q), want)
			}
		}
	}
}
