package query

import (
	"reflect"
	"slices"
	"testing"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/filestore"
)

func fingerprints(t *testing.T, config string) (result, all string) {
	t.Helper()
	c, err := ParseConfig([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	questions, err := c.Compile()
	if err != nil {
		t.Fatal(err)
	}
	q, _ := questions.For("a.csv")
	return q.ResultSettings(), q.AllSettings()
}

// TestFingerprintsStay: results carry these, so that another one for the same settings would
// have every result taken for one of other settings after an upgrade.
func TestFingerprintsStay(t *testing.T) {
	for config, want := range map[string]string{
		"":                                   "339d55d46ad82340",
		"select: ['*']":                      "e9038b310de735bd",
		"input: {delimiter: ';'}":            "545d7ebcdd0c6884",
		"{command: cat, commandEnv: [A, B]}": "d6c409148c41841e",
	} {
		if got, _ := fingerprints(t, config); got != want {
			t.Errorf("%s: %s, want %s", config, got, want)
		}
	}
}

// TestSettingsThatMeanTheSameHaveOneFingerprint: a default that is written out, another spelling,
// and names change nothing.
func TestSettingsThatMeanTheSameHaveOneFingerprint(t *testing.T) {
	for _, same := range [][]string{
		{"", "{groupBy: [item_id], aggregate: [sum(quantity) as total_quantity]}",
			`input: {delimiter: auto, quoteChar: auto, escapeChar: auto, encoding: auto, header: auto, raggedRows: refuse, trim: false, missingValues: [""],
  bareNumber: true, dateFormats: [iso], lenient: false, onBadRow: fail, maxBadShare: 0.1, maxExpansion: 1000, skipRows: 0}`,
			"output: {format: csv}", "{commandTimeout: 2h, commandMaxOutput: 1073741824, commandInput: decompressed}",
			"datasets: [{name: x, files: ['*.csv']}]", "datasets: [{name: y, files: ['a.*', b]}]"},
		{"input: {delimiter: tab}", `input: {delimiter: '\t'}`, `input: {delimiter: "\t"}`},
		{"input: {encoding: latin1}", "input: {encoding: windows-1252}", "input: {encoding: ISO-8859-1}"},
		{"input: {missingValues: [NA, '-']}", "input: {missingValues: ['-', NA, NA, '']}"},
		{"input: {missingValues: [common, x]}", `input: {missingValues: [x, NA, N/A, '#N/A', n/a, 'NULL', 'null', None, NaN, nan, '\N', '-', '?', .]}`},
		{"input: {groupChar: \"'\"}", "input: {groupChar: \u2019}"},
		{"input: {groupChar: space, decimalChar: ','}", "input: {groupChar: ' ', decimalChar: ','}"},
		{"input: {lenient: true}", "input: {lenient: true, raggedRows: pad}", "input: {lenient: true, raggedRows: refuse}"},
		{"{command: cat x}", "{command: [cat, x], commandEnv: []}"},
		{"{command: cat, commandEnv: [A, B]}", "{command: cat, commandEnv: [B, A, B]}"},
		{"where: qty > 1", "where: ' qty > 1\n'"},
	} {
		result, all := fingerprints(t, same[0])
		for _, config := range same[1:] {
			if r, a := fingerprints(t, config); r != result || a != all {
				t.Errorf("%s has %s, %s, and %s %s, %s", same[0], result, all, config, r, a)
			}
		}
	}
}

func TestLimitsRefuseFilesAndChangeNoResult(t *testing.T) {
	for before, after := range map[string]string{
		"":                        "input: {maxExpansion: 2000}",
		"input: {onBadRow: skip}": "input: {onBadRow: skip, maxBadShare: 0.5}",
		"input: {delimiter: ';'}": "input: {delimiter: ';', decimalChar: .}",
		"{command: cat}":          "{command: cat, commandMaxOutput: 5}",
	} {
		r, a := fingerprints(t, before)
		if result, all := fingerprints(t, after); result != r || all == a {
			t.Errorf("from %q to %q: of the result %s to %s, of all %s to %s", before, after, r, result, a, all)
		}
	}
}

// TestEverySettingIsInAFingerprint changes each field of a Spec in turn, so that none is forgotten.
func TestEverySettingIsInAFingerprint(t *testing.T) {
	no := false
	values := map[string]any{
		"Delimiter": ";", "BareNumber": &no, "Header": dialect.Header{Lines: []int{2}}, "Format": filestore.Parquet, "Words": Words{"cat"}, "Timeout": nil,
		"MaxBadShare": 0.2, "OnBadRow": "skip", "GroupChar": ",", "Encoding": "utf-8",
	}
	var fields func(v reflect.Value, visit func(name string, v reflect.Value))
	fields = func(v reflect.Value, visit func(string, reflect.Value)) {
		for i := range v.NumField() {
			if f, name := v.Field(i), v.Type().Field(i).Name; f.Kind() == reflect.Struct && name != "Header" {
				fields(f, visit)
			} else {
				visit(name, f)
			}
		}
	}
	base := Spec{Input: dialect.Settings{OnBadRow: "skip"}}
	without := (&Query{spec: base}).withFingerprints()
	seen := []string{without.allSettings}
	names := 0
	fields(reflect.ValueOf(&base).Elem(), func(name string, v reflect.Value) {
		names++
		before := reflect.ValueOf(v.Interface())
		value, said := values[name]
		switch {
		case said && value == nil:
			return // no setting of a result, and none that a refusal depends on
		case name == "OnBadRow":
			v.SetString("")
		case said:
			v.Set(reflect.ValueOf(value))
		case v.Kind() == reflect.String:
			v.SetString("x")
		case v.Kind() == reflect.Bool:
			v.SetBool(true)
		case v.Kind() == reflect.Slice:
			v.Set(reflect.ValueOf([]string{"x"}))
		default:
			v.SetInt(3)
		}
		q := (&Query{spec: base}).withFingerprints()
		if slices.Contains(seen, q.allSettings) {
			t.Errorf("%s = %v changes no fingerprint", name, v)
		}
		seen = append(seen, q.allSettings)
		v.Set(before)
	})
	if names < 30 {
		t.Errorf("only %d settings were found", names)
	}
}

// TestCurrentTellsOfEachFile: it is understood by who reads it back.
func TestCurrentTellsOfEachFile(t *testing.T) {
	c, err := ParseConfig([]byte("datasets: [{files: ['bank-*.csv'], input: {decimalChar: ','}, output: {format: parquet}}]"))
	if err != nil {
		t.Fatal(err)
	}
	questions, err := c.Compile()
	if err != nil {
		t.Fatal(err)
	}
	current, err := ParseCurrent(questions.Current().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.csv", "bank-1.csv", "x/bank-2.csv"} {
		q, _ := questions.For(name)
		if got, want := current.Of(name), (Result{q.Format(), q.ResultSettings()}); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if _, err := ParseCurrent("{"); err == nil {
		t.Error("half of it is understood")
	}
}

// TestAClonedSpecSharesNoList looks at each list of a Spec, so that none is forgotten.
func TestAClonedSpecSharesNoList(t *testing.T) {
	var spec Spec
	lists := 0
	var walk func(v reflect.Value, visit func(at string, list reflect.Value), at string)
	walk = func(v reflect.Value, visit func(string, reflect.Value), at string) {
		for i := range v.NumField() {
			switch f, at := v.Field(i), at+"."+v.Type().Field(i).Name; f.Kind() {
			case reflect.Struct:
				walk(f, visit, at)
			case reflect.Slice:
				visit(at, f)
			}
		}
	}
	walk(reflect.ValueOf(&spec).Elem(), func(_ string, list reflect.Value) { list.Set(reflect.MakeSlice(list.Type(), 1, 1)) }, "Spec")
	before := map[string]uintptr{}
	walk(reflect.ValueOf(spec), func(at string, list reflect.Value) { before[at] = list.Pointer() }, "Spec")
	walk(reflect.ValueOf(spec.clone()), func(at string, list reflect.Value) {
		if lists++; list.Len() != 1 || list.Pointer() == before[at] {
			t.Errorf("%s of the clone is that of the spec, or not a copy of it", at)
		}
	}, "Spec")
	if lists < 8 {
		t.Errorf("%d lists were found", lists)
	}
}
