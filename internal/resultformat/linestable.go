package resultformat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"csv-pipeline/internal/csvtable"
)

const (
	// mostShown bounds what is read of a file for a page, in bytes.
	mostShown = 64 << 20
	maxLine   = 1 << 20
)

// LinesTable is ParquetTable for JSON Lines.
func LinesTable(r io.Reader, n int) (*csvtable.Table, error) {
	lines := bufio.NewScanner(io.LimitReader(r, mostShown))
	lines.Buffer(nil, maxLine)
	var names []string
	t, err := csvtable.Collect(n, func(visit func(record [][]byte) bool) error {
		for number := 1; lines.Scan(); number++ {
			keys, values, err := object(lines.Bytes())
			if err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
			if names == nil {
				names = keys
				header := make([][]byte, len(keys))
				for i, key := range keys {
					header[i] = []byte(key)
				}
				visit(header)
			}
			record := make([][]byte, len(names))
			for i, name := range names {
				record[i] = values[name]
			}
			if !visit(record) {
				return nil
			}
		}
		return nil
	})
	switch {
	case err != nil:
		t.Damage = err.Error()
	case errors.Is(lines.Err(), bufio.ErrTooLong):
		t.Damage = fmt.Sprintf("a line has more than %d MiB", maxLine>>20)
	case lines.Err() != nil:
		return nil, lines.Err()
	}
	return t, nil
}

// object is a JSON object: its keys in their order, and the values as texts; null is empty.
func object(line []byte) (keys []string, values map[string][]byte, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, nil, errors.New("it is no JSON object")
	}
	values = map[string][]byte{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		name, _ := key.(string)
		keys = append(keys, name)
		switch {
		case string(value) == "null":
			values[name] = nil
		case value[0] == '"':
			var text string
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, nil, err
			}
			values[name] = []byte(text)
		default:
			values[name] = value
		}
	}
	_, err = d.Token()
	return keys, values, err
}
