package chardet

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// language is how often a language has which letters, of those that are not ASCII.
type language struct {
	script *unicode.RangeTable
	latin  bool
	atEnd  bool    // letters that are not ASCII end words
	share  float64 // of all its letters, those that are not ASCII; 1 for other scripts
	logs   map[rune]float64
	east   *eastern // of a language with more than letters
}

// ending are the letters of a language at the ends of its words.
func (l *language) ending() *language {
	l.atEnd = true
	return l
}

// newLanguage reads a table such as "ä25 ö19": lower-case letters with their relative frequencies,
// which are those of running texts and of names.
func newLanguage(script *unicode.RangeTable, share float64, table string) *language {
	l := &language{script: script, latin: script == unicode.Latin, share: share, logs: map[rune]float64{}}
	sum := 0.0
	for word := range strings.FieldsSeq(table) {
		digits := strings.IndexAny(word, "0123456789")
		weight, err := strconv.ParseFloat(word[digits:], 64)
		if err != nil {
			panic(err)
		}
		l.logs[[]rune(word)[0]] = weight
		sum += weight
	}
	for r, weight := range l.logs {
		l.logs[r] = math.Log(share * weight / sum)
	}
	return l
}

// encoding is one that a text may be in, with the languages that are written in it.
type encoding struct {
	name      string // of package encodings
	rare      float64
	languages []*language
}

var (
	german     = newLanguage(unicode.Latin, 0.03, "ü43 ä26 ö20 ß11 é0.3")
	french     = newLanguage(unicode.Latin, 0.05, "é54 è13 à12 ê8 ç5 ô4 î3 â2 û2 ù2 ë1 ï1 œ1")
	spanish    = newLanguage(unicode.Latin, 0.04, "ó27 í24 á19 é15 ñ11 ú6 ü0.6")
	portuguese = newLanguage(unicode.Latin, 0.05, "ã20 ç18 á14 é12 í9 ó9 ê8 õ5 ú4 â4 à3 ô3")
	italian    = newLanguage(unicode.Latin, 0.015, "à40 è30 ù12 ò10 ì9 é6").ending()
	swedish    = newLanguage(unicode.Latin, 0.06, "ä42 ö32 å28 é1")
	danish     = newLanguage(unicode.Latin, 0.04, "å35 ø36 æ28 é1 ö1 ä0.5")
	icelandic  = newLanguage(unicode.Latin, 0.14, "ð25 á15 í15 þ8 ó10 ö8 é6 æ7 ú7 ý3")
	catalan    = newLanguage(unicode.Latin, 0.03, "à28 é20 ó18 è13 í12 ç5 ò5 ú4 ï2 ü1")
	english    = newLanguage(unicode.Latin, 0.001, "é50 è5 ö6 ü6 ñ6 ç5 á6 ä4 ó6 í6 ï3 ê2 ô2 å2 ø2 ë1 à2")
	polish     = newLanguage(unicode.Latin, 0.08, "ł26 ó16 ą13 ę13 ś11 ż10 ń7 ć8 ź2")
	czech      = newLanguage(unicode.Latin, 0.14, "í21 á18 é10 ě12 č9 ř9 š9 ž8 ý9 ů6 ú2 ň2 ó1 ť1 ď1")
	slovak     = newLanguage(unicode.Latin, 0.12, "á22 í13 č12 é10 š9 ž9 ý9 ú10 ľ5 ť4 ô2 ň3 ó2 ä1 ď2 ŕ0.2 ĺ0.2")
	hungarian  = newLanguage(unicode.Latin, 0.12, "á34 é30 ö9 ó10 ő8 ü6 í6 ú3 ű2")
	romanian   = newLanguage(unicode.Latin, 0.06, "ă34 ş22 ţ22 î14 â8")
	croatian   = newLanguage(unicode.Latin, 0.04, "č33 š28 ž19 ć15 đ6")
	turkish    = newLanguage(unicode.Latin, 0.11, "ı36 ü15 ş15 ğ11 ç10 ö8 İ4 â0.5 î0.2")
	estonian   = newLanguage(unicode.Latin, 0.05, "ä34 õ30 ü24 ö9 š2 ž1")
	latvian    = newLanguage(unicode.Latin, 0.11, "ā37 ī19 ē17 š11 ņ6 ļ5 ū5 ž4 č2 ķ2 ģ2")
	lithuanian = newLanguage(unicode.Latin, 0.08, "ė20 ų16 š15 ž13 į9 ū9 ą8 č7 ę4")
	vietnamese = newLanguage(unicode.Latin, 0.25, "đ12 â10 ư14 ơ9 ê9 ô10 à7 á7 ă3 ̀10 ́10 ̣10 ̉5 ̃4 í2 ó2 é1 ú1 ù2 ò1 è1 ý1")

	russian   = newLanguage(unicode.Cyrillic, 1, "о100 а90 е75 и72 н68 т56 с54 р54 к48 в46 л46 м32 д30 у27 п26 я20 г20 ь19 ы16 б17 й17 з16 ч15 х10 ж10 ш9 ц6 ю6 щ4 э3 ф5 ъ0.5 ё1")
	ukrainian = newLanguage(unicode.Cyrillic, 1, "о92 а88 и62 н66 в54 і58 е48 т50 р50 с43 к44 л38 у34 д32 м31 п28 з23 я22 ь21 б18 г16 й14 ч13 х11 ц8 ї7 ж8 ю8 є5 ш8 щ4 ф4 ґ0.2")
	bulgarian = newLanguage(unicode.Cyrillic, 1, "а115 и90 о87 е85 т73 н72 р57 с52 в46 л38 к38 д36 п29 м25 з21 я16 у15 ъ15 г16 б15 ч14 й8 ж7 ц8 щ5 х6 ш5 ю2 ф3 ь0.3")
	serbian   = newLanguage(unicode.Cyrillic, 1, "а115 о90 и97 е90 н57 р53 с50 т45 ј45 у42 в40 к39 д37 л36 п29 м34 з18 г18 б17 ч10 ш10 ц9 ж7 њ7 х8 љ5 ћ6 ђ3 ф3 џ1")
	greek     = newLanguage(unicode.Greek, 1, "α95 ο80 ι75 ε58 τ66 ν65 σ50 ρ50 η38 π38 κ42 υ34 μ32 λ36 ς40 ί24 ά26 ό22 έ18 γ18 δ17 ω16 ή16 χ12 θ13 φ9 ύ11 β8 ξ5 ζ5 ψ2 ώ9 ϊ1 ϋ0.3 ΐ0.2")
	hebrew    = newLanguage(unicode.Hebrew, 1, "י110 ו104 ה90 ל70 א60 ר62 ת52 ב50 מ50 ש44 נ38 ע30 ם28 ק27 ד26 ח24 פ22 כ20 ט15 ג15 ז13 ן16 ס17 צ11 ך5 ף3 ץ3")
	arabic    = newLanguage(unicode.Arabic, 1, "ا150 ل110 ي80 م60 و58 ن56 ر52 ت45 ة40 ب38 ع36 د34 س32 ه28 ف24 ح24 ك24 ق22 أ20 ج18 ش14 ط12 ص12 ى10 خ10 إ8 ض7 ذ6 ز8 ث6 ء6 غ6 ئ4 ظ3 ؤ2 آ2")
	persian   = newLanguage(unicode.Arabic, 1, "ا140 ی95 ر75 ن70 د65 ه55 م55 و52 ت45 ب42 س38 ش32 ل30 ک28 ز25 گ14 ف14 خ14 ق12 ع10 ج12 پ11 ح10 آ9 چ6 ص6 ط5 غ4 ض3 ژ1 ذ2 ث1 ي4 ك2")
	thai      = newLanguage(unicode.Thai, 1, "า75 น60 ร60 เ45 ก45 อ50 ง40 ่40 ม36 ย35 ว30 ั34 ล32 ้32 ต28 ท28 ี30 ส28 ิ27 ค24 ์20 บ25 ด25 ป24 ห22 ะ20 จ18 พ20 แ15 ข17 ุ20 ช16 ู14 ใ10 ไ12 โ12 ื12 ซ9 ผ8 ถ8 ำ10 ณ8 ธ8 ภ7 ศ8 ษ5 ญ5 ฟ5 ึ6 ็8 ฝ2 ๆ2 ฐ3 ฉ2 ฎ1 ฏ1 ฒ1 ฮ1 ฆ1 ฬ1 ฯ1")

	western   = []*language{german, french, spanish, portuguese, italian, swedish, danish, icelandic, catalan, english}
	central   = []*language{polish, czech, slovak, hungarian, romanian, croatian, german}
	cyrillics = []*language{russian, ukrainian, bulgarian, serbian}
)

