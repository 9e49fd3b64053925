package command

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Split splits a text into words as a POSIX shell does. No shell runs the words, so what only
// a shell could do, such as a pipe or a variable, is an error.
// See Shell Command Language, 2.2 Quoting, in POSIX.1-2017.
func Split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	quote, opened := rune(0), 0
	fail := func(at int, problem string) ([]string, error) {
		return nil, fmt.Errorf("column %d: %s", utf8.RuneCountInString(text[:at])+1, problem)
	}
	for at := 0; at < len(text); {
		c, size := utf8.DecodeRuneInString(text[at:])
		next := text[at+size:]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == '\'':
			word.WriteString(text[at : at+size])
		case c == '$' || c == '`':
			return fail(at, "no shell runs this, so nothing stands for $ or `: expected them within single quotes")
		case c == '\\' && next == "":
			return fail(at, `expected a character after \`)
		case c == '\\' && next[0] == '\n': // the line goes on
			size++
		case c == '\\' && quote == '"' && !strings.ContainsRune("$`\"\\", rune(next[0])):
			word.WriteByte('\\')
		case c == '\\':
			_, escaped := utf8.DecodeRuneInString(next)
			word.WriteString(next[:escaped])
			inWord = true
			size += escaped
		case quote == '"':
			word.WriteString(text[at : at+size])
		case c == '\'' || c == '"':
			quote, opened, inWord = c, at, true
		case c == ' ' || c == '\t' || c == '\n':
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		case strings.ContainsRune("|&;<>()", c) || c == '#' && !inWord:
			return fail(at, fmt.Sprintf("no shell runs this, which %q would need: for pipes and the like expected sh -c '…'", c))
		default:
			word.WriteString(text[at : at+size])
			inWord = true
		}
		at += size
	}
	if quote != 0 {
		return fail(opened, fmt.Sprintf("the quote %c is not closed", quote))
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
