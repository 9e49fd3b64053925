// Command pollock scores how well polluted CSV files are read: by the measures of the public
// benchmark Pollock (Vitagliano et al., VLDB 2023), of which it needs a clone.
//
//	go run ./tests/pollock CLONE
//
// Each file is read by query.Run with select *, and written as CSV. What each line of the
// table gives to the program is in modes.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/query"
)

// mode is what is said of a file.
type mode struct {
	name     string
	settings func(parameters) dialect.Settings
}

var modes = []mode{
	{"nothing", func(parameters) dialect.Settings { return dialect.Settings{} }},
	{"lenient", func(parameters) dialect.Settings { return lenient }},
	{"parameters and lenient", func(p parameters) dialect.Settings { return p.settings() }},
}

var lenient = dialect.Settings{Lenient: true, OnBadRow: dialect.Skip, MaxBadShare: 1}

// parameters are what the benchmark says of a file.
type parameters struct {
	Encoding  string `json:"encoding"`
	Delimiter string `json:"delimiter"`
	Quote     string `json:"quotechar"`
	Escape    string `json:"escapechar"`
	Header    count  `json:"header_lines"`
	Preamble  count  `json:"preamble_lines"`
	Footnotes count  `json:"footnote_lines"`
}

// count is a number, or a text that is one.
type count int

func (c *count) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	if *c = count(n); string(text) == "null" || string(text) == `""` {
		return nil
	}
	return err
}

// labels are those of the WHATWG for encodings that the benchmark calls otherwise.
var labels = map[string]string{"cp949": "euc-kr"}

func (p parameters) settings() dialect.Settings {
	s := lenient
	s.Delimiter, s.QuoteChar = p.Delimiter, p.Quote
	if p.Escape != p.Quote {
		s.EscapeChar = p.Escape
	}
	if s.Encoding = strings.ToLower(p.Encoding); s.Encoding == "ascii" {
		s.Encoding = "" // which is a part of any
	}
	if label, ok := labels[s.Encoding]; ok {
		s.Encoding = label
	}
	s.SkipFooter = int(p.Footnotes)
	if p.Header == 0 {
		s.Header.None, s.SkipRows = true, int(p.Preamble)
	}
	for i := range int(p.Header) {
		s.Header.Lines = append(s.Header.Lines, int(p.Preamble)+i+1)
	}
	return s
}

func main() {
	worst := flag.Int("worst", 0, "list so many files with the lowest scores")
	only := flag.String("only", "", "the mode to run; empty is all")
	out := flag.String("out", "", "folder for what was read")
	flag.Usage = func() {
		fmt.Fprintf(os.Stderr, "Usage: pollock [flags] CLONE\nScores how well the files of the Pollock benchmark are read. CLONE is a clone of HPI-Information-Systems/Pollock.\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *only, *out, *worst); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(clone, only, out string, worst int) error {
	var weights map[string]float64
	text, err := os.ReadFile(filepath.Join(clone, "pollock_weights.json"))
	if err == nil {
		err = json.Unmarshal(text, &weights)
	}
	if err != nil {
		return fmt.Errorf("read the weights of the files: %w", err)
	}
	s := &scorer{meanings: map[string]string{}}
	fmt.Printf("%-24s %17s %19s %15s\n", "Given, of 10", "polluted, simple", "polluted, weighted", "survey, simple")
	for _, m := range modes {
		if only != "" && m.name != only {
			continue
		}
		polluted, err := load(s, m, filepath.Join(clone, "polluted_files"), out)
		if err != nil {
			return err
		}
		survey, err := load(s, m, filepath.Join(clone, "survey_sample"), out)
		if err != nil {
			return err
		}
		var weighted, total float64
		for _, f := range polluted {
			weighted += f.sum() * weights[f.name]
			total += weights[f.name]
		}
		fmt.Printf("%-24s %17.4f %19.4f %15.4f\n", m.name, mean(polluted), weighted/total, mean(survey))
		for _, set := range [][]file{polluted, survey} {
			slices.SortStableFunc(set, func(a, b file) int { return cmp.Compare(a.sum(), b.sum()) })
			for _, f := range set[:min(worst, len(set))] {
				fmt.Printf("  %7.4f %.2f %s %s\n", f.sum(), f.measures, f.name, f.reason)
			}
		}
	}
	return nil
}

// file is what became of one.
type file struct {
	name   string
	reason string // why it was not read
	measures
}

func mean(files []file) float64 {
	sum := 0.0
	for _, f := range files {
		sum += f.sum()
	}
	return sum / float64(len(files))
}

// load reads and scores all files of a set.
func load(s *scorer, m mode, folder, out string) (files []file, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "csv", "*csv")) // without *.CSV, as the benchmark has it
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("%s: no files: %w", folder, err)
	}
	for _, path := range paths {
		f := file{name: filepath.Base(path)}
		clean, err := os.ReadFile(filepath.Join(folder, "clean", f.name))
		if err != nil {
			return nil, err
		}
		var p parameters
		said, err := os.ReadFile(filepath.Join(folder, "parameters", f.name+"_parameters.json"))
		if err == nil {
			err = json.Unmarshal(said, &p)
		}
		if err != nil {
			return nil, fmt.Errorf("parameters of %s: %w", f.name, err)
		}
		loaded, err := read(path, m.settings(p))
		if err != nil {
			f.reason = err.Error()
		} else {
			f.measures = s.score(string(clean), loaded)
		}
		if files = append(files, f); out != "" && err == nil {
			if err := os.WriteFile(filepath.Join(out, f.name), []byte(loaded), 0o600); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

const timeout = 20 * time.Second

// read is a file as the program writes it.
func read(path string, settings dialect.Settings) (string, error) {
	q, err := query.Compile(query.Spec{Select: []string{"*"}, Input: settings})
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var result bytes.Buffer
	in := dialect.File{Name: filepath.Base(path), ReaderAt: bytes.NewReader(text), Size: int64(len(text))}
	_, err = q.Run(ctx, in, func() (io.Writer, io.Writer, error) {
		result.Reset()
		return &result, io.Discard, nil
	}, query.Options{})
	return result.String(), err
}
