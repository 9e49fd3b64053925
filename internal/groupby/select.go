package groupby

import (
	"errors"
	"fmt"
)

// ParseSelect reads the columns of a selection, each with the name that it has in the
// result. `*` alone is all columns of the file: then names is nil.
func ParseSelect(items []string) (columns []Column, names []string, err error) {
	if len(items) == 1 && items[0] == "*" {
		return nil, nil, nil
	}
	seen := map[string]bool{}
	for _, s := range items {
		e, err := parseExpression(s, nil)
		if err == nil && e.star {
			err = errors.New("* stands alone")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("select %q: %w; expected * or a column, such as item_id, #2 or \"odd, name\"", s, err)
		}
		if seen[e.name] {
			return nil, nil, fmt.Errorf("select %q: the result would have two columns named %q: expected `as` with another name", s, e.name)
		}
		seen[e.name] = true
		columns = append(columns, Column{Name: e.ref.name, Number: e.ref.number, Role: Text})
		names = append(names, e.name)
	}
	return columns, names, nil
}
