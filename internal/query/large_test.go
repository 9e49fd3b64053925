package query

import (
	"testing"

	"csv-pipeline/internal/dialect"
)

// TestNumbersBeyondAllDoubles are none, in the line that they are in.
func TestNumbersBeyondAllDoubles(t *testing.T) {
	text := []byte("k,v\na,\"1\"\n\"b\nb\",3\nc,1e400\nd,2\n")
	const problem = `f.csv:5: v: "1e400" is not a number: the largest is 1.8e308`
	for _, spec := range []Spec{{Aggregate: []string{"sum(v)"}}, {Aggregate: []string{"avg(v)"}}, {Select: []string{"v * 2 as w"}}} {
		if got := ask(t, spec, text, 1); got.err != problem {
			t.Errorf("%q %q: %+v, want %s", spec.Aggregate, spec.Select, got, problem)
		}
		spec.Input = dialect.Settings{OnBadRow: dialect.Skip, MaxBadShare: 0.5}
		if got := ask(t, spec, text, 1); got.rejected != 1 || got.err != "" {
			t.Errorf("%q %q, skipped: %+v", spec.Aggregate, spec.Select, got)
		}
	}
	if got := ask(t, Spec{Aggregate: []string{"sum(v) as s"}}, []byte("k,v\na,1e300\nb,1e-400\n"), 1); got.result != "s\n1e+300\n" {
		t.Errorf("large and small ones: %+v", got)
	}
}
