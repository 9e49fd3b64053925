package groupby

import (
	"fmt"
	"strings"
	"testing"
)

// TestTiny has keys and numbers of one or two bytes until they are looked up by
// themselves, then others that begin like them, then both.
func TestTiny(t *testing.T) {
	small := sizes{block: 1 << 20, ahead: 1, chunk: 64, full: 1 << 20}
	for name, other := range map[string]string{
		"none":           "3",
		"empty":          "",
		"three bytes":    "345",
		"four bytes":     "3456",
		"five bytes":     "34567",
		"six bytes":      "345678",
		"a long one":     "34567890123",
		"no digit":       "x",
		"after a digit":  "3x",
		"before a digit": "x3",
	} {
		t.Run(name, func(t *testing.T) {
			for _, column := range []string{"%s,7\n", "3,%s\n"} {
				var b strings.Builder
				b.WriteString("item_id,quantity\n")
				for _, cells := range [][]string{{"3", "34", "9"}, {other}, {"3", other, "34"}, {"3", "34", "9"}} {
					for i := range 400 {
						fmt.Fprintf(&b, column, cells[i%len(cells)])
					}
				}
				p := mustCompile(t, total)
				for range 2 { // the second with what the first leaves behind
					want := oracleResult(p, []byte(b.String()))
					if got := engineResult(p, []byte(b.String()), small, 1); got.differs(want) {
						t.Fatalf("%q: got %+v, want %+v", column, got, want)
					}
				}
				if w := newWorkerOf(t, p, b.String()); w.table.tiny == nil {
					t.Errorf("%q: no key was looked up by itself", column)
				}
			}
		})
	}
}

// newWorkerOf is the worker that has aggregated a text.
func newWorkerOf(t *testing.T, p *Plan, text string) *worker {
	t.Helper()
	r := &run{plan: p, states: p.states, in: Input{Name: "f.csv", Reader: strings.NewReader(text)}, ctx: t.Context(), sizes: defaultSizes, opt: Options{Workers: 1}}
	_ = r.read() // what is wrong with it is the other tests' matter
	return r.workers[0]
}

// TestKeysOfNULLs: two keys that are both NULL are one NUL, and are not those of a letter each,
// which are three bytes.
func TestKeysOfNULLs(t *testing.T) {
	p := mustCompile(t, Spec{GroupBy: []string{"a", "b"}, Aggregates: []string{"count(*)"}})
	var b strings.Builder
	b.WriteString("a,b\n")
	for range 30 {
		b.WriteString(",\nx,y\nx,\n,y\n\"\"\"\",z\n")
	}
	text := []byte(b.String())
	want := oracleResult(p, text)
	for range 3 {
		if got := engineResult(p, text, defaultSizes, 1); got.differs(want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}
