package expression

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError says what is wrong with an expression, and where.
type SyntaxError struct {
	Source  string
	At, End int // of the token, in bytes
	Problem string
}

// Error is the problem, and the source with the place marked below it.
func (e *SyntaxError) Error() string {
	line, at, end := e.Source, e.At, max(e.End, e.At+1)
	if i := strings.LastIndexByte(line[:at], '\n'); i >= 0 {
		line, at, end = line[i+1:], at-i-1, end-i-1
	}
	line, _, _ = strings.Cut(line, "\n")
	at, end = min(at, len(line)), min(end, len(line))
	blanks := strings.Repeat(" ", utf8.RuneCountInString(line[:at]))
	return fmt.Sprintf("%s\n  %s\n  %s%s", e.Problem, line, blanks, strings.Repeat("^", max(1, utf8.RuneCountInString(line[at:end]))))
}

// Nearest is the name that is most like the one given, or "" where none has half of its letters.
func Nearest(name string, names []string) string {
	return NearestWithin(name, names, len([]rune(name))/2)
}

// NearestWithin is Nearest where most letters at most may differ.
func NearestWithin(name string, names []string, most int) string {
	best, least := "", most+1
	for _, candidate := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(candidate)); candidate != "" && d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is that of Levenshtein.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 64
	}
	above := make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := range x {
		diagonal := above[0]
		above[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			diagonal, above[j+1] = above[j+1], min(above[j+1]+1, above[j]+1, diagonal+cost)
		}
	}
	return above[len(y)]
}
