package groupby

import (
	"errors"
	"strings"
	"testing"
)

// TestDoubtOfCells: the caller is asked of the texts of first and last, and of no others.
func TestDoubtOfCells(t *testing.T) {
	const data = "k,v\na,\na,one\na,two\na,\"th\"\"ree\"\na,\nb,\n"
	for _, aggregate := range []string{"first(v)", "last(v)"} {
		asked := map[string]bool{}
		odd := map[string]string{"first(v)": "one", "last(v)": `th""ree`}[aggregate]
		p := mustCompile(t, Spec{GroupBy: []string{"k"}, Aggregates: []string{aggregate}})
		column := p.aggregates[0].column
		var out strings.Builder
		run := func(doubt string) error {
			_, err := p.Run(t.Context(), Input{Name: "f.csv", Reader: strings.NewReader(data)}, &out, Options{Doubt: func(c int, text []byte) bool {
				if c == column {
					asked[string(text)] = true
				}
				return c == column && string(text) == doubt
			}})
			return err
		}
		if err := run("two"); err != nil || len(asked) != 1 || !asked[odd] {
			t.Errorf("%s: asked of %v, %v; want %q", aggregate, asked, err, odd)
		}
		if err := run(odd); !errors.Is(err, ErrDoubt) {
			t.Errorf("%s: %v, want ErrDoubt", aggregate, err)
		}
	}
}
