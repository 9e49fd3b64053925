package cli

import (
	"fmt"
	"strings"
)

// FlagName is the flag of a key of the settings: that of decimalChar is decimal-char.
func FlagName(key string) string {
	var b strings.Builder
	for _, c := range key {
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('-')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Quote is a word of a command line as a shell takes it. One with control characters is as only
// bash, ksh and zsh take it.
func Quote(word string) string {
	if strings.IndexFunc(word, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
		var b strings.Builder
		for _, c := range []byte(word) {
			switch {
			case c < ' ' || c == 0x7f:
				fmt.Fprintf(&b, `\x%02x`, c)
			case c == '\'' || c == '\\':
				b.WriteString(`\` + string(rune(c)))
			default:
				b.WriteByte(c)
			}
		}
		return "$'" + b.String() + "'"
	}
	plain := func(r rune) bool {
		return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune(",.:%/_-+=@", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
