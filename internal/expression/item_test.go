package expression

import (
	"errors"
	"slices"
	"strings"
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

// TestLongExpressionsAreRefused where they begin to be too long, also those that are short, but
// whose parts are walked again and again.
func TestLongExpressionsAreRefused(t *testing.T) {
	const problem = "too long: expected at most 10000 columns, constants and operators"
	const walked = "too long: between takes its left side twice, and case its subject for each value, with which there are more than 100000 columns, constants and operators"
	sum := func(terms int) string { return strings.Repeat("a-", terms-1) + "a" }
	for name, c := range map[string]struct {
		source string
		at     int // -1: it is taken, -2: anywhere
	}{
		"as many as there may be": {sum(5000), -1},
		"one more":                {sum(5001), 10_000},
		"far more":                {sum(50_000), 10_000},
		"within a function":       {"sum(" + sum(5001) + ")", len("sum(") + 10_000},
		"a list":                  {"case when a in (1" + strings.Repeat(",1", 10_000) + ") then 1 end", -2},
		"between of between":      {"(a=1)" + strings.Repeat(" between (a=1) and (a=2)", 40), -2},
		"case of case":            {strings.Repeat("case ", 40) + "a" + strings.Repeat(" when 1 then 1 when 2 then 2 end", 40), -2},
	} {
		for way, parse := range map[string]func() error{
			"item":      func() error { _, err := ParseItem(c.source); return err },
			"condition": func() error { _, err := ParseCondition("(" + c.source + ") = 1"); return err },
		} {
			if way == "condition" && strings.HasPrefix(name, "between") {
				continue
			}
			var bad *SyntaxError
			err := parse()
			switch {
			case c.at == -1:
				if err != nil && way == "item" {
					t.Errorf("%s, %s: %v", name, way, err)
				}
			case !errors.As(err, &bad) || bad.Problem != problem && (c.at >= 0 || bad.Problem != walked):
				t.Errorf("%s, %s: got %.200v, want %s", name, way, err, problem)
			case way == "item" && c.at >= 0 && bad.At != c.at:
				t.Errorf("%s: at %d, want %d", name, bad.At, c.at)
			}
		}
	}
}
