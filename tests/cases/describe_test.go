package cases

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"

	"csv-pipeline/internal/describe"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/query"
)

// unknowable are the cases whose settings no file tells, with the reason.
var unknowable = map[string]string{
	"006": "n/a and - are texts as good as others in a column of texts; a note says that they may be nothing",
	"007": "-99.9 and -9999 are numbers; a note says so of the latter",
	"067": "the zone in which somebody wants times to be told is in no file; a note names the setting",
	"124": "9999.9 and 99.99 are numbers; a note says that they may stand for nothing",
	"168": "the zone, as in 067",
}

// TestDescribedSettingsReadTheCases: the settings that describe suggests, in the place of those of
// a case, give the result of the case. Where it names several readings, one of them does.
func TestDescribedSettingsReadTheCases(t *testing.T) {
	folders, err := filepath.Glob("testdata/[0-9]*")
	if err != nil || len(folders) == 0 {
		t.Fatal("no cases", err)
	}
	sure, chosen := 0, 0
	for _, folder := range folders {
		number := filepath.Base(folder)[:3]
		want, err := os.ReadFile(filepath.Join(folder, "want.csv"))
		if err != nil {
			continue
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(folder, "case.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var c struct {
				Settings map[string]any `yaml:"settings"`
			}
			if err := yaml.Unmarshal(text, &c); err != nil {
				t.Fatal(err)
			}
			_, said := c.Settings["input"]
			delete(c.Settings, "input")
			settings, err := yaml.Marshal(c.Settings)
			if err != nil {
				t.Fatal(err)
			}
			var spec query.Spec
			if err := yaml.Unmarshal(settings, &spec); err != nil {
				t.Fatal(err)
			}
			inputs, err := filepath.Glob(filepath.Join(folder, "input.*"))
			if err != nil || len(inputs) != 1 {
				t.Fatal(inputs, err)
			}
			d, ways, err := described(spec, inputs[0])
			if err != nil {
				t.Fatal(err)
			}
			right := slices.IndexFunc(ways, func(way dialect.Settings) bool {
				spec.Input = way
				got, _, err := answer(spec, inputs[0])
				return err == nil && bytes.Equal(got, want)
			})
			reason, known := unknowable[number]
			switch {
			case right >= 0 && known:
				t.Errorf("it is read, with %q: take it off the list (%s)", d.Flags, reason)
			case right < 0 && !known:
				spec.Input = ways[0]
				got, _, err := answer(spec, inputs[0])
				t.Errorf("flags %s\nchoices %+v\nproblems %q notes %q\ngot\n%s%v\nwant\n%s", d.Flags, d.Choices, d.Problems, d.Notes, got, err, want)
			case right >= 0 && said && len(d.Choices) == 0:
				sure++
			case right >= 0 && said:
				chosen++
			}
		})
	}
	t.Logf("of the cases with settings of the input %d are read by the settings that are suggested, %d by one of those that a person chooses from", sure, chosen)
}

// described is what is suggested for a file, and the settings with all choices of options.
func described(spec query.Spec, path string) (*describe.Description, []dialect.Settings, error) {
	asked := spec
	asked.Input.Header.None = true
	if _, err := query.Compile(asked); err != nil {
		asked.Input.Header.None = false // the question names columns
	}
	q, err := query.Compile(asked)
	if err != nil {
		return nil, nil, err
	}
	file, err := input(path)
	if err != nil {
		return nil, nil, err
	}
	d, err := describe.File(context.Background(), file, describe.Options{Columns: q.Columns()})
	if err != nil {
		return nil, nil, err
	}
	ways := []dialect.Settings{d.Settings}
	for _, c := range d.Choices {
		var next []dialect.Settings
		for _, way := range ways {
			for _, o := range c.Options {
				next = append(next, o.With(way))
			}
		}
		ways = next[:min(len(next), 64)]
	}
	return d, ways, nil
}
