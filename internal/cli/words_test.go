package cli_test

import (
	"os/exec"
	"testing"

	"csv-pipeline/internal/cli"
)

func TestFlagName(t *testing.T) {
	for key, want := range map[string]string{"decimalChar": "decimal-char", "where": "where", "skipRowsAfterHeader": "skip-rows-after-header", "": ""} {
		if got := cli.FlagName(key); got != want {
			t.Errorf("%s: got %s, want %s", key, got, want)
		}
	}
}

// TestQuote: a shell takes each word for what it was.
func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"": "''", "a": "a", "./data/a-b_c.csv": "./data/a-b_c.csv", "sum(a)": "'sum(a)'", "it's": `'it'\''s'`, "a b": "'a b'", "ä": "'ä'", "$HOME": "'$HOME'", "*": "'*'", `\`: `'\'`,
		"a\tb'\\": `$'a\x09b\'\\'`,
	} {
		got := cli.Quote(word)
		if got != want {
			t.Errorf("%q: got %s, want %s", word, got, want)
		}
		if back, err := exec.Command("bash", "-c", "printf %s "+got).Output(); err == nil && string(back) != word {
			t.Errorf("%s is %q to a shell, want %q", got, back, word)
		}
	}
}
