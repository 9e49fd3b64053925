package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/service"
)

// docker-compose.yaml hands on every variable of the question and of the input.
func TestComposeHandsOnEverySetting(t *testing.T) {
	text, err := os.ReadFile("../../docker-compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Question map[string]any `yaml:"x-question"`
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	fs := cli.NewFlags()
	new(service.QuestionFlags).RegisterFlags(fs)
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Name != "config" && f.Name != "no-header" && !strings.HasPrefix(f.Name, "command") { // programs are in images, HEADER=none is the same
			want = append(want, cli.EnvName(f.Name))
		}
	})
	for name := range compose.Question {
		if name != "REDIS_HOST" {
			got = append(got, name)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("x-question has %q, the processor takes %q", got, want)
	}
}
