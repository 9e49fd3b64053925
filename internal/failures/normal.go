package failures

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// mostReason bounds a reason, in bytes.
const mostReason = 500

// fieldInMessage is how much of a cell a message has, in bytes.
const fieldInMessage = 64

// Normal is why a file failed without what is special to it: its names, where it is wrong, the
// cell, and numbers. Names of columns stay.
func Normal(l queue.DeadLetter) string {
	text := l.Reason
	if len(text) > 4*mostReason { // names in it may be long
		text = text[:4*mostReason]
	}
	if l.Line > 0 {
		// A message begins with NAME:LINE, the name of which may be quoted or cut.
		if position := fmt.Sprintf(":%d: ", l.Line); strings.Contains(text, position) {
			_, text, _ = strings.Cut(text, position)
		}
	}
	text = strings.TrimPrefix(text, l.Name+": ")
	own := []string{strconv.Quote(l.Name), l.Name}
	for _, derived := range []func(string) (string, error){filestore.ResultName, filestore.RejectedName} {
		if name, err := derived(l.Name); err == nil {
			own = append(own, name)
		}
	}
	if l.Field != "" {
		own = append(own, strconv.Quote(l.Field), `"`+l.Field+`"`)
		// A long one is cut in the message, and its beginning is quoted: see groupby.InputError.
		if len(l.Field) > fieldInMessage {
			own = append(own, strconv.Quote(l.Field[:fieldInMessage])+"…")
		}
	}
	for _, part := range own {
		if part != "" {
			text = strings.ReplaceAll(text, part, "…")
		}
	}
	text = withoutNumbers(text)
	if len(text) > mostReason {
		text = text[:mostReason] + "…"
	}
	return strings.ToValidUTF8(text, "")
}

// withoutNumbers replaces each number that stands alone outside of quotes by "…". Digits of a
// name, as in UTF-8 or total2, stay.
func withoutNumbers(text string) string {
	if !strings.ContainsAny(text, "0123456789") {
		return text
	}
	var b strings.Builder
	quoted := false
	before := ' '
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		if c == '"' {
			quoted = !quoted
		}
		if quoted || !isDigit(c) || unicode.IsLetter(before) || before == '-' || before == '#' || before == '_' {
			b.WriteString(text[i : i+size])
			before = c
			if isDigit(c) {
				before = '_' // of the same name
			}
			i += size
			continue
		}
		end := i
		for end < len(text) && (isDigit(rune(text[end])) || (text[end] == '.' || text[end] == ',') && end+1 < len(text) && isDigit(rune(text[end+1]))) {
			end++
		}
		after, _ := utf8.DecodeRuneInString(text[end:])
		if end < len(text) && (unicode.IsLetter(after) || after == '_') {
			b.WriteString(text[i:end])
		} else {
			b.WriteString("…")
		}
		i, before = end, '_'
	}
	return b.String()
}

func isDigit(c rune) bool { return c >= '0' && c <= '9' }
