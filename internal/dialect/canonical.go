package dialect

import "slices"

// Canonical are the settings with each value in one spelling, and without those that say no
// more than leaving them out does. Settings that Compile refuses have no meaning here.
func (s Settings) Canonical() Settings {
	for _, said := range []struct {
		value     *string
		byDefault string
	}{
		{&s.Delimiter, Auto}, {&s.QuoteChar, Auto}, {&s.EscapeChar, Auto}, {&s.Encoding, Auto}, {&s.RaggedRows, Refuse}, {&s.OnBadRow, Fail},
	} {
		if *said.value == said.byDefault {
			*said.value = ""
		}
	}
	switch s.Delimiter {
	case "tab", `\t`:
		s.Delimiter = "\t"
	}
	switch s.GroupChar {
	case "\u2019":
		s.GroupChar = "'"
	case " ":
		s.GroupChar = Space
	}
	if charset, err := charsetNamed(s.Encoding); s.Encoding != "" && err == nil {
		s.Encoding = charset.name
	}
	if s.Lenient {
		s.RaggedRows = "" // which is pad then
	}
	if s.BareNumber != nil && *s.BareNumber {
		s.BareNumber = nil
	}
	if slices.Equal(s.DateFormats, []string{ISO}) {
		s.DateFormats = nil
	}
	if s.OnBadRow == "" || s.MaxBadShare == DefaultMaxBadShare {
		s.MaxBadShare = 0
	}
	if s.MaxExpansion == defaultMaxExpansion {
		s.MaxExpansion = 0
	}
	var missing []string
	for _, word := range s.MissingValues {
		switch word {
		case "": // counts always
		case Common:
			missing = append(missing, commonWords...)
		default:
			missing = append(missing, word)
		}
	}
	slices.Sort(missing)
	s.MissingValues = slices.Compact(missing)
	return s
}
