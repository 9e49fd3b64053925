package service_test

import (
	"errors"
	"fmt"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/service"
)

// FuzzSettings: whatever a user writes as a setting makes a plan, or an error that
// is the user's and names the settings.
func FuzzSettings(f *testing.F) {
	for _, s := range [][3]string{
		{"item_id", "sum(quantity) as total_quantity", ","},
		{"item_id, store", "count(*), avg(price), min(price), max(price)", ";"},
		{`"a, b"`, `sum("x y") as "z"`, "tab"},
		{"month(timestamp)", "sum(quantity", "\\t"},
		{"", "", ""},
		{"a,,b", "sum()", "é"},
		{"#1", "sum(#2)", "|"},
	} {
		f.Add(s[0], s[1], s[2], "fail", 0.1)
	}
	f.Fuzz(func(t *testing.T, groupBy, aggregate, delimiter, onBadRow string, share float64) {
		fs := cli.NewFlags()
		var p service.QuestionFlags
		p.RegisterFlags(fs)
		for name, text := range map[string]string{"group-by": groupBy, "aggregate": aggregate, "delimiter": delimiter, "on-bad-row": onBadRow, "max-bad-share": fmt.Sprint(share)} {
			if err := fs.Set(name, text); err != nil {
				if err.Error() == "" {
					t.Errorf("--%s %q is refused without a word", name, text)
				}
				return
			}
		}
		plan, err := p.Compile()
		var usage *cli.UsageError
		switch {
		case err == nil && plan == nil:
			t.Error("neither a plan nor an error")
		case err != nil && (!errors.As(err, &usage) || usage.Problem == ""):
			t.Errorf("%v is not a user's error", err)
		}
	})
}
