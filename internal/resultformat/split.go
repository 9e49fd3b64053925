package resultformat

import "bytes"

// Splitter cuts the CSV of a result into records.
type Splitter struct {
	pending []byte // the beginning of a record that is not whole
	cells   [][]byte
}

// Feed takes a part of the CSV, and gives each record that is whole: its text with the newline,
// and its cells without their quotes. Both are valid until the next.
func (s *Splitter) Feed(p []byte, record func(text []byte, cells [][]byte) error) error {
	rest := p
	if len(s.pending) > 0 {
		s.pending = append(s.pending, p...)
		rest = s.pending
	}
	for len(rest) > 0 {
		n := s.split(rest)
		if n == 0 {
			break
		}
		if err := record(rest[:n], s.cells); err != nil {
			return err
		}
		rest = rest[n:]
	}
	s.pending = append(s.pending[:0], rest...)
	return nil
}

// split says how many bytes the first record takes; 0 where it is not whole.
func (s *Splitter) split(data []byte) int {
	s.cells = s.cells[:0]
	for i := 0; i < len(data); {
		var cell []byte
		if data[i] == '"' {
			end := i + 1
			for {
				n := bytes.IndexByte(data[end:], '"')
				if n < 0 || end+n+1 == len(data) {
					return 0
				}
				if end += n + 1; data[end] != '"' {
					break
				}
				end++
			}
			if cell = data[i+1 : end-1]; bytes.IndexByte(cell, '"') >= 0 {
				cell = bytes.ReplaceAll(cell, []byte(`""`), []byte(`"`))
			}
			i = end
		} else {
			end := i
			for end < len(data) && data[end] != ',' && data[end] != '\n' {
				end++
			}
			if end == len(data) {
				return 0
			}
			cell, i = data[i:end], end
		}
		s.cells = append(s.cells, cell)
		if data[i] == '\n' {
			return i + 1
		}
		i++
	}
	return 0
}
