package expression

import (
	"slices"
	"testing"
)

func TestSplitList(t *testing.T) {
	for in, want := range map[string][]string{
		"":                                  nil,
		" item_id ":                         {"item_id"},
		"a,b , c":                           {"a", "b", "c"},
		`sum(a) as x, count(*)`:             {"sum(a) as x", "count(*)"},
		`min(a,b),"odd, name"`:              {"min(a,b)", `"odd, name"`},
		"x in ('a', 'b,c'), y":              {"x in ('a', 'b,c')", "y"},
		"Kund's":                            {"Kund's"},
		"sum(a":                             {"sum(a"},
		`sum("a)""(,b") as "x, y",count(*)`: {`sum("a)""(,b") as "x, y"`, "count(*)"},
	} {
		got, err := SplitList(in)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("SplitList(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"a,,b", ",", "a,"} {
		if got, err := SplitList(in); err == nil {
			t.Errorf("SplitList(%q) = %q, want an error", in, got)
		}
	}
}
