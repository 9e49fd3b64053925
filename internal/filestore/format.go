package filestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Format is how a result is written. The name of a result ends in a dot and its format.
type Format string

// The formats.
const (
	CSV       Format = "csv"
	Parquet   Format = "parquet"
	JSONLines Format = "jsonl"
)

// Formats are all formats.
var Formats = []Format{CSV, Parquet, JSONLines}

// UnmarshalText takes a format as settings have it; an empty text is CSV.
func (f *Format) UnmarshalText(text []byte) error {
	for _, known := range Formats {
		if string(text) == string(known) {
			*f = known
			return nil
		}
	}
	if len(text) == 0 {
		*f = ""
		return nil
	}
	return fmt.Errorf("%q: expected csv, parquet or jsonl", text)
}

// FormatOf is the format that a file's name ends in; false where it is none of them.
func FormatOf(name string) (Format, bool) {
	for _, f := range Formats {
		if strings.HasSuffix(strings.ToLower(name), "."+string(f)) {
			return f, true
		}
	}
	return "", false
}

// ResultName is the name of the result of a raw file in this format. Errors are those of the
// function ResultName.
func (f Format) ResultName(raw string) (string, error) {
	return derived(raw, resultStem+"."+string(f))
}

// Current is the result of a raw file that was made from this version of it and is in one of
// the formats, the first that there is. The error is ErrNotExist where there is none.
func Current(ctx context.Context, s Store, raw Info, formats []Format) (Info, error) {
	for _, format := range formats {
		name, err := format.ResultName(raw.Name)
		if err != nil {
			return Info{}, err
		}
		result, err := s.Stat(ctx, Processed, name)
		switch {
		case err == nil && result.MadeFrom(raw):
			return result, nil
		case err != nil && !errors.Is(err, ErrNotExist):
			return Info{}, err
		}
	}
	return Info{}, ErrNotExist
}
