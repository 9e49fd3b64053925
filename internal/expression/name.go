package expression

import (
	"regexp"
	"slices"
	"strings"
)

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ColumnName is the name of a column as an expression has it: in double quotes, as SQL has them,
// where it is not a plain word, or one of the language's own.
func ColumnName(name string) string {
	if plainName.MatchString(name) && !slices.Contains(reserved, strings.ToLower(name)) {
		return name
	}
	return QuoteName(name)
}

// QuoteName is the name of a column in double quotes.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuoteText is a text as an expression has it, in single quotes.
func QuoteText(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }
