package expression

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// elsewhere is what functions of SQL, pandas and spreadsheets are here, and those that are not.
const elsewhere = `average mean averagea: avg(x)
ifnull nvl isnull isna fillna zeroifnull isblank: coalesce(x, 0) or x is null
notnull notna: x is not null
if iif ifs decode switch choose: case when x > 1 then 'a' else 'b' end
greatest: case when a > b then a else b end
least: case when a < b then a else b end
sign sgn: case when x < 0 then -1 when x > 0 then 1 else 0 end
len char_length character_length strlen nchar: length(s)
lcase tolower: lower(s)
ucase toupper: upper(s)
ltrim rtrim strip btrim clean: trim(s)
left: substr(s, 1, 3)
right: substr(s, length(s) - 2)
mid substring slice: substr(s, 2, 3)
contains instr position charindex strpos locate search find includes: s like '%x%'
startswith starts_with: s like 'x%'
endswith ends_with: s like '%x'
ilike: lower(s) like 'x%'
concat_ws textjoin concatenate join: s || ' ' || s
substitute translate: replace(s, 'a', 'b')
str string text varchar to_string tostring: concat(x)
cast try_cast convert try_convert safe_cast to_number tonumber int integer bigint float double real decimal numeric value val astype: number(x)
ceiling roundup: ceil(x)
trunc truncate rounddown: floor(x) or round(x)
pow power square: x * x
mod modulo: a - floor(a / b) * b
date_trunc datetrunc date_part datepart extract to_char strftime date_format format_date monthname: month(t), day(t) or hour(t)
dayofmonth day_of_month to_date todate: day(t)
dayofweek day_of_week dow isodow dayname: weekday(t)
weekofyear week_of_year weeknum isoweek isoweeknum: week(t)
var var_samp var_s variance_samp: variance(x)
std stdev stddev_samp stdev_s: stddev(x)
percentile percentile_cont percentile_approx approx_percentile approx_quantile quantile_cont: quantile(x, 0.95)
maximum maxa: max(x)
minimum mina: min(x)
total: sum(x)
first_value head: first(x)
last_value tail: last(x)
any_value arbitrary: first(x)
size counta value_counts: count(*)
nunique count_distinct countdistinct approx_count_distinct countunique uniq: count(distinct x)
countif count_if countifs: count(*) filter (where x > 1)
sumif sum_if sumifs: sum(x) filter (where x > 1)
averageif avgif averageifs: avg(x) filter (where x > 1)
sumproduct: sum(a * b)
distinct unique: count(distinct x)`

// nowhere are functions that others have, for which nothing stands here.
const nowhere = `sqrt exp log ln log10 log2 row_number rank dense_rank ntile lag lead nth_value cume_dist percent_rank group_concat
string_agg listagg array_agg json_extract now today current_date current_timestamp getdate datediff date_diff dateadd date_add date_sub
timestampdiff age strptime to_timestamp from_unixtime unix_timestamp epoch dayofyear regexp_replace regexp_extract regexp_matches
regexp_like split split_part reverse initcap proper md5 sha1 mode corr covar stddev_pop var_pop stdevp stdev_p varp var_p kurtosis skewness
skew rand random lpad rpad repeat ascii chr char vlookup xlookup lookup cumsum cumcount shift diff pct_change rolling bool_and
bool_or every minute second percentile_disc some product format array struct map list sin cos tan pi div`

// hereFor is what a function of elsewhere is here: "" where that is not known, "-" where it is
// nothing.
func hereFor(word string) string {
	for line := range strings.Lines(elsewhere) {
		words, here, _ := strings.Cut(line, ": ")
		if slices.Contains(strings.Fields(words), word) {
			return strings.TrimSpace(here)
		}
	}
	if slices.Contains(strings.Fields(nowhere), word) {
		return "-"
	}
	return ""
}

// functionHabit is hereFor, for a message.
func functionHabit(word string) string {
	switch here := hereFor(word); here {
	case "":
		return ""
	case "-":
		return ", and there is none like it"
	default:
		return ": expected " + here
	}
}