// candidates are those that are told apart, the more usual ones first. rare is the logarithm of how
// much rarer than the most usual one an encoding is; it counts where texts hardly tell.
var candidates = []encoding{
	{"windows-1252", 0, western},
	{"windows-1250", -1.5, central},
	{"windows-1251", -1, cyrillics},
	{"gb18030", -1, []*language{chinese}},
	{"shift_jis", -1, []*language{japanese, narrowJapanese}},
	{"euc-kr", -1, []*language{korean}},
	{"big5", -1, []*language{traditionalChinese}},
	{"windows-1253", -1, []*language{greek}},
	{"windows-1254", -1.5, []*language{turkish, german, french}},
	{"windows-1255", -1, []*language{hebrew}},
	{"windows-1256", -1, []*language{arabic, persian}},
	{"windows-874", -1, []*language{thai}},
	{"windows-1257", -2, []*language{estonian, latvian, lithuanian, polish, german}},
	{"windows-1258", -3, []*language{vietnamese}},
	{"koi8-r", -2, []*language{russian, bulgarian}},
	{"euc-jp", -2, []*language{japanese}},
	{"ibm850", -4, western},
	{"ibm852", -4.5, central},
	{"ibm437", -4.5, western},
	{"ibm866", -2.5, []*language{russian, ukrainian, bulgarian}},
	{"iso-8859-15", -2.5, []*language{french, german, spanish, portuguese, italian, swedish, english, estonian}},
	{"iso-8859-2", -2.5, central},
	{"iso-8859-7", -2.5, []*language{greek}},
	{"koi8-u", -3, []*language{ukrainian}},
	{"iso-8859-5", -3, cyrillics},
	{"iso-8859-6", -3, []*language{arabic}},
	{"iso-8859-8", -3, []*language{hebrew}},
	{"macintosh", -4, western},
	{"x-mac-cyrillic", -5, cyrillics},
}
