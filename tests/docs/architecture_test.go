package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	mermaid   = regexp.MustCompile("(?s)```mermaid\n(.*?)```")
	goName    = regexp.MustCompile(`\b([a-z][a-z0-9]*)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)
	luaScript = regexp.MustCompile(`\b\w+\.lua\b`)
	keySuffix = regexp.MustCompile(`base \+ "(:\w+)"`)
)

// declared collects what the packages below internal/ and services/ declare, as "package.Name"
// and "package.Type.Method".
func declared(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, top := range []string{"internal", "services"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, declaration := range file.Decls {
				for _, name := range namesOf(declaration) {
					names[filepath.Base(filepath.Dir(path))+"."+name] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}

func namesOf(declaration ast.Decl) (names []string) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		receiver := d.Recv.List[0].Type
		if pointer, ok := receiver.(*ast.StarExpr); ok {
			receiver = pointer.X
		}
		if named, ok := receiver.(*ast.Ident); ok {
			return []string{named.Name + "." + d.Name.Name}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range s.Names {
					names = append(names, name.Name)
				}
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
				contract, ok := s.Type.(*ast.InterfaceType)
				if !ok {
					continue
				}
				for _, method := range contract.Methods.List {
					for _, name := range method.Names {
						names = append(names, s.Name.Name+"."+name.Name)
					}
				}
			}
		}
	}
	return names
}

// TestArchitectureNamesWhatIsThere: each path, function, type and make target that the map of
// the code names exists.
func TestArchitectureNamesWhatIsThere(t *testing.T) {
	text := read(t, "docs/architecture.md")
	there := declared(t)
	targets := look(t).targets
	paths, functions := 0, 0
	expect := func(span string) {
		for _, m := range goName.FindAllString(span, -1) {
			functions++
			if !there[m] {
				t.Errorf("there is no %s", m)
			}
		}
	}
	for _, m := range mermaid.FindAllStringSubmatch(text, -1) {
		expect(m[1])
	}
	for _, m := range code.FindAllStringSubmatch(mermaid.ReplaceAllString(text, ""), -1) {
		switch span := m[1]; {
		case strings.HasPrefix(span, "{"): // a Redis key
		case strings.HasPrefix(span, "make "):
			if !slices.Contains(targets, strings.TrimPrefix(span, "make ")) {
				t.Errorf("there is no %s", span)
			}
		case strings.Contains(span, "/"):
			paths++
			if _, err := os.Stat(filepath.Join(root, span)); err != nil {
				t.Error(err)
			}
		default:
			expect(span)
		}
	}
	if paths < 40 || functions < 20 {
		t.Errorf("only %d paths and %d functions are recognised", paths, functions)
	}
}

// TestArchitectureHasEveryScript: each script is in the diagram of states, or named as one that
// makes no arrow, and no other is.
func TestArchitectureHasEveryScript(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "docs/architecture.md"), "\n## The states of a name\n")
	section, _, _ = strings.Cut(section, "\n## ")
	named := luaScript.FindAllString(section, -1)
	slices.Sort(named)
	named = slices.Compact(named)
	files, err := filepath.Glob(filepath.Join(root, "internal/queue/lua/*.lua"))
	if err != nil {
		t.Fatal(err)
	}
	var scripts []string
	for _, file := range files {
		scripts = append(scripts, filepath.Base(file))
	}
	if !slices.Equal(named, scripts) {
		t.Errorf("named are %q, there are %q", named, scripts)
	}
}

// TestArchitectureHasEveryRedisKey: the table lists the keys that internal/queue uses, and no other.
func TestArchitectureHasEveryRedisKey(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "docs/architecture.md"), "\n| Redis key |")
	section, _, _ = strings.Cut(section, "\n\n")
	var listed []string
	for line := range strings.Lines(section) {
		if m := code.FindStringSubmatch(line); m != nil {
			listed = append(listed, m[1])
		}
	}
	used := []string{"csvs-to-process"}
	for _, m := range keySuffix.FindAllStringSubmatch(read(t, "internal/queue/queue.go"), -1) {
		used = append(used, "{csvs-to-process}"+m[1])
	}
	slices.Sort(used)
	slices.Sort(listed)
	if len(used) < 10 || !slices.Equal(listed, used) {
		t.Errorf("listed are %q, used are %q", listed, used)
	}
}
