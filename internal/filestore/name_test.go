package filestore

import (
	"errors"
	"strings"
	"testing"
)

func TestResultNameAndBack(t *testing.T) {
	for raw, want := range map[string]string{
		"20220101.csv":     "20220101_aggregated_sales.csv",
		"2022/01/01.csv":   "2022/01/01_aggregated_sales.csv",
		"sales.v2.csv":     "sales.v2_aggregated_sales.csv",
		"x.CSV":            "x.CSV_aggregated_sales.csv",
		"x.csv.gz":         "x.csv.gz_aggregated_sales.csv",
		"x.csv.zst":        "x.csv.zst_aggregated_sales.csv",
		"x.tsv":            "x.tsv_aggregated_sales.csv",
		"x.TXT.zip":        "x.TXT.zip_aggregated_sales.csv",
		"x.psv.lz4":        "x.psv.lz4_aggregated_sales.csv",
		"x.csv.csv":        "x.csv_aggregated_sales.csv",
		"Umsätze März.csv": "Umsätze März_aggregated_sales.csv",
	} {
		got, err := ResultName(raw)
		if got != want || err != nil {
			t.Errorf("ResultName(%q) = %q, %v; want %q", raw, got, err, want)
		}
		if back, ok := RawName(got); back != raw || !ok {
			t.Errorf("RawName(%q) = %q, %v; want %q", got, back, ok, raw)
		}
	}
}

func TestInvalidNames(t *testing.T) {
	for name, why := range map[string]string{
		"":                                 "empty",
		"/etc/passwd":                      "absolute",
		"../../etc/passwd":                 "leaves",
		"a/../../b.csv":                    "leaves",
		"a//b.csv":                         "empty part",
		"a/":                               "empty part",
		"./a.csv":                          "dot",
		".hidden.csv":                      "dot",
		"a/.tmp/b.csv":                     "dot",
		`..\..\a.csv`:                      "backslash",
		"a\x00.csv":                        "control",
		"a\nb.csv":                         "control",
		"a\xff.csv":                        "UTF-8",
		strings.Repeat("x", 252) + ".csv":  "256 bytes",
		strings.Repeat("x/", 600) + ".csv": "bytes",
		strings.Repeat("x", 250) + ".csv":  "name of the result",
		"report.xlsx":                      "ends in .csv",
		"csv":                              "ends in .csv",
		"a/.csv":                           "dot",
		"x.csv.gz.csv":                     `"x.csv.gz"`,
		"a/export.zip":                     "expected export.csv.zip",
		"export.GZ":                        "expected export.csv.GZ",
	} {
		_, err := ResultName(name)
		if !errors.Is(err, ErrInvalidName) || !strings.Contains(err.Error(), why) {
			t.Errorf("ResultName(%.40q): %v; want ErrInvalidName that says %q", name, err, why)
		}
	}
}

// A valid name stays inside its folder, is the RawName of its result, and shares the result
// with no other name.
func FuzzResultName(f *testing.F) {
	for _, seed := range []string{"20220101.csv", "a/b.csv.gz", "../x.csv", "x.csv.gz.csv", "a\\b.csv", "x.CSV", "..csv", "/x.csv", "x.csv/y.csv"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		result, err := ResultName(name)
		if err != nil {
			if !errors.Is(err, ErrInvalidName) {
				t.Fatalf("%q: %v", name, err)
			}
			return
		}
		if CheckName(name) != nil || CheckName(result) != nil || strings.Contains("/"+name+"/", "/../") {
			t.Errorf("%q got through, its result is %q", name, result)
		}
		if back, ok := RawName(result); !ok || back != name {
			t.Errorf("%q has the result %q, which leads back to %q, %v", name, result, back, ok)
		}
	})
}

// TestFormats: the result of each format has a name of its own, which leads back to the raw file.
func TestFormats(t *testing.T) {
	for _, raw := range []string{"2022/01/01.csv", "x.csv.gz", "x.tsv", "x.CSV"} {
		for _, format := range Formats {
			result, err := format.ResultName(raw)
			if err != nil || !strings.HasSuffix(result, "_aggregated_sales."+string(format)) {
				t.Errorf("the result of %s as %s is %q (%v)", raw, format, result, err)
			}
			if back, ok := RawName(result); !ok || back != raw {
				t.Errorf("%s leads back to %q, %v", result, back, ok)
			}
			if got, ok := FormatOf(result); !ok || got != format {
				t.Errorf("%s is taken for %q", result, got)
			}
		}
	}
	for _, other := range []string{"x_aggregated_sales.json", "x.parquet", "x_rejected.csv"} {
		if raw, ok := RawName(other); ok {
			t.Errorf("%s is taken for the result of %s", other, raw)
		}
	}
}

func TestIsPacked(t *testing.T) {
	for name, want := range map[string]bool{
		"a.csv.gz": true, "a.csv.zst": true, "a.csv.bz2": true, "a.csv.xz": true, "a.csv.lz4": true, "a.csv.zip": true, "2022/a.CSV.GZ": true, "a_aggregated_sales.parquet": true,
		"a.csv": false, "a.jsonl": false, "a.gz.csv": false, "gz": false, "a.xz/b.csv": false, "": false,
	} {
		if got := IsPacked(name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}
