package worker

import (
	"errors"
	"io"
	"strings"
	"testing"

	"csv-pipeline/internal/groupby"
)

func TestExplainSaysWhichSettingNamesTheColumns(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"other columns": {"store,amount\n", `my.csv:1: no column "item_id": the header has "store", "amount"; --group-by and --aggregate (GROUP_BY, AGGREGATE) name the columns`},
		"one column":    {"store\n", `my.csv:1: no column "item_id": the header has "store"; --group-by and --aggregate (GROUP_BY, AGGREGATE) name the columns`},
		"semicolons":    {"store;amount\n", `my.csv:1: no column "item_id": the header has "store;amount"; --delimiter (DELIMITER) says what is between the fields, here it seems to be ;`},
		"tabs":          {"store\tamount\n", `my.csv:1: no column "item_id": the header has "store\tamount"; --delimiter (DELIMITER) says what is between the fields, here it seems to be tab`},
		"a bad value":   {"item_id,quantity\n1,many\n", `my.csv:2: quantity: "many" is not a number`},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := groupby.Compile(groupby.Spec{GroupBy: []string{"item_id"}, Aggregates: []string{"sum(quantity)"}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = plan.Run(t.Context(), groupby.Input{Name: "my.csv", Reader: strings.NewReader(c.in)}, io.Discard, groupby.Options{})
			var bad *groupby.InputError
			if err = Explain(err); err == nil || err.Error() != c.want || !errors.As(err, &bad) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestExplanationsFitIntoADeadLetter: with as many and as long columns as there may be.
func TestExplanationsFitIntoADeadLetter(t *testing.T) {
	plan, err := groupby.Compile(groupby.Spec{GroupBy: []string{"item_id"}})
	if err != nil {
		t.Fatal(err)
	}
	header := make([]string, 200)
	for i := range header {
		header[i] = strings.Repeat("a long name ", 5) + strings.Repeat("x", i)
	}
	_, err = plan.Run(t.Context(), groupby.Input{Name: "my.csv", Reader: strings.NewReader(strings.Join(header, ","))}, io.Discard, groupby.Options{})
	reason := Explain(err).Error()
	if len(reason) > 800 || !strings.Contains(reason, "GROUP_BY") || !strings.Contains(reason, " more;") {
		t.Errorf("%d bytes: %s", len(reason), reason)
	}
}
