package main

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// tokens are words, numbers (with a point or, after two digits, a comma in them) and signs.
func tokens(text string) (out []string) {
	runes := []rune(strings.ReplaceAll(text, "\x00", ""))
	for i := 0; i < len(runes); {
		c, j := runes[i], i+1
		switch {
		case unicode.IsSpace(c):
			out = append(out, " ")
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			out = append(out, string(c))
		default:
			letter := unicode.IsLetter(c) // what the token goes on with
			letters, dotted := letter, false
		token:
			for ; j < len(runes); j++ {
				d := runes[j]
				isLetter, isDigit := unicode.IsLetter(d), unicode.IsDigit(d)
				switch {
				case !dotted && (d == '.' || d == ',' && !letter && j-i >= 2):
					dotted = true
				case dotted && d == '.':
				case dotted && (isLetter || isDigit):
					switch { // after a point either may follow
					case letter && isDigit && runes[j-1] == '.':
						letter = false
					case !letter && isLetter && runes[j-1] == '.':
						letter = true
					case letter != isLetter:
						break token
					}
					letters = letters || isLetter
				case !dotted && (letter && isLetter || !letter && isDigit):
				default:
					break token
				}
			}
			word := string(runes[i:j])
			switch last := word[len(word)-1]; {
			case dotted && (letters || strings.Count(word, ".") > 1 || last == '.' || last == ','):
				out = append(out, strings.Fields(strings.NewReplacer(".", " . ", ",", " , ").Replace(word))...)
			case dotted && !strings.Contains(word, "."):
				out = append(out, strings.ReplaceAll(word, ",", "."))
			default:
				out = append(out, word)
			}
		}
		i = j
	}
	return out
}

// ymd are the numbers that are to become year, month and day.
type ymd struct {
	values  []int
	at      map[byte]int
	century bool
}

func (n *ymd) add(value int, long bool, label byte) {
	if long {
		if label != 0 && label != 'Y' {
			panic(noDate{})
		}
		n.century, label = true, 'Y'
	}
	n.values = append(n.values, value)
	if label != 0 {
		if _, there := n.at[label]; there {
			panic(noDate{})
		}
		n.at[label] = len(n.values) - 1
	}
}

// addText adds a number as it is written.
func (n *ymd) addText(s string, label byte) {
	value, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		panic(noDate{})
	}
	n.add(value, digits(s) && len(s) > 2, label)
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func (n *ymd) couldBeDay(value float64) bool {
	if _, there := n.at['D']; there {
		return false
	}
	m, there := n.at['M']
	if !there {
		return 1 <= value && value <= 31
	}
	year := 2000
	if y, there := n.at['Y']; there {
		year = n.values[y]
	}
	if n.values[m] < 1 || n.values[m] > 12 {
		panic(noDate{})
	}
	return 1 <= value && value <= float64(daysIn(year, n.values[m]))
}

// resolve says which is which; -1 is none.
func (n *ymd) resolve() (year, month, day int) {
	v, count := n.values, len(n.values)
	if count == len(n.at) && count > 0 || count == 3 && len(n.at) == 2 {
		of := map[byte]int{'Y': -1, 'M': -1, 'D': -1}
		left := []int{0, 1, 2}
		for label, i := range n.at {
			of[label] = v[i]
			left = slices.DeleteFunc(left, func(at int) bool { return at == i })
		}
		if count == 3 && len(n.at) == 2 {
			for label := range of {
				if _, there := n.at[label]; !there {
					of[label] = v[left[0]]
				}
			}
		}
		return of['Y'], of['M'], of['D']
	}
	monthAt, named := n.at['M']
	switch {
	case count > 3:
		panic(noDate{})
	case count == 0:
		return -1, -1, -1
	case count == 1 && v[0] > 31:
		return v[0], -1, -1
	case count == 1:
		return -1, -1, v[0]
	case count == 2 && named:
		if other := v[1-monthAt]; other > 31 {
			return other, v[monthAt], -1
		} else {
			return -1, v[monthAt], other
		}
	case count == 2 && v[0] > 31:
		return v[0], v[1], -1
	case count == 2 && v[1] > 31:
		return v[1], v[0], -1
	case count == 2:
		return -1, v[0], v[1]
	}
	a, b, c := v[0], v[1], v[2]
	if named {
		switch {
		case monthAt == 0 && b > 31:
			return b, a, c
		case monthAt == 0:
			return c, a, b
		case monthAt == 1 && a > 31:
			return a, b, c
		case monthAt == 1:
			return c, b, a
		case b > 31:
			return b, c, a
		}
		return a, c, b
	}
	if y, there := n.at['Y']; a > 31 || there && y == 0 {
		return a, b, c
	}
	if a > 12 {
		return c, b, a
	}
	return c, a, b
}
