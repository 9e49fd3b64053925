package command

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is kept of standard error.
const (
	mostLines   = 100  // that are passed on for one file
	longestLine = 1000 // bytes; the rest of a line is left out
	lastLines   = 5    // that the reason of a failure may have
	longestSaid = 300  // characters of it
)

// lines splits what a program says into lines.
type lines struct {
	tell func(line string) // may be nil
	line []byte
	last []string // the last lines that are not blank
	told int
}

func (l *lines) write(text []byte) error {
	for _, c := range text {
		switch {
		case c == '\n' || c == '\r':
			l.end()
		case len(l.line) < longestLine:
			l.line = append(l.line, c)
		}
	}
	return nil
}

func (l *lines) end() {
	line := printable(string(l.line))
	l.line = l.line[:0]
	if line == "" {
		return
	}
	if len(l.last) == lastLines {
		l.last = append(l.last[:0], l.last[1:]...)
	}
	l.last = append(l.last, line)
	if l.tell == nil {
		return
	}
	switch l.told++; {
	case l.told <= mostLines:
		l.tell(line)
	case l.told == mostLines+1:
		l.tell("(further lines are left out)")
	}
}

// printable is a line without what could upset a terminal.
func printable(line string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, line))
}

// said are as many of the last lines as fit into longestSaid characters, in one line.
func (l *lines) said() string {
	var text string
	for i := len(l.last) - 1; i >= 0; i-- {
		longer := l.last[i]
		if text != "" {
			longer += " | " + text
		}
		if utf8.RuneCountInString(longer) > longestSaid && text != "" {
			break
		}
		text = longer
	}
	return cut(text)
}

// lastSaid is the last line.
func (l *lines) lastSaid() string {
	if len(l.last) == 0 {
		return ""
	}
	return cut(l.last[len(l.last)-1])
}

func cut(text string) string {
	if utf8.RuneCountInString(text) <= longestSaid {
		return text
	}
	return string([]rune(text)[:longestSaid-1]) + "…"
}
