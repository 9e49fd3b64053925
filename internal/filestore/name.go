package filestore

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of names, in bytes; file systems and object stores share them.
const (
	maxName    = 1024
	maxElement = 255
)

// CheckName returns an error that wraps ErrInvalidName and says what is wrong, unless name
// is a valid name of a visible file in an area.
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
		return invalid("it is absolute; expected one that is relative to the folder")
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '\\' }):
		return invalid("it contains a control character or a backslash")
	}
	for element := range strings.SplitSeq(name, "/") {
		switch {
		case element == "..":
			return invalid("it leaves the folder")
		case element == "":
			return invalid("it has an empty part between slashes")
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

// ContentType is the media type of a file, by its name. It is never one that a browser
// would run. What this program writes is UTF-8; the encoding of a raw file no name tells.
func ContentType(area Area, name string) string {
	kind := "application/octet-stream"
	switch strings.ToLower(path.Ext(name)) {
	case csv:
		kind = "text/csv"
	case ".tsv", ".tab":
		kind = "text/tab-separated-values"
	case ".txt", ".psv":
		kind = "text/plain"
	case ".parquet":
		kind = "application/vnd.apache.parquet"
	case ".jsonl":
		kind = "application/jsonl"
	case ".gz":
		kind = "application/gzip"
	case ".zst":
		kind = "application/zstd"
	case ".bz2":
		kind = "application/x-bzip2"
	case ".xz":
		kind = "application/x-xz"
	case ".lz4":
		kind = "application/x-lz4"
	case ".zip":
		kind = "application/zip"
	}
	if area == Processed && strings.HasPrefix(kind, "text/") {
		kind += "; charset=utf-8"
	}
	return kind
}

const (
	csv            = ".csv"
	resultStem     = "_aggregated_sales"
	rejectedSuffix = "_rejected.csv"
)

// kinds are the endings of names of files that are read as CSV; packings may stand behind.
var (
	kinds    = []string{csv, ".tsv", ".tab", ".psv", ".txt"}
	packings = []string{".gz", ".zst", ".bz2", ".xz", ".lz4", ".zip"}
)

// IsPacked reports whether a name says that the content is compressed, as that of Parquet is
// within: to compress it again is of no use.
func IsPacked(name string) bool {
	ending := strings.ToLower(path.Ext(name))
	return slices.Contains(packings, ending) || ending == "."+string(Parquet)
}

// keepsExtension reports whether the name of the result contains the extension of the raw
// file, so that x.csv, x.CSV, x.tsv and x.csv.gz have different results.
func keepsExtension(name string) bool {
	if strings.HasSuffix(name, csv) {
		return false
	}
	lower := strings.ToLower(name)
	for _, packing := range packings {
		if stem, ok := strings.CutSuffix(lower, packing); ok {
			lower = stem
			break
		}
	}
	return slices.ContainsFunc(kinds, func(kind string) bool { return strings.HasSuffix(lower, kind) })
}

// ResultName is the name of the result of a raw file as CSV: 2022/01/01.csv has
// 2022/01/01_aggregated_sales.csv. The error wraps ErrInvalidName where raw is not the
// name of a CSV file, or another raw file has the same result.
func ResultName(raw string) (string, error) { return CSV.ResultName(raw) }

// RejectedName is the name of the file with the bad rows of a raw file: 2022/01/01.csv
// has 2022/01/01_rejected.csv. Errors are those of ResultName.
func RejectedName(raw string) (string, error) { return derived(raw, rejectedSuffix) }

func derived(raw, suffix string) (string, error) {
	if err := CheckName(raw); err != nil {
		return "", err
	}
	stem, isCSV := strings.CutSuffix(raw, csv)
	switch {
	case !isCSV && !keepsExtension(raw) && slices.Contains(packings, strings.ToLower(path.Ext(raw))):
		ending := path.Ext(raw)
		return "", fmt.Errorf("%w of a CSV file: %s tells how it is packed, and nothing tells that a CSV file is in it; expected %s", ErrInvalidName, ending, strings.TrimSuffix(path.Base(raw), ending)+csv+ending)
	case !isCSV && !keepsExtension(raw):
		return "", fmt.Errorf("%w of a CSV file: expected one that ends in %s, or in one of these and %s", ErrInvalidName, strings.Join(kinds, ", "), strings.Join(packings, ", "))
	case isCSV && (stem == "" || strings.HasSuffix(stem, "/")):
		return "", fmt.Errorf("%w: there is nothing before .csv", ErrInvalidName)
	case isCSV && keepsExtension(stem):
		return "", fmt.Errorf("%w: its result would have the name of the result of %q", ErrInvalidName, stem)
	}
	result := stem + suffix
	if err := CheckName(result); err != nil {
		return "", fmt.Errorf("the name of the result, %q: %w", result, err)
	}
	return result, nil
}

// RawName is the inverse of ResultName, for results of every format: the name of the raw
// file that has this result; false where no raw file has.
func RawName(result string) (string, bool) {
	for _, format := range Formats {
		stem, ok := strings.CutSuffix(result, resultStem+"."+string(format))
		if !ok {
			continue
		}
		if !keepsExtension(stem) {
			stem += csv
		}
		back, err := format.ResultName(stem)
		return stem, err == nil && back == result
	}
	return "", false
}

// MatchName reports whether a glob of path.Match matches the name of a file. One without a slash is
// for the files of every folder.
func MatchName(glob, name string) bool {
	if !strings.Contains(glob, "/") {
		name = path.Base(name)
	}
	ok, _ := path.Match(glob, name)
	return ok
}
