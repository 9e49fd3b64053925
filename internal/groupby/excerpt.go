package groupby

import (
	"bytes"
	"unicode/utf8"
)

// Excerpt is the text of a record as the input has it, without its line break and cut
// where it is long: what stands before the offending field, the field between its
// quotes, and what comes after. Where no single field is meant all is Before.
type Excerpt struct{ Before, Field, After string }

// Most bytes of the parts of an excerpt.
const (
	aroundField = 150
	ofField     = 200
	maxShown    = 2*aroundField + ofField // where no field is meant
)

// excerpt is that of the record at the beginning of text. field is the number of the
// offending one, from 0, which the record must have; -1 for none.
func excerpt(text []byte, delimiter byte, field int) Excerpt {
	if field < 0 {
		return Excerpt{Before: front(bytes.TrimSuffix(bytes.TrimSuffix(text, newline), cr), maxShown)}
	}
	start, end := 0, 0
	for ; ; field-- {
		start = end
		if text[start] == '"' {
			for start, end = start+1, start+1; text[end] != '"' || text[end+1] == '"'; end++ {
				if text[end] == '"' {
					end++
				}
			}
		} else {
			for text[end] != delimiter && text[end] != '\n' {
				end++
			}
			if text[end] == '\n' && end > start && text[end-1] == '\r' {
				end--
			}
		}
		if field == 0 {
			break
		}
		for text[end] != delimiter {
			end++
		}
		end++
	}
	after := text[end:]
	return Excerpt{
		Before: back(text[:start], aroundField),
		Field:  front(text[start:end], ofField),
		After:  front(bytes.TrimSuffix(bytes.TrimSuffix(after, newline), cr), aroundField),
	}
}

const ellipsis = "…"

// front is the beginning of a text, at most that many bytes.
func front(text []byte, most int) string {
	if len(text) <= most {
		return string(text)
	}
	for i := 0; i < utf8.UTFMax && !utf8.RuneStart(text[most]); i++ {
		most--
	}
	return string(text[:most]) + ellipsis
}

// back is the end of a text.
func back(text []byte, most int) string {
	if len(text) <= most {
		return string(text)
	}
	text = text[len(text)-most:]
	for i := 0; i < utf8.UTFMax && !utf8.RuneStart(text[0]); i++ {
		text = text[1:]
	}
	return ellipsis + string(text)
}
