package cases

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/worker"
)

// TestCasesThroughThePipeline has a worker process the files of all cases, each of them a
// dataset.
func TestCasesThroughThePipeline(t *testing.T) {
	folders, err := filepath.Glob("testdata/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	store, err := dirstore.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	q := queue.New(redistest.Start(t).Client(t), "csvs-to-process", queue.Options{})
	var config query.Config
	cases := map[string]*testCase{} // by the name of the file
	where := map[string]string{}
	for _, from := range folders {
		number := filepath.Base(from)[:3]
		text, err := os.ReadFile(filepath.Join(from, "case.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		c := new(testCase)
		if err := yaml.Unmarshal(text, c); err != nil {
			t.Fatal(err)
		}
		settings, err := yaml.Marshal(c.Settings)
		if err != nil {
			t.Fatal(err)
		}
		inputs, err := filepath.Glob(filepath.Join(from, "input.*"))
		if err != nil || len(inputs) != 1 {
			t.Fatal(inputs, err)
		}
		name := number + strings.TrimPrefix(filepath.Base(inputs[0]), "input")
		d := query.Dataset{Name: number, Files: []string{name}}
		if err := yaml.Unmarshal(settings, &d.Spec); err != nil {
			t.Fatal(err)
		}
		config.Datasets = append(config.Datasets, d)
		cases[name], where[name] = c, from
		content, err := os.ReadFile(inputs[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(folder, "raw"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "raw", name), content, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := q.Push(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	questions, err := config.Compile()
	if err != nil {
		t.Fatal(err)
	}
	w := &worker.Worker{Name: "w", Queue: q, Store: store, Questions: questions, Log: zap.NewNop(), Grace: time.Minute, Patience: time.Minute}
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	failed, err := q.DeadLetters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, letter := range failed {
		reasons[letter.Name] = letter.Reason
	}
	for name, c := range cases {
		if len(c.Error) > 0 {
			reason := strings.ToLower(strings.ReplaceAll(reasons[name], name, "input.csv"))
			for _, part := range c.Error {
				if !strings.Contains(reason, part) {
					t.Errorf("%s: %s\nthe reason lacks %q: %s", name, c.Title, part, reasons[name])
				}
			}
			continue
		}
		result, err := filestore.ResultName(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(folder, "processed", result))
		want, wantErr := os.ReadFile(filepath.Join(where[name], "want.csv"))
		want = bytes.ReplaceAll(want, []byte("input.csv"), []byte(name))
		if err != nil || wantErr != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %s\ngot\n%s%v %s\nwant\n%s", name, c.Title, got, err, reasons[name], want)
		}
	}
}
