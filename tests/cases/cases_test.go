// Package cases runs files of strangers with their exact results: testdata/README.md
// tells what a case is.
package cases

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/query"
)

type testCase struct {
	Title    string        `yaml:"title"`
	Settings yaml.MapSlice `yaml:"settings"`
	Error    []string      `yaml:"error"`
}

func TestCases(t *testing.T) {
	folders, err := filepath.Glob("testdata/[0-9]*")
	if err != nil || len(folders) == 0 {
		t.Fatal("no cases", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(folder, "case.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var c testCase
			if err := yaml.Unmarshal(text, &c); err != nil {
				t.Fatal(err)
			}
			if err := check(folder, &c); err != nil {
				t.Errorf("%s\n%v", c.Title, err)
			}
		})
	}
}

// check says what is wrong with the answer to a case.
func check(folder string, c *testCase) error {
	inputs, err := filepath.Glob(filepath.Join(folder, "input.*"))
	if err != nil || len(inputs) != 1 {
		return fmt.Errorf("expected one input: %q, %w", inputs, err)
	}
	settings, err := yaml.Marshal(c.Settings)
	if err != nil {
		return err
	}
	var spec query.Spec
	if err := yaml.UnmarshalWithOptions(settings, &spec, yaml.Strict()); err != nil {
		return err
	}
	got, rejects, err := answer(spec, inputs[0])
	if len(c.Error) > 0 {
		return checkRefusal(err, c.Error)
	}
	if err != nil {
		return err
	}
	want, err := os.ReadFile(filepath.Join(folder, "want.csv"))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("got\n%s\nwant\n%s", got, want)
	}
	lines, err := os.ReadFile(filepath.Join(folder, "want_rejected_lines.txt"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	rejected, err := rejectedLines(rejects)
	if want := strings.Fields(string(lines)); err == nil && !slices.Equal(rejected, want) {
		err = fmt.Errorf("rejected lines %q, want %q", rejected, want)
	}
	return err
}

func checkRefusal(err error, parts []string) error {
	if err == nil {
		return errors.New("no error")
	}
	message := err.Error()
	for _, part := range parts {
		if !strings.Contains(strings.ToLower(message), part) {
			return fmt.Errorf("the error lacks %q: %s", part, message)
		}
	}
	if strings.Contains(message, "\n") || len(message) > 300 {
		return fmt.Errorf("the error is no line of at most 300 bytes: %d: %s", len(message), message)
	}
	return nil
}

// input is the file of a case, under its bare name.
func input(path string) (dialect.File, error) {
	text, err := os.ReadFile(path)
	return dialect.File{Name: filepath.Base(path), ReaderAt: bytes.NewReader(text), Size: int64(len(text))}, err
}

func answer(spec query.Spec, path string) (result, rejects []byte, err error) {
	q, err := query.Compile(spec)
	if err != nil {
		return nil, nil, err
	}
	file, err := input(path)
	if err != nil {
		return nil, nil, err
	}
	var out, bad bytes.Buffer
	_, err = q.Run(context.Background(), file, func() (io.Writer, io.Writer, error) {
		out.Reset()
		bad.Reset()
		return &out, &bad, nil
	}, query.Options{})
	return out.Bytes(), bad.Bytes(), err
}

func rejectedLines(rejects []byte) (lines []string, err error) {
	if len(rejects) == 0 {
		return nil, nil
	}
	rows, err := csv.NewReader(bytes.NewReader(rejects)).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows[1:] {
		lines = append(lines, row[0])
	}
	return lines, nil
}
