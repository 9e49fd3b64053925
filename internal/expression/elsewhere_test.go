package expression

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestWordsOfOthers: who writes a function of SQL, pandas or a spreadsheet is told what is written
// here, and not another function that is spelled like it.
func TestWordsOfOthers(t *testing.T) {
	for source, want := range map[string]string{
		"mean(v)":               ": expected avg(x)",
		"AVERAGE(v)":            ": expected avg(x)",
		"minute(v)":             ", and there is none like it",
		"sign(v)":               ": expected case when x < 0 then -1 when x > 0 then 1 else 0 end",
		"stddev_pop(v)":         ", and there is none like it",
		"weekofyear(v)":         ": expected week(t)",
		"dayofmonth(v)":         ": expected day(t)",
		"strftime('%Y', v)":     ": expected month(t), day(t) or hour(t)",
		"EXTRACT(month FROM v)": ": expected month(t), day(t) or hour(t)",
		"power(v, 2)":           ": expected x * x",
		"left(v, 2)":            ": expected substr(s, 1, 3)",
		"cast(v as int)":        ": expected number(x)",
		"lcase(v)":              ": expected lower(s)",
		"contains(v, 'x')":      ": expected s like '%x%'",
		"group_concat(v)":       ", and there is none like it",
		"row_number()":          ", and there is none like it",
		"lead(v)":               ", and there is none like it",
		"float(v)":              ": expected number(x)",
		"distinct(v)":           ": expected count(distinct x)",
		"coalsece(v)":           "; did you mean coalesce?",
		"averag(v)":             "; there are ",
		"maxx(v)":               "; did you mean max?",
		"lenght(v)":             "; did you mean length?",
		"foo(v)":                "; there are ",
		"Average (EUR)":         `: expected avg(x); a column of this name stands in double quotes, "Average (EUR)"`,
	} {
		word, _, _ := strings.Cut(source, "(")
		if got := problemOf(source); !strings.HasPrefix(got, "unknown function "+strings.TrimSpace(word)+want) {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
	for _, word := range strings.Fields(nowhere) {
		if hereFor(word) != "-" {
			t.Errorf("%s stands in elsewhere, too", word)
		}
		if slices.Contains(functionNames, word) {
			t.Errorf("%s is a function", word)
		}
	}
}

func problemOf(source string) string {
	_, err := ParseItem(source)
	var bad *SyntaxError
	if !errors.As(err, &bad) {
		return "none"
	}
	return bad.Problem
}

// TestHabits: signs and words of other languages are told what stands for them here.
func TestHabits(t *testing.T) {
	for source, want := range map[string]string{
		"qty =< 2":                     "there is no =<: expected <=",
		"qty => 2":                     "there is no =>: expected >=",
		"where qty > 1":                "where itself is not written: expected the condition alone",
		"where = 'x'":                  `where itself is not written: expected the condition alone; a column of this name stands in double quotes, "where", and in a shell in single ones around them, '"where"'`,
		"SELECT item FROM shop":        "select and from are not written: expected what stands between or behind them alone",
		"item FROM shop":               "select and from are not written: expected what stands between or behind them alone",
		"item ilike 'a%'":              "there is no ilike: expected like, or lower(x) like 'ab%' for capitals and small letters alike",
		"qty % 2 = 0":                  "there is no %: the remainder of a / b is a - floor(a / b) * b",
		"item + 'x' = 'y'":             `a text in the place of a number; || joins texts, and a column stands in double quotes: "x"`,
		"sum(v) over (partition by k)": "there are no window functions: expected an aggregate without over",
		"month(t) = 12":                "a text in the place of a number: expected a text such as '2024-01', or substr(month(t), 6) for the number alone",
		"hour(t) in (1, 2)":            "a text in the place of a number: expected a text such as '2024-01-31T10', or substr(hour(t), 12) for the number alone",
		"avg(quarter(t)) > 1":          "a text in the place of a number: expected a text such as '2024-Q1', or substr(quarter(t), 7) for the number alone",
		"sum('qty') > 1":               `a text in the place of a number; || joins texts, and a column stands in double quotes: "qty"`,
		"k ~ 2":                        "there is no ~: expected like",
		"k = 2 && v = 1":               "there is no &&: expected and",
		"!(v = 1)":                     "there is no !: expected not",
		"not !v = 1":                   "there is no !: expected not",
		"v = 1;":                       "there is no ; at the end of an expression",
		"item contains 'x'":            "there is no contains: expected like, with % for any characters",
		"v = 1 group by k":             "groupBy and orderBy are parts of their own: expected the expression alone",
		"v = 1 ORDER BY k":             "groupBy and orderBy are parts of their own: expected the expression alone",
		"v = 1 limit 5":                "limit is a part of its own: expected the expression alone",
		"sum(v) where k = 'a'":         "where is a part of its own, and that of one aggregate is filter (where …)",
		"v in [1,2]":                   "expected ( and ) around the values of in",
		"v::int > 1":                   "there is no ::: expected number(x) for a number",
		"R&D > 1":                      "unexpected &: a column whose name has such a sign is written in double quotes",
		"Ready! = 1":                   "unexpected !: a column whose name has such a sign is written in double quotes",
		"[Order Date] = 'x'":           "unexpected [: a column whose name has such a sign is written in double quotes",
		"d > date '2024-01-01'":        "a date is a text without date before it: expected '2024-01-01'",
		"* except (qty)":               "there is no * except: expected the columns that are wanted",
		"*":                            "* stands for all columns in select alone, and in count(*)",
	} {
		_, err := ParseCondition(source)
		var bad *SyntaxError
		if !errors.As(err, &bad) || bad.Problem != want {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
	for source, want := range map[string]string{
		"sum(qty) as 'sum qty'":          `the name after as: 'sum qty' is a text: a name stands in double quotes`,
		"date '2024-01-01'":              "a date is a text without date before it: expected '2024-01-01'",
		"item 'x'":                       `unexpected 'x': expected an operator, or as and a name; a column of this name stands in double quotes, "item 'x'"`,
		"sum(qty) over (partition by k)": "there are no window functions: expected an aggregate without over",
		"SELECT item FROM shop":          "select and from are not written: expected what stands between or behind them alone",
		"* except (qty)":                 "there is no * except: expected the columns that are wanted",
		"valid from":                     `unexpected from: expected an operator, or as and a name; a column of this name stands in double quotes, "valid from", and in a shell in single ones around them, '"valid from"'`,
	} {
		if got := problemOf(source); got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}
