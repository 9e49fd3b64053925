package dialect

import (
	"fmt"
	"strings"

	"csv-pipeline/internal/groupby"
)

// resolution is where a header has the columns of a question.
type resolution struct {
	fields  []int // for each column the number of its field, from 0
	twice   int   // a column whose name stands there more than once; -1: none
	twins   []int // where
	missing int   // a column that is not there; -1: none
}

func (r *resolution) found() bool { return r.missing < 0 }

// resolve finds columns in a header: by number, by name, or by a name that differs
// only in case, where just one does.
func resolve(columns []groupby.Column, header []string) resolution {
	r := resolution{fields: make([]int, len(columns)), twice: -1, missing: -1}
	for i, c := range columns {
		if c.Number > 0 {
			if r.fields[i] = c.Number - 1; c.Number > len(header) && r.missing < 0 {
				r.missing = i
			}
			continue
		}
		same := matches(header, func(name string) bool { return name == c.Name })
		if len(same) == 0 {
			same = matches(header, func(name string) bool { return strings.EqualFold(name, c.Name) })
		}
		switch {
		case len(same) == 0:
			if r.missing < 0 {
				r.missing = i
			}
		case len(same) > 1 && r.twice < 0:
			r.twice, r.twins = i, same
			fallthrough
		default:
			r.fields[i] = same[0]
		}
	}
	return r
}

func matches(header []string, is func(string) bool) (at []int) {
	for i, name := range header {
		if is(name) {
			at = append(at, i)
		}
	}
	return at
}

// named says whether a column of the question goes by its name.
func named(columns []groupby.Column) bool {
	for _, c := range columns {
		if c.Number == 0 {
			return true
		}
	}
	return false
}

// names are what messages call the fields of a header.
func fieldNames(header []string, width int) []string {
	names := make([]string, max(len(header), width))
	for i := range names {
		if i < len(header) {
			names[i] = header[i]
		}
		if names[i] == "" {
			names[i] = fmt.Sprintf("column %d", i+1)
		}
	}
	return names
}
