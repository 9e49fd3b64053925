package chart

import (
	"go/ast"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const (
	modulePath = "csv-pipeline"
	redisPath  = "github.com/redis/go-redis/v9"
	queuePath  = modulePath + "/internal/queue"
)

// program is the source of the services and all that they are made of.
type program struct {
	bodies   map[types.Object]code // of functions, and the values of package-level variables
	methods  map[string][]*types.Func
	packages map[string]*packages.Package
}

// code is a piece of source, and what its identifiers mean.
type code struct {
	node ast.Node
	info *types.Info
}

func loadProgram(t *testing.T) *program {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.LoadSyntax, Dir: "../..",
		// The clients of the clouds never talk to Redis, and take long to load.
		BuildFlags: []string{"-tags=nobuckets"},
	}, "./services/...", "./internal/...")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{bodies: map[types.Object]code{}, methods: map[string][]*types.Func{}, packages: map[string]*packages.Package{}}
	for _, pkg := range loaded {
		for _, problem := range pkg.Errors {
			t.Fatalf("%s: %v", pkg.PkgPath, problem)
		}
		p.packages[pkg.PkgPath] = pkg
		for _, file := range pkg.Syntax {
			for _, declaration := range file.Decls {
				p.add(pkg.TypesInfo, declaration)
			}
		}
	}
	return p
}

func (p *program) add(info *types.Info, declaration ast.Decl) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		f := info.Defs[d.Name].(*types.Func)
		if d.Body == nil {
			return
		}
		p.bodies[f] = code{d.Body, info}
		if d.Recv != nil {
			p.methods[f.Name()] = append(p.methods[f.Name()], f)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			values, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for i, name := range values.Names {
				if len(values.Values) == len(values.Names) {
					p.bodies[info.Defs[name]] = code{values.Values[i], info}
				} else if len(values.Values) > 0 {
					p.bodies[info.Defs[name]] = code{values.Values[0], info}
				}
			}
		}
	}
}

// commands returns the Redis commands that a program may send: those in every function that its main names,
// or that such a function names, and so on, whether it is called there or handed on. What a call of an
// interface's method leads to is that method of all types that have it. So a command may be found that is
// never sent, and none is missed.
func (p *program) commands(t *testing.T, main string) []string {
	t.Helper()
	found := map[string]bool{}
	seen := map[types.Object]bool{}
	var todo []types.Object
	visit := func(o types.Object) {
		if f, ok := o.(*types.Func); ok {
			o = f.Origin()
		}
		if _, ours := p.bodies[o]; ours && !seen[o] {
			seen[o] = true
			todo = append(todo, o)
		}
	}
	visit(p.packages[main].Types.Scope().Lookup("main"))
	for len(todo) > 0 {
		body := p.bodies[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		ast.Inspect(body.node, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				for _, name := range scriptNames(body.info, call) {
					for _, command := range inScript(t, name) {
						found[command] = true
					}
				}
			}
			identifier, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			used := body.info.Uses[identifier]
			visit(used)
			switch o := used.(type) {
			case *types.Func:
				for _, command := range sent(o) {
					found[command] = true
				}
				if receiver := o.Signature().Recv(); receiver != nil && types.IsInterface(receiver.Type()) {
					for _, method := range p.methods[o.Name()] {
						visit(method)
					}
				}
			case *types.TypeName:
				// What others call by interfaces of their own, such as http.Handler. The queue itself, of which
				// each service uses a part, is handed to nobody else.
				if named, ok := o.Type().(*types.Named); ok && o.Pkg() != nil && o.Pkg().Path() != queuePath {
					for method := range named.Methods() {
						visit(method)
					}
				}
			}
			return true
		})
	}
	commands := make([]string, 0, len(found))
	for command := range found {
		commands = append(commands, command)
	}
	slices.Sort(commands)
	return commands
}

// sent returns the commands that a call of go-redis sends.
func sent(f *types.Func) []string {
	receiver := f.Signature().Recv()
	if f.Pkg() == nil || f.Pkg().Path() != redisPath || receiver == nil {
		return nil
	}
	if pointer, ok := receiver.Type().(*types.Pointer); ok {
		if named, ok := pointer.Elem().(*types.Named); ok && named.Obj().Name() == "Script" {
			// A script that Redis does not have yet is sent whole.
			return []string{"eval", "evalsha"}
		}
	}
	switch f.Name() {
	case "TxPipeline", "TxPipelined", "Watch":
		return []string{"multi", "exec"}
	case "ZRangeWithScores", "XRangeN", "XRevRangeN": // options of their commands
		return []string{strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(f.Name(), "WithScores"), "N"))}
	}
	results := f.Signature().Results()
	if results.Len() != 1 || !isCommand(results.At(0).Type()) {
		return nil
	}
	return []string{strings.ToLower(f.Name())}
}

// isCommand says whether a type is one of go-redis' commands, as *IntCmd is.
func isCommand(t types.Type) bool {
	pointer, ok := t.(*types.Pointer)
	if !ok {
		return false
	}
	method, _, _ := types.LookupFieldOrMethod(pointer, true, nil, "SetErr")
	return method != nil
}

// scriptNames returns the names of the Lua scripts that a call makes ready: noting puts note.lua in front.
func scriptNames(info *types.Info, call *ast.CallExpr) []string {
	function, ok := call.Fun.(*ast.Ident)
	if !ok || len(call.Args) != 1 {
		return nil
	}
	f, ok := info.Uses[function].(*types.Func)
	if !ok || f.Pkg().Path() != queuePath || f.Name() != "script" && f.Name() != "noting" {
		return nil
	}
	value := info.Types[call.Args[0]].Value
	if value == nil {
		return nil
	}
	names := []string{strings.Trim(value.ExactString(), `"`)}
	if f.Name() == "noting" {
		names = append(names, "note")
	}
	return names
}

var luaCall = regexp.MustCompile(`redis\.p?call\(\s*['"](\w+)['"]`)

// inScript returns the commands that one of the queue's Lua scripts calls.
func inScript(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../internal/queue/lua", name+".lua"))
	if err != nil {
		t.Fatal(err)
	}
	calls := luaCall.FindAllStringSubmatch(string(text), -1)
	if whole := strings.Count(string(text), "redis.call(") + strings.Count(string(text), "redis.pcall("); len(calls) != whole {
		t.Fatalf("%s.lua has %d calls of commands, of which %d name theirs", name, whole, len(calls))
	}
	var commands []string
	for _, call := range calls {
		commands = append(commands, strings.ToLower(call[1]))
	}
	return commands
}
