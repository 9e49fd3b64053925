package groupby

import (
	"slices"
	"strings"
	"testing"
)

func TestQuoteList(t *testing.T) {
	long := strings.Repeat("ü", 40)
	for want, names := range map[string][]string{
		"":                                   nil,
		`"a", "\n"`:                          {"a", "\n"},
		`"` + strings.Repeat("ü", 32) + `…"`: {long}, // no part of a character
		strings.Repeat(`"a", `, 11) + `"a" and 3 more`: slices.Repeat([]string{"a"}, 15),
	} {
		if got := QuoteList(names); got != want {
			t.Errorf("%.40q: got %s, want %s", names, got, want)
		}
	}
}
