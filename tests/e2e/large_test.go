//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"csv-pipeline/internal/sales"
)

// TestLargeFile has a file of 50 million rows, 1.2 GB, processed by a pod with the chart's default
// limits, 100 MiB of memory among them, and prints how long that took.
func TestLargeFile(t *testing.T) {
	r := newRelease(t, forVolumes.build(t))
	r.set("data.size", "3Gi")
	testLargeFile(t, r)
}

func testLargeFile(t *testing.T, r *release) {
	t.Helper()
	params := sales.Default()
	params.Days, params.Rows = 1, 50_000_000
	r.set("generator.days", params.Days)
	r.set("generator.rows", params.Rows)
	r.set("processor.resources.limits.cpu", 2)
	watched := watchJobs(t, r.namespace, r.name+"-processor")
	r.helm(t, "install")
	want := make(chan map[int]int, 1)
	go func() { want <- totalsOf(t, params) }()
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+r.name+"-inspector")
	page := forward(t, r.namespace, r.name+"-inspector")
	eventually(t, "the result", 2*patience, func() error { return page.complete(params.Days) })
	watched.await(t, "scaling to zero", patience, func(running []string) bool { return len(running) == 0 })

	name := sales.FileName(params.Start)
	resultName := strings.TrimSuffix(name, ".csv") + "_aggregated_sales.csv"
	if got, want := page.get(t, "/files/processed/"+resultName), result(<-want); got != want {
		t.Errorf("the result is\n%snot\n%s", got, want)
	}
	if err := watched.verdict(maxReplicaCount); err != nil {
		t.Error(err)
	}
	if err := r.restarts(t); err != nil {
		t.Error(err)
	}
	done := r.lastCompletion(t)
	if done.Name != name || done.Rows != params.Rows {
		t.Errorf("%s with %d rows was completed, not %s with %d", done.Name, done.Rows, name, params.Rows)
	}
	t.Logf("%d rows, %.2f GB, in %.2f s: %.0f million rows/s, within 100 MiB and with 2 CPUs shared by the whole cluster",
		done.Rows, float64(done.Bytes)/1e9, done.Seconds, float64(done.Rows)/1e6/done.Seconds)
}

// completion is an entry of the stream of what completed.
type completion struct {
	Name    string
	Rows    int64
	Bytes   int64
	Seconds float64
	Worker  string
}

func (r *release) lastCompletion(t *testing.T) completion {
	t.Helper()
	return r.completions(t, 1)[0]
}

// completions returns the last n entries of the stream of what completed, the last one first.
func (r *release) completions(t *testing.T, n int) []completion {
	t.Helper()
	text := r.redis(t, "--json XREVRANGE '{csvs-to-process}:completed' + - COUNT "+strconv.Itoa(n))
	var entries [][2]json.RawMessage
	if err := json.Unmarshal([]byte(text), &entries); err != nil || len(entries) == 0 {
		t.Fatalf("what completed: %v: %q", err, text)
	}
	var all []completion
	for _, entry := range entries {
		var pairs []string
		if err := json.Unmarshal(entry[1], &pairs); err != nil {
			t.Fatalf("what completed: %v: %s", err, entry[1])
		}
		var c completion
		for i := 0; i+1 < len(pairs); i += 2 {
			var err error
			switch value := pairs[i+1]; pairs[i] {
			case "name":
				c.Name = value
			case "worker":
				c.Worker = value
			case "rows":
				c.Rows, err = strconv.ParseInt(value, 10, 64)
			case "bytes":
				c.Bytes, err = strconv.ParseInt(value, 10, 64)
			case "seconds":
				c.Seconds, err = strconv.ParseFloat(value, 64)
			}
			if err != nil {
				t.Fatalf("what completed: %s: %v", pairs[i], err)
			}
		}
		all = append(all, c)
	}
	return all
}

// totalsOf adds up what the generator makes of the parameters' first day.
func totalsOf(t *testing.T, params sales.Params) map[int]int {
	r, w := io.Pipe()
	go func() { w.CloseWithError(params.WriteDay(t.Context(), w, params.Start)) }()
	defer r.Close()
	totals := map[int]int{}
	if err := addUp(r, totals); err != nil {
		t.Error(err)
	}
	return totals
}

// addUp adds the quantities of the items in a raw file to totals. It trusts the file, and so is fast enough for a large one.
func addUp(r io.Reader, totals map[int]int) error {
	lines := bufio.NewScanner(r)
	lines.Scan() // the header
	for lines.Scan() {
		fields := bytes.Split(lines.Bytes(), []byte(","))
		if len(fields) != 3 {
			return fmt.Errorf("the row %q", lines.Text())
		}
		item, err := strconv.Atoi(string(fields[1]))
		if err != nil {
			return err
		}
		quantity, err := strconv.Atoi(string(fields[2]))
		if err != nil {
			return err
		}
		totals[item] += quantity
	}
	return lines.Err()
}
