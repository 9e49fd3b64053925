// Package docs holds the tests of the documents and of what else is no program.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	goTest  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w*)\(`)
	fault   = regexp.MustCompile(`(?m)^\t"([a-z0-9-]+)": +\S`)
	ofPages = regexp.MustCompile("(?m)^ *test\\(['`](.+?)['`],")
	filled  = regexp.MustCompile(`\\\$\\\{.*?\\\}`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	target  = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)
	code    = regexp.MustCompile("`([^`]+)`")
	aTest   = regexp.MustCompile(`^([a-z0-9/]+)\.((?:Test|Fuzz|Benchmark)\w*)$`)
	todo    = regexp.MustCompile(`TODO\([a-z]+\)`)
)

// sources is what there is that a promise may be shown by.
type sources struct {
	goTests map[string][]string // the folders of each test
	faults  []string
	pages   []*regexp.Regexp
	targets []string // of make
}

func look(t *testing.T) sources {
	t.Helper()
	s := sources{goTests: map[string][]string{}}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || path != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text := read(t, path)
		for _, m := range goTest.FindAllStringSubmatch(text, -1) {
			s.goTests[m[1]] = append(s.goTests[m[1]], filepath.ToSlash(filepath.Dir(path)))
		}
		if strings.HasPrefix(path, "tests/chaos/") {
			for _, m := range fault.FindAllStringSubmatch(text, -1) {
				s.faults = append(s.faults, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../browser/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of the pages: %v", err)
	}
	for _, file := range files {
		for _, m := range ofPages.FindAllStringSubmatch(read(t, "tests/browser/"+filepath.Base(file)), -1) {
			s.pages = append(s.pages, regexp.MustCompile("^"+filled.ReplaceAllString(regexp.QuoteMeta(m[1]), ".+")+"$"))
		}
	}
	for _, m := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		s.targets = append(s.targets, m[1])
	}
	return s
}

// has reports whether what a span of code names is there; known is false when it names nothing.
func (s sources) has(name string) (there, known bool) {
	if m := aTest.FindStringSubmatch(name); m != nil {
		return slices.ContainsFunc(s.goTests[m[2]], func(folder string) bool { return strings.HasSuffix("/"+folder, "/"+m[1]) }), true
	}
	if kind, rest, ok := strings.Cut(name, ": "); ok {
		switch kind {
		case "fault":
			return slices.Contains(s.faults, rest), true
		case "browser":
			return slices.ContainsFunc(s.pages, func(title *regexp.Regexp) bool { return title.MatchString(rest) }), true
		}
		return false, false
	}
	if rest, ok := strings.CutPrefix(name, "make "); ok {
		return slices.Contains(s.targets, rest), true
	}
	if strings.Contains(name, "/") {
		_, err := os.Stat(filepath.Join(root, name))
		return err == nil, true
	}
	return false, false
}

// place is the path of a document as docs/promises.md names it.
func place(document string) string {
	switch document {
	case "README":
		return "README.md"
	case "chart":
		return "charts/csv-pipeline/README.md"
	}
	return "docs/" + document + ".md"
}

// TestPromises keeps docs/promises.md true: each promise names a section of a document that is
// there, and tests that are there.
func TestPromises(t *testing.T) {
	s := look(t)
	headings := map[string][]string{}
	rows := 0
	for line := range strings.Lines(read(t, "docs/promises.md")) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| ---") || strings.Contains(line, "| stated in |") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		if len(cells) != 3 {
			t.Errorf("there are %d cells in %s", len(cells), line)
			continue
		}
		rows++
		promise := strings.TrimSpace(cells[0])
		for stated := range strings.SplitSeq(cells[1], "; ") {
			document, section, ok := strings.Cut(strings.TrimSpace(stated), ": ")
			if !ok {
				t.Errorf("%s: %q is no document and section", promise, stated)
				continue
			}
			if headings[document] == nil {
				for _, m := range heading.FindAllStringSubmatch(read(t, place(document)), -1) {
					headings[document] = append(headings[document], m[1])
				}
			}
			if !slices.Contains(headings[document], section) {
				t.Errorf("%s: %s has no section %q", promise, place(document), section)
			}
		}
		shown := len(todo.FindAllString(cells[2], -1))
		for _, m := range code.FindAllStringSubmatch(cells[2], -1) {
			there, known := s.has(m[1])
			if known && !there {
				t.Errorf("%s: there is no %s", promise, m[1])
			}
			if known {
				shown++
			}
		}
		if shown == 0 {
			t.Errorf("%s: nothing shows it", promise)
		}
	}
	if rows < 100 {
		t.Errorf("only %d promises were found", rows)
	}
}

// TestPromisesWouldBeMissed: the test above finds what is not there.
func TestPromisesWouldBeMissed(t *testing.T) {
	s := look(t)
	for name, want := range map[string]bool{
		"docs.TestPromises": true, "tests/docs.TestPromises": true, "docs.TestNothing": false, "queue.TestPromises": false, "ueue.TestOddMessages": false,
		"fault: processor-killed": true, "fault: processor-kissed": false, "browser: every page, dark": true, "browser: every page": false,
		"browser: names of files are text": true, "make bench": true, "make tea": false, "scripts/lint": true, "scripts/paint": false,
	} {
		if there, known := s.has(name); there != want || !known {
			t.Errorf("%s: there %v, known %v; want %v", name, there, known, want)
		}
	}
}
