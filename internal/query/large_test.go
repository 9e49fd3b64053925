package query

import (
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
)

// TestNumbersBeyondAllDoubles are none, in the line that they are in.
func TestNumbersBeyondAllDoubles(t *testing.T) {
	for _, large := range []string{"1e400", strings.Repeat("7", 400), strings.Repeat("7", 250) + "e99", "1" + strings.Repeat("0", 309) + ".5"} {
		text := []byte("k,v\na,\"1\"\n\"b\nb\",3\nc," + large + "\nd,2\n")
		for _, spec := range []Spec{{Aggregate: []string{"sum(v)"}}, {Aggregate: []string{"avg(v)"}}, {Select: []string{"v * 2 as w"}}, {Select: []string{"k"}, Where: "v > 5"}} {
			got := ask(t, spec, text, 1)
			if !strings.HasPrefix(got.err, `f.csv:5: v: "`+large[:5]) || !strings.HasSuffix(got.err, ` is not a number: the largest is 1.8e308`) {
				t.Errorf("%.20s, %q %q: %+v", large, spec.Aggregate, spec.Select, got)
			}
			spec.Input = dialect.Settings{OnBadRow: dialect.Skip, MaxBadShare: 0.5}
			if got := ask(t, spec, text, 1); got.rejected != 1 || got.err != "" {
				t.Errorf("%.20s, %q %q, skipped: %+v", large, spec.Aggregate, spec.Select, got)
			}
		}
	}
	if got := ask(t, Spec{Aggregate: []string{"sum(v) as s"}}, []byte("k,v\na,1e300\nb,1e-400\n"), 1); got.result != "s\n1e+300\n" {
		t.Errorf("large and small ones: %+v", got)
	}
}
