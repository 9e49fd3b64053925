package worker

import (
	"errors"
	"fmt"
	"strings"

	"csv-pipeline/internal/groupby"
)

// Explain adds to an error of a plan which setting to change, if the file lacks columns that
// the plan names.
func Explain(err error) error {
	var bad *groupby.InputError
	if !errors.As(err, &bad) || bad.Header == nil {
		return err
	}
	if len(bad.Header) == 1 {
		for _, delimiter := range []struct{ text, name string }{{";", ";"}, {"\t", "tab"}, {"|", "|"}, {",", "a comma"}} {
			if strings.Contains(bad.Header[0], delimiter.text) {
				return fmt.Errorf("%w; --delimiter (DELIMITER) says what is between the fields, here it seems to be %s", err, delimiter.name)
			}
		}
	}
	return fmt.Errorf("%w; --group-by and --aggregate (GROUP_BY, AGGREGATE) name the columns", err)
}