// unknownFunction says what may be meant by a word with a parenthesis behind it: another
// function, or a name of a column that has one.
func (p *parser) unknownFunction(t *token) string {
	problem := "unknown function " + t.text
	column := ""
	if end := closing(p.source, p.peek().at); end > 0 {
		column = inQuotes(p.source[t.at:end])
	}
	apart := p.peek().at > t.end // as in Betrag (EUR)
	here := functionHabit(t.word)
	near := Nearest(t.word, functionNames)
	if distance(t.word, near) > 1+len(t.word)/5 { // more than a typo
		near = ""
	}
	problem += here
	switch {
	case apart:
		return problem + column
	case here != "":
		return problem
	case near != "":
		return problem + "; did you mean " + near + "?"
	case t.text != t.word || strings.ContainsFunc(t.text, func(r rune) bool { return r >= utf8.RuneSelf }):
		return problem + column // functions are words of small ASCII letters
	}
	return problem + "; there are " + strings.Join(functionNames, ", ")
}

// tokenHabit says what is written in the place of the next token, where it is a habit of other
// languages; "" where it is none.
func (p *parser) tokenHabit() string {
	t, before := p.peek(), token{}
	if p.next > 0 {
		before = p.tokens[p.next-1]
	}
	word, after := "", p.tokens[min(p.next+1, len(p.tokens)-1)]
	if t.kind == nameToken {
		word = t.word
	}
	negative := before.isWord("not") && p.next > 1 && p.tokens[p.next-2].isWord("is")
	switch {
	case before.isWord("is") || negative:
		return p.isHabit(negative)
	case before.is("=") && before.end == t.at && (t.is("<") || t.is(">")):
		return "there is no =" + t.text + ": expected " + t.text + "="
	case t.is("*") && p.next == 0:
		if next := p.tokens[1]; next.isWord("except") || next.isWord("exclude") {
			return "there is no * " + next.word + ": expected the columns that are wanted"
		}
		return "* stands for all columns in select alone, and in count(*)"
	case word == "over" && after.is("("):
		return "there are no window functions: expected an aggregate without over"
	case before.isWord("select") && p.next == 1, word == "select", word == "from" && (p.tokens[0].isWord("select") || p.next > 0 && after.kind == nameToken && p.next == len(p.tokens)-3):
		return "select and from are not written: expected what stands between or behind them alone"
	case (word == "where" || word == "having") && p.next == 0:
		return word + " itself is not written: expected the condition alone" + inQuotesOf(p.source, t)
	case word == "ilike", word == "rlike", word == "regexp", word == "similar", word == "glob":
		return "there is no " + word + ": expected like, or lower(x) like 'ab%' for capitals and small letters alike"
	case word == "contains", word == "startswith", word == "endswith":
		return "there is no " + word + ": expected like, with % for any characters"
	case (word == "group" || word == "order") && after.isWord("by"):
		return "groupBy and orderBy are parts of their own: expected the expression alone"
	case word == "limit" && after.kind == numberToken:
		return "limit is a part of its own: expected the expression alone"
	case word == "where":
		return "where is a part of its own, and that of one aggregate is filter (where …)"
	case word == "%", word == "mod":
		return "there is no " + word + ": the remainder of a / b is a - floor(a / b) * b"
	case word == "div":
		return "there is no div: expected floor(a / b)"
	case t.kind == textToken && (before.isWord("date") || before.isWord("timestamp") || before.isWord("datetime") || before.isWord("time")):
		return "a date is a text without " + before.word + " before it: expected " + p.source[t.at:t.end]
	}
	return ""
}

// isHabit says how a value is compared that stands behind is; "" of others.
func (p *parser) isHabit(negative bool) string {
	sign, t := "=", p.peek()
	if negative {
		sign = "<>"
	}
	switch {
	case t.isWord("true"), t.isWord("false"):
		return fmt.Sprintf("is goes with null: for a column of true and false, expected %s '%s'", sign, t.word)
	case t.kind == textToken, t.kind == numberToken:
		return fmt.Sprintf("is goes with null: expected %s %s", sign, p.source[t.at:t.end])
	}
	return ""
}

// inQuotesOf tells who means a column of that name how it is written, where nothing but an
// operator may follow.
func inQuotesOf(source string, t *token) string {
	if rest := strings.TrimSpace(source[t.end:]); rest != "" && !strings.ContainsAny(rest[:1], "=<>+-*/|") {
		return ""
	}
	return inQuotes(source[t.at:t.end])
}

// unknownSign is the problem of a sign that the grammar has not.
func (p *parser) unknownSign(at int, sign string) string {
	if problem := p.signHabit(at, sign); problem != "" {
		return problem
	}
	return "unexpected " + sign + ": a column whose name has such a sign is written in double quotes"
}

