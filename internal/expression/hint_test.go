package expression

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// TestMistakesWithNames: what is no function may be another one, or the name of a column.
func TestMistakesWithNames(t *testing.T) {
	quotes := func(name string) string {
		return `; a column of this name stands in double quotes, "` + name + `", and in a shell in single ones around them, '"` + name + `"'`
	}
	for source, want := range map[string]string{
		"suum(v)":              "unknown function suum; did you mean sum?",
		"foo(v)":               "unknown function foo; there are " + strings.Join(functionNames, ", "),
		"Betrag (€)":           "unknown function Betrag" + quotes("Betrag (€)"),
		"sum(Betrag(EUR))":     "unknown function Betrag" + quotes("Betrag(EUR)"),
		"max(summe (netto))":   "unknown function summe" + quotes("summe (netto)"),
		"From > 5":             "unexpected From: expected a column, a number, a 'text' or a function" + quotes("From"),
		"Umsatz brutto (€)":    "unexpected brutto: expected an operator, or as and a name" + quotes("Umsatz brutto (€)"),
		"Preis netto (€) as p": "unexpected netto: expected an operator, or as and a name" + quotes("Preis netto (€)"),
	} {
		_, err := ParseItem(source)
		var bad *SyntaxError
		if !errors.As(err, &bad) || bad.Problem != want || len(bad.Problem) > 300 {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
}

// TestReservedWordsAreDocumented: who names a column so finds that it stands in double quotes.
func TestReservedWordsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/questions.md")
	if err != nil {
		t.Fatal(err)
	}
	if list := "`" + strings.Join(reserved, " ") + "`"; !strings.Contains(strings.Join(strings.Fields(string(text)), " "), list) {
		t.Errorf("docs/questions.md does not list %s", list)
	}
}
