package dialect

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// numberHint names the settings that read a cell as a number, for the end of a
// message; "" where there are none.
func (r *rules) numberHint(cell []byte) string {
	said := r.Settings
	no := false
	try := func(decimal, group string, bare bool) bool {
		s := said
		if decimal != "" {
			s.DecimalChar = decimal
		}
		if group != "" {
			s.GroupChar = group
		}
		if !bare {
			s.BareNumber = &no
		}
		f, err := s.numberFormat()
		if err != nil {
			return false
		}
		_, ok := f.appendNumber(nil, cell)
		return ok
	}
	for _, bare := range []bool{true, false} {
		if !bare && !r.numbers.bare {
			continue
		}
		for _, decimal := range []string{"", ",", "."} {
			for _, group := range []string{"", ".", ",", "'", Space} {
				if decimal != "" && said.DecimalChar != "" && decimal != said.DecimalChar || group != "" && said.GroupChar != "" {
					continue
				}
				if try(decimal, group, bare) {
					return readIt(decimal, group, bare)
				}
			}
		}
	}
	s := string(trimSpace(cell))
	if s == "" {
		return `; trim: true reads it as NULL`
	}
	if utf8.RuneCountInString(s) <= 16 && !strings.ContainsAny(s, "0123456789") {
		return fmt.Sprintf("; missingValues: [%s] reads it as NULL", strconv.Quote(string(cell)))
	}
	return ""
}

func readIt(decimal, group string, bare bool) string {
	var parts []string
	if decimal != "" {
		parts = append(parts, "decimalChar: "+strconv.Quote(decimal))
	}
	if group != "" {
		parts = append(parts, "groupChar: "+strconv.Quote(group))
	}
	if !bare {
		parts = append(parts, "bareNumber: false")
	}
	verb := " reads it"
	if len(parts) > 1 {
		verb = " read it"
	}
	return "; " + strings.Join(parts[:len(parts)-1], ", ") + map[bool]string{true: " and "}[len(parts) > 1] + parts[len(parts)-1] + verb
}

// commonDates are formats that a date may be in, where it fits none that was said.
var commonDates = []string{
	"%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%y",
	"%m/%d/%Y", "%d/%m/%Y", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%y", "%d/%m/%y",
	"%d-%m-%Y", "%d-%m-%Y %H:%M", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d", "%Y%m%d", "%Y%m%d%H%M%S",
	"%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%a, %d %b %Y %H:%M:%S %z", "%d/%b/%Y:%H:%M:%S %z", ISO, epoch, epochMS,
}

// dateHint names the settings that read a cell as a date.
func (r *rules) dateHint(cell []byte) string {
	var fit []string
	digits := isDigits(trimSpace(cell))
	for _, format := range commonDates {
		if format == epoch && len(trimSpace(cell)) != 10 || format == epochMS && len(trimSpace(cell)) != 13 || digits && format == "%Y%m%d" && len(trimSpace(cell)) != 8 {
			continue
		}
		f := dateFormat{formats: []string{format}}
		if _, ok := f.appendTime(nil, cell); ok {
			if fit = append(fit, strconv.Quote(format)); len(fit) == 2 {
				break
			}
		}
	}
	if len(fit) > 0 {
		return fmt.Sprintf("; dateFormats: [%s] reads it", strings.Join(fit, "] or ["))
	}
	s := string(trimSpace(cell))
	if utf8.RuneCountInString(s) <= 16 && !strings.ContainsAny(s, "0123456789") {
		return fmt.Sprintf("; missingValues: [%s] reads it as NULL", strconv.Quote(s))
	}
	return "; dateFormats names how it is written"
}
