package catalog

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Containing reports of each place whether the file's name contains a text, in capitals or not.
// It reads the names in the order in which they are in memory, which is several times faster than by name.
func (t *Table) Containing(text string) func(place int) bool {
	wanted := []byte(strings.ToLower(text))
	var lower []byte
	contains := make([]bool, len(t.entries))
	for i := range t.entries {
		lower = appendLower(lower[:0], t.name(&t.entries[i]))
		contains[i] = bytes.Contains(lower, wanted)
	}
	return func(place int) bool { return contains[t.byName[place]] }
}

// appendLower appends what strings.ToLower makes of a name.
func appendLower(to []byte, name string) []byte {
	for i := range len(name) {
		c := name[i]
		if c >= utf8.RuneSelf {
			return append(to[:len(to)-i], strings.ToLower(name)...)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}
