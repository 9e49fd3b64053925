package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// UnmarshalYAML reads auto, none, a number or several.
func (h *Header) UnmarshalYAML(unmarshal func(any) error) error {
	var numbers []int
	if err := unmarshal(&numbers); err == nil {
		h.Lines = numbers
		return nil
	}
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	var err error
	*h, err = ParseHeader(text)
	return err
}

// ParseHeader reads auto, none, or numbers of lines with commas between.
func ParseHeader(text string) (h Header, err error) {
	switch text {
	case "", Auto:
		return h, nil
	case None:
		return Header{None: true}, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return h, &SettingError{"header", text, "auto, none, or numbers of lines such as 3 or 2,3"}
		}
		h.Lines = append(h.Lines, n)
	}
	return h, nil
}

func (h Header) String() string {
	switch {
	case h.None:
		return None
	case len(h.Lines) == 0:
		return Auto
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(h.Lines), " ", ","), "[]")
}
