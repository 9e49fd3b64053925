package filestore

import (
	"fmt"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of names, in bytes; file systems and object stores share them.
const (
	maxName    = 1024
	maxElement = 255
)

// CheckName returns an error that wraps ErrInvalidName and says what is wrong,
// unless name is that of a visible file inside its area.
func CheckName(name string) error {
	invalid := func(why string) error { return fmt.Errorf("%w: %s", ErrInvalidName, why) }
	switch {
	case name == "":
		return invalid("it is empty")
	case len(name) > maxName:
		return invalid(fmt.Sprintf("it has %d bytes, at most %d are allowed", len(name), maxName))
	case !utf8.ValidString(name):
		return invalid("it is not UTF-8 text")
	case strings.HasPrefix(name, "/"):
		return invalid("it is absolute, expected one relative to the folder")
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '\\' }):
		return invalid("it holds a control character or a backslash")
	}
	for element := range strings.SplitSeq(name, "/") {
		switch {
		case element == "..":
			return invalid("it leaves the folder")
		case element == "":
			return invalid("it has an empty part")
		case strings.HasPrefix(element, "."):
			return invalid("a part of it begins with a dot")
		case len(element) > maxElement:
			return invalid(fmt.Sprintf("a part of it has %d bytes, at most %d are allowed", len(element), maxElement))
		}
	}
	if !fs.ValidPath(name) {
		return invalid("it is not a plain path")
	}
	return nil
}

const (
	csv            = ".csv"
	resultSuffix   = "_aggregated_sales.csv"
	rejectedSuffix = "_rejected.csv"
)

// keepsExtension reports whether a raw file's result keeps the extension in its
// name, so that x.csv, x.CSV and x.csv.gz have results of their own.
func keepsExtension(name string) bool {
	if strings.HasSuffix(name, csv) {
		return false
	}
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, csv) || strings.HasSuffix(lower, csv+".gz") || strings.HasSuffix(lower, csv+".zst")
}

// ResultName is the name of the result of a raw file: 2022/01/01.csv has
// 2022/01/01_aggregated_sales.csv. It is an error that wraps ErrInvalidName when
// raw is not the name of a CSV file, or would share its result with another.
func ResultName(raw string) (string, error) { return derived(raw, resultSuffix) }

// RejectedName is the name of the file that holds the rows of a raw file which
// could not be read: 2022/01/01.csv has 2022/01/01_rejected.csv. Its errors are
// those of ResultName.
func RejectedName(raw string) (string, error) { return derived(raw, rejectedSuffix) }

func derived(raw, suffix string) (string, error) {
	if err := CheckName(raw); err != nil {
		return "", err
	}
	stem, isCSV := strings.CutSuffix(raw, csv)
	switch {
	case !isCSV && !keepsExtension(raw):
		return "", fmt.Errorf("%w of a CSV file: expected one that ends in .csv, .csv.gz or .csv.zst", ErrInvalidName)
	case isCSV && (stem == "" || strings.HasSuffix(stem, "/")):
		return "", fmt.Errorf("%w: there is nothing before .csv", ErrInvalidName)
	case isCSV && keepsExtension(stem):
		return "", fmt.Errorf("%w: its result would be that of %q", ErrInvalidName, stem)
	}
	result := stem + suffix
	if err := CheckName(result); err != nil {
		return "", fmt.Errorf("the name of the result, %q: %w", result, err)
	}
	return result, nil
}

// RawName is the name of the file that a result was made from, the inverse of
// ResultName; false when no file has a result of this name.
func RawName(result string) (string, bool) {
	stem, ok := strings.CutSuffix(result, resultSuffix)
	if !ok {
		return "", false
	}
	if !keepsExtension(stem) {
		stem += csv
	}
	back, err := ResultName(stem)
	return stem, err == nil && back == result
}
