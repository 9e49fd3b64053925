package chardet

import (
	"slices"
	"strings"
	"testing"

	tags "golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"csv-pipeline/internal/encodings"
)

// encoded is a text in an encoding.
func encoded(t *testing.T, name, text string) []byte {
	t.Helper()
	e, _, ok := encodings.Named(name)
	if !ok {
		t.Fatalf("there is no encoding %s", name)
	}
	bytes, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return bytes
}

// countries are their names in a language, as far as an encoding has them.
func countries(t *testing.T, tag, name string) (all []string) {
	t.Helper()
	e, _, ok := encodings.Named(name)
	if !ok {
		t.Fatalf("there is no encoding %s", name)
	}
	namer := display.Regions(tags.MustParse(tag))
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			region, err := tags.ParseRegion(string([]rune{a, b}))
			if err != nil {
				continue
			}
			text := namer.Name(region)
			coded, err := e.NewEncoder().String(text)
			back, wrong := e.NewDecoder().String(coded)
			if err == nil && wrong == nil && back == text && !isASCII([]byte(text)) && !strings.Contains(text, ",") && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return all
}

// TestNamesOfCountries takes five at a time: the right encoding is nearly always the first or the second.
func TestNamesOfCountries(t *testing.T) {
	const atOnce = 5
	for tag, names := range map[string][]string{
		"de": {"windows-1252", "macintosh", "ibm850", "ibm437"}, "fr": {"windows-1252", "macintosh", "ibm850"}, "es": {"windows-1252", "ibm850"}, "pt": {"windows-1252", "ibm850"}, "it": {"windows-1252"}, "da": {"windows-1252", "ibm850"}, "sv": {"windows-1252", "ibm850"}, "is": {"windows-1252"},
		"pl": {"windows-1250", "iso-8859-2", "ibm852"}, "cs": {"windows-1250", "iso-8859-2", "ibm852"}, "hu": {"windows-1250", "ibm852"}, "hr": {"windows-1250"},
		"tr": {"windows-1254"}, "lv": {"windows-1257"}, "lt": {"windows-1257"},
		"ru": {"windows-1251", "koi8-r", "ibm866", "iso-8859-5"}, "uk": {"windows-1251", "koi8-u"}, "bg": {"windows-1251"}, "sr": {"windows-1251"},
		"el": {"windows-1253", "iso-8859-7"}, "he": {"windows-1255"}, "ar": {"windows-1256", "iso-8859-6"}, "fa": {"windows-1256"}, "th": {"windows-874"},
		"zh-Hans": {"gb18030"}, "zh-Hant": {"big5"}, "ja": {"shift_jis", "euc-jp"}, "ko": {"euc-kr"},
	} {
		for _, name := range names {
			t.Run(tag+" in "+name, func(t *testing.T) {
				all := countries(t, tag, name)
				tries, first, second, long := 0, 0, 0, 0
				for chunk := range slices.Chunk(all, atOnce) {
					text := strings.Join(chunk, "\n")
					coded := encoded(t, name, text)
					guesses := Rank(coded)
					at := slices.IndexFunc(guesses, func(g Guess) bool { return strings.TrimSpace(g.Text) == text })
					tries++
					switch at {
					case 0:
						first++
					case 1:
						second++
					}
					if at < 0 {
						t.Logf("not among %d: %s", len(guesses), text)
					}
					if len(guesses) > 4 {
						long++
					}
					if Mixed(coded) {
						t.Errorf("two encodings: %s", text)
					}
				}
				if tries < 3 || 20*(first+second) < 19*tries || 4*first < 3*tries || 10*long > tries {
					t.Errorf("of %d texts it is the first of %d and the second of %d; %d have more than four", tries, first, second, long)
				}
			})
		}
	}
}

// TestWesternTexts are windows-1252, however little they have of it.
func TestWesternTexts(t *testing.T) {
	for _, text := range []string{
		"25 °C", "25°C", "§ 5", "10 €", "€10", "¥10", "¥1.09\n¥20", "500¥", "±5 V", "½ l", "5 µg", "© 2020", "“quoted”", "don’t", "¿5 £?", "n.º 5", "1ª", "3 m²;5 m³", "3×4", "ACME™", "…", "Ø 5 mm", "10 à 12",
		"Straße – Nr", "naïve café", "«été à Nice»", "KÖLN", "Æble", "Tromsø", "Malmö", "Åre", "Señor", "AÑO", "AÇÃO", "coração", "São Paulo", "élève", "crème brûlée", "forêt", "où", "città", "perché", "Þór", "Škoda", "MÜLLER & SÖHNE",
	} {
		if all := Rank(encoded(t, "windows-1252", text)); all[0].Encoding != "windows-1252" {
			t.Errorf("%s is %s: %s", text, all[0].Encoding, strings.TrimSpace(all[0].Text))
		}
	}
}

func TestMixed(t *testing.T) {
	for text, want := range map[string]bool{
		"name,n\nZoë,1\n" + string(encoded(t, "windows-1252", "José,2\n")):       true,
		"name,n\nKöln,1\n" + string(encoded(t, "windows-1252", "München,2\n")):   true,
		"Город,n\nМосква,1\n" + string(encoded(t, "windows-1251", "Казань,2\n")): true,
		"名称,n\n北京,1\n" + string(encoded(t, "gb18030", "上海,2\n")):                 true,
		string(encoded(t, "gb18030", "名称;v\n北京市;1\n上海;2\n")):                     false,
		string(encoded(t, "euc-kr", "도시;v\n서울;1\n부산;2\n")):                       false,
		string(encoded(t, "windows-1252", "Stadt;v\nKöln;1\n")):                  false,
		"名称,v\n上海市浦东\xe6,1\n北京市海\xe6\xb7,2\n":                                    true, // cut within characters
		"k,v\nNestlé\xc3,1\nMünchen \xc3,2\n":                                    true,
		"name,n\nZoë,1\n":                                                        true, // the rest is in another part of the file
		"name,n\nJos\xe9,1":                                                      false,
	} {
		if Mixed([]byte(text)) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
