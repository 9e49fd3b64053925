package dialect

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	monthNames = [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}
	dayNames   = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	halves     = [...]string{"am", "pm"}
)

// monthsElsewhere and daysElsewhere are names in other languages, as far as a name means one month
// in all of them: Polish and Croatian, which call different months listopada, are not among them.
// The first month is 1, the first day Sunday. Short names that English has, too, are left out. They
// are from the Unicode CLDR.
var (
	monthsElsewhere = numbered(
		"januar februar märz april mai juni juli august september oktober november dezember", // German
		". . mär . mai . . . . okt . dez",
		"jänner feber maerz . . . . . sept . . .",
		". . mrz . . . . . . . . .",
		"janvier février mars avril mai juin juillet août septembre octobre novembre décembre", // French
		"janv févr . avr . . juil . . . . déc",
		". fév . . . . . aout . . . .",
		". fevrier . . . . . . . . . decembre",
		". fevr . . . . . . . . . .",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre", // Spanish
		"ene . . abr . . . ago setiembre . . dic",
		"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre", // Italian
		"gen . . . mag giu lug ago set ott . dic",
		"janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro", // Portuguese
		". fev marco . . . . . . out . .",
		"januari februari maart april mei juni juli augustus september oktober november december", // Dutch
		". . mrt . . . . . . . . .",
		"januari februari mars april maj juni juli augusti september oktober november december", // Swedish
		"januar februar marts april maj juni juli august september oktober november desember",   // Danish, Norwegian
		". . . . . . . . . . . des",
		"января февраля марта апреля мая июня июля августа сентября октября ноября декабря", // Russian
		"январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
		"янв фев мар апр . июн июл авг сен окт ноя дек",
		". февр . . . . . . сент . нояб .",
		"ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık", // Turkish
		"oca şub . nis . haz tem ağu eyl eki kas ara",
	)
	daysElsewhere = numbered(
		"sonntag montag dienstag mittwoch donnerstag freitag samstag", // German
		"so mo di mi do fr sa",
		". . . . . . sonnabend",
		"dimanche lundi mardi mercredi jeudi vendredi samedi", // French
		"dim lun mar mer jeu ven sam",
		"domingo lunes martes miércoles jueves viernes sábado", // Spanish
		"dom . . mié jue vie sáb",
		"domenica lunedì martedì mercoledì giovedì venerdì sabato", // Italian
		". . . . gio . sab",
		". segunda terça quarta quinta sexta .", // Portuguese
		". seg ter qua qui sex .",
		"zondag maandag dinsdag woensdag donderdag vrijdag zaterdag", // Dutch
		"zo ma . wo . vr za",
	)
)

// numbered gives each name its place in its line, from 1; a point stands for none.
func numbered(lines ...string) map[string]int {
	all := map[string]int{}
	for _, line := range lines {
		for i, name := range strings.Fields(line) {
			if before, there := all[name]; there && before != i+1 {
				panic("two meanings of " + name)
			} else if name != "." {
				all[name] = i + 1
			}
		}
	}
	return all
}

// readName reads one of some English names, in any case, of which at most so many letters are
// written, or a whole word that is one elsewhere; the first is 1.
func readName(s []byte, names []string, elsewhere map[string]int, letters int) (n int, rest []byte, ok bool) {
	for i, name := range names {
		name = name[:min(letters, len(name))]
		if len(s) >= len(name) && equalFold(s[:len(name)], name) {
			n, rest, ok = i+1, s[len(name):], true
			break
		}
	}
	if elsewhere == nil || ok && !beginsWithLetter(rest) {
		return n, rest, ok
	}
	end := bytes.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	if end < 0 {
		end = len(s)
	}
	if there := elsewhere[string(bytes.ToLower(s[:end]))]; there > 0 {
		return there, s[end:], true
	}
	return n, rest, ok
}

func beginsWithLetter(s []byte) bool {
	r, _ := utf8.DecodeRune(s)
	return unicode.IsLetter(r)
}

// equalFold compares ASCII letters in any case; lower is in lower case.
func equalFold(s []byte, lower string) bool {
	for i := range s {
		if s[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}
