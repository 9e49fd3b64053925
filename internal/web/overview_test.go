package web_test

import (
	"net/http"
	"strings"
	"testing"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/web"
)

// The overview answers at one look: what goes on, how fast, and what went wrong last.
func TestOverviewAnswersAtOneLook(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	expectParts(t, s.get(t, "/", "Accept", asBrowser).body, `class="state done">Idle<`, "Files a minute", "Rows a minute", "Done at", "Longest wait", "Last problem, ", "is not a number")
	var st struct {
		Activity string
		Rows     float64                       `json:"rowsPerSecond"`
		Last     struct{ Name, Reason string } `json:"lastProblem"`
		Stuck    []any
	}
	if s.get(t, "/api/v1/status").decode(t, &st); st.Activity != "idle" || st.Rows <= 0 || st.Last.Reason == "" || st.Stuck == nil {
		t.Errorf("%+v", st)
	}
}

// An open page says when Redis cannot be reached any more.
func TestOpenPagesSayThatRedisIsAway(t *testing.T) {
	t.Parallel() // it waits most of the time
	redis := redistest.Start(t)
	s := start(t, func(c *web.Config) { c.Queue = queue.New(redis.Client(t), "csvs-to-process", queue.Options{}) })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var said strings.Builder
	buffer := make([]byte, 64<<10)
	until := func(text string) {
		t.Helper()
		for !strings.Contains(said.String(), text) {
			n, err := answer.Body.Read(buffer)
			if err != nil {
				t.Fatalf("%v after %q", err, said.String())
			}
			said.Write(buffer[:n])
		}
	}
	until("Nothing here yet")
	redis.Kill()
	until("Redis cannot be reached")
	said.Reset()
	redis.Restart(t)
	until("points") // the numbers of now again
}

// The page of a file tells its whole life, and leads to its result and the rows that were left out.
func TestTheLifeOfAFile(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	expectParts(t, s.get(t, "/files/raw/20220101.csv", "Accept", asBrowser).body, "What happened to it", "Last changed", "Taken", "by w1", "3 rows in", `href="/files/processed/20220101_aggregated_sales.csv"`)
	expectParts(t, s.get(t, "/files/raw/bad.csv", "Accept", asBrowser).body, "A try failed", "not tried again by itself")
	var detail struct {
		Life []struct{ What, Worker, File string }
	}
	s.get(t, "/api/v1/files/processed/20220101_aggregated_sales.csv").decode(t, &detail)
	if n := len(detail.Life); n != 3 || detail.Life[2].What != "done" || detail.Life[2].Worker != "w1" || detail.Life[2].File != "20220101_aggregated_sales.csv" {
		t.Errorf("%+v", detail.Life)
	}
	s.put(t, "new.csv", "item_id,quantity\n1,1\n")
	s.get(t, "/api/v1/files/raw/new.csv").decode(t, &detail)
	if n := len(detail.Life); n != 2 || detail.Life[0].What != "modified" || detail.Life[1].What != "waiting" {
		t.Errorf("%+v", detail.Life)
	}
}