// signHabit says what is written for a sign of other languages; "" where it is none.
func (p *parser) signHabit(at int, sign string) string {
	rest, before := p.source[at:], token{}
	if n := len(p.tokens); n > 0 {
		before = p.tokens[n-1]
	}
	apart := before.kind != nameToken || before.end < at // a sign within a name is not
	switch {
	case strings.HasPrefix(rest, "&&"):
		return "there is no &&: expected and"
	case sign == "!" && apart:
		return "there is no !: expected not"
	case sign == "~" && apart:
		return "there is no ~: expected like"
	case sign == ";" && strings.TrimSpace(rest) == ";":
		return "there is no ; at the end of an expression"
	case sign == "[" && before.isWord("in"):
		return "expected ( and ) around the values of in"
	case strings.HasPrefix(rest, "::"):
		return "there is no ::: expected number(x) for a number"
	}
	return ""
}

// NameHint says what is written for the name of a column that no header has, where a habit of
// other languages made it, for the end of a message; "" elsewhere. order says that it is one to
// order by, and text that no name is like it and a text may be meant.
func NameHint(name string, order, text bool) string {
	hint := habitOfName(name)
	switch {
	case order:
		return orderHabit(name)
	case hint == "" && text:
		return "; a text stands in single quotes: " + QuoteText(name)
	}
	return hint
}

func habitOfName(name string) string {
	first, rest, _ := strings.Cut(strings.ToLower(name), " ")
	rest = strings.TrimSpace(rest)
	switch {
	case rest == "":
	case first == "distinct":
		return "; groupBy has each value once, and count(distinct x) counts them"
	case first == "top" && rest[0]-'0' <= 9:
		return "; limit says how many rows are wanted"
	case first == "select":
		return "; select itself is not written"
	}
	for _, sign := range []string{"~", "&&", "::"} {
		if at := strings.Index(name, sign); at > 0 {
			p := parser{source: name}
			return "; " + p.signHabit(at, sign)
		}
	}
	if _, by, ok := strings.Cut(name, "%"); ok && strings.TrimSpace(by) != "" {
		return "; there is no %: the remainder of a / b is a - floor(a / b) * b"
	}
	return ""
}

// numberHint says what is written where an expression that is no number stands in the place of one.
func numberHint(n *Node) string {
	for _, e := range []struct {
		op   Op
		text string
		from int
	}{{Quarter, "2024-Q1", 7}, {Month, "2024-01", 6}, {Week, "2024-W05", 7}, {Day, "2024-01-31", 9}, {Hour, "2024-01-31T10", 12}} {
		if n.Op == e.op {
			return fmt.Sprintf(": expected a text such as '%s', or substr(%s, %d) for the number alone", e.text, n, e.from)
		}
	}
	if s := string(n.Value.Text); strings.ContainsFunc(s, unicode.IsLetter) {
		return "; || joins texts, and a column stands in double quotes: " + QuoteName(s)
	}
	return ""
}

func orderHabit(name string) string {
	lower := strings.ToLower(name)
	switch {
	case strings.Trim(name, "0123456789") == "":
		return "; a column goes by its name, and not by its place"
	case strings.HasSuffix(lower, " nulls last"), strings.HasSuffix(lower, " nulls first"):
		return "; NULL comes first, with desc last, and that is not written"
	}
	return ""
}

// MayBeTexts are the columns of the expression whose names may be meant as texts: what stands in
// double quotes, or on the right of a comparison, among other values.
func (n *Node) MayBeTexts() map[*Node]bool {
	found := make(map[*Node]bool)
	n.Walk(func(n *Node) bool {
		for i, a := range n.Args {
			if a == nil || a.Op != Column || a.Number > 0 {
				continue
			}
			compared := n.Op >= Equal && n.Op <= GreaterEqual || n.Op == In || n.Op == NullIf
			quoted := a.source != "" && a.source[a.at] == '"'
			if compared && i > 0 || quoted && (compared || n.Op == Concat || n.Op == ConcatAll || n.Op == Case || n.Op == Coalesce) {
				found[a] = true
			}
		}
		return true
	})
	return found
}

// noTruth is the error that says how true and false are written that a column has, where a condition stands beside
// another value, or such a column, other being nil, in the place of a condition.
func (p *parser) noTruth(n, other *Node, problem string) *SyntaxError {
	switch {
	case other == nil && n.Op == Column:
		problem += fmt.Sprintf("; for a column of true and false, %s = 'true'", n)
	case other != nil && n.Op == Literal && (other.Type == Cell || other.Type == Text):
		problem += fmt.Sprintf(": true and false of a column are texts: expected '%s'", n.Value.Append(nil))
	}
	return p.fail(n.at, n.end, problem)
}
