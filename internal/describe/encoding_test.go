package describe_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"csv-pipeline/internal/describe"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/encodings"
	"csv-pipeline/internal/query"
)

// inEncoding is a text in an encoding.
func inEncoding(t *testing.T, name, text string) string {
	t.Helper()
	e, _, ok := encodings.Named(name)
	if !ok {
		t.Fatalf("there is no encoding %s", name)
	}
	encoded, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return encoded
}

// encodingsOf are the encodings of which a file's description has one chosen.
func encodingsOf(d *describe.Description) (names []string) {
	for _, c := range d.Choices {
		for _, o := range c.Options {
			if o.Settings.Encoding != "" {
				names = append(names, o.Settings.Encoding)
			}
		}
	}
	return names
}

// TestTrueEncodingIsAmongTheFirst two choices, and those are few.
func TestTrueEncodingIsAmongTheFirst(t *testing.T) {
	for name, c := range map[string]struct{ text, encodings string }{
		"Greek":               {"Πόλη;v\nΑθήνα;1\n", "windows-1253"},
		"Greek of Unix":       {"Πόλη;v\nΆρτα;1\nΑθήνα;1\n", "iso-8859-7"},
		"Czech":               {"Město;v\nŽďár;1\nPlzeň;2\n", "windows-1250"},
		"Czech of Unix":       {"Město;v\nŽďár;1\nKroměříž;2\nTřebíč;2\n", "iso-8859-2"},
		"Polish":              {"Miasto;v\nŁódź;1\n", "windows-1250 iso-8859-2"},
		"German of DOS":       {"Stadt;v\nMünchen;1\nKöln;2\n", "ibm850"},
		"Polish of DOS":       {"Miasto;v\nŁódź;1\nKraków;2\n", "ibm852"},
		"Arabic":              {"المدينة;v\nالرياض;1\nجدة;2\n", "windows-1256"},
		"Hebrew":              {"עיר;v\nירושלים;1\nחיפה;2\n", "windows-1255"},
		"Turkish":             {"Şehir;v\nMuğla;1\nIğdır;2\n", "windows-1254"},
		"Lithuanian":          {"Miestas;v\nŠiauliai;1\nPanevėžys;2\nTelšiai;3\n", "windows-1257"},
		"Thai":                {"เมือง;v\nกรุงเทพ;1\nเชียงใหม่;2\n", "windows-874"},
		"Russian":             {"город;v\nМосква;1\nКазань;2\n", "windows-1251 koi8-r ibm866 iso-8859-5"},
		"simplified Chinese":  {"名称;v\n北京市;1\n上海;2\n", "gb18030"},
		"traditional Chinese": {"城市;v\n台北市;1\n高雄市;2\n", "big5"},
		"Japanese":            {"都市;v\n東京;1\n大阪;2\n", "shift_jis euc-jp"},
		"Korean":              {"도시;v\n서울;1\n부산;2\n", "euc-kr"},
		"one cell":            {"name;v\n中;1\n", "gb18030"},
	} {
		for encoding := range strings.FieldsSeq(c.encodings) {
			t.Run(name+" in "+encoding, func(t *testing.T) {
				header, rows, _ := strings.Cut(c.text, "\n")
				for _, text := range []string{c.text, header + "\n" + strings.Repeat(rows, 40)} {
					d := described(t, inEncoding(t, encoding, text), describe.Options{})
					names := encodingsOf(d)
					if at := slices.Index(names, encoding); at < 0 || at > 1 || len(names) > 4 && name != "one cell" {
						t.Errorf("choices %q", names)
					}
					if d.Settings.Encoding != "" || d.Readable {
						t.Errorf("it was chosen: %s, problems %q", d.Flags, d.Problems)
					}
					first := inEncoding(t, encoding, text)
					if again := described(t, first, describe.Options{Settings: dialect.Settings{Encoding: encoding}}); !again.Readable || len(again.Columns) != 2 {
						t.Errorf("with it: choices %+v, problems %q", again.Choices, again.Problems)
					}
				}
			})
		}
	}
}

// TestRestIsSoughtInTheLikeliestEncoding: where a quote or a delimiter is half of a character.
func TestRestIsSoughtInTheLikeliestEncoding(t *testing.T) {
	text := inEncoding(t, "shift_jis", "内容,残高(円)\nカード  セブン,\"20,960\"\n電気代,\"32,987\"\n")
	d := described(t, text, describe.Options{})
	if d.Flags != "" || d.Layout.HeaderLine != 1 || len(d.Columns) != 2 || d.Columns[1].Name != "残高(円)" {
		t.Errorf("flags %q, %+v", d.Flags, d.Columns)
	}
	noted(t, d, "shown as shift_jis has them")
	if len(d.Choices) != 2 || d.Choices[0].Options[0].Settings.Encoding != "shift_jis" {
		t.Errorf("choices %+v", d.Choices)
	}
	said := described(t, text, describe.Options{Settings: dialect.Settings{Encoding: "shift_jis"}})
	if fmt.Sprint(said.Columns) != fmt.Sprint(d.Columns) || said.Flags != "--encoding=shift_jis" {
		t.Errorf("with the encoding: flags %q, %+v", said.Flags, said.Columns)
	}
}

// TestNamesTellTheEncoding: a question whose columns are there in one encoding only.
func TestNamesTellTheEncoding(t *testing.T) {
	for encoding, city := range map[string]string{"windows-1251": "город", "gb18030": "城市", "koi8-r": "город"} {
		q, err := query.Compile(query.Spec{GroupBy: []string{`"` + city + `"`}, Aggregate: []string{"count(*)"}})
		if err != nil {
			t.Fatal(err)
		}
		d := described(t, inEncoding(t, encoding, city+";v\n"+city+";1\n"), describe.Options{Columns: q.Columns()})
		if d.Flags != "--encoding="+encoding || !d.Readable {
			t.Errorf("%s: flags %q, choices %+v", encoding, d.Flags, d.Choices)
		}
	}
}

// TestTwoEncodingsAreNoChoice, and one that may look like UTF-8 is.
func TestTwoEncodingsAreNoChoice(t *testing.T) {
	_, err := describe.File(t.Context(), file("name,n\nZoë,1\nJos\xe9,2\n"), describe.Options{})
	if err == nil || !strings.Contains(err.Error(), "mixed encodings") {
		t.Errorf("got %v", err)
	}
	q, err := query.Compile(query.Spec{GroupBy: []string{"#1"}, Aggregate: []string{"count(*)"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"名称;v\n北京市;1\n上海;2\n", "城市;v\n深圳;1\n广州;2\n杭州;3\n"} {
		text = inEncoding(t, "gb18030", text)
		if d := described(t, text, describe.Options{Columns: q.Columns()}); !slices.Contains(encodingsOf(d), "gb18030") {
			t.Errorf("%q: problems %q, choices %+v", text, d.Problems, d.Choices)
		}
	}
}
