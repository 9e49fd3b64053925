package differential

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
)

// TestDifferences pins where the engine and DuckDB do not agree, and what both
// refuse, so that what docs/engine.md says of it stays true.
func TestDifferences(t *testing.T) {
	const refused = "refused"
	db := open(t)
	for _, c := range []struct {
		name, in      string
		keys, columns string // GROUP BY; aggregates
		sql           string // with texts for read_csv of texts and guessed for read_csv('…')
		engine        string // rows, cells parted by commas, rows by semicolons
		duckdb        string
	}{
		{"an average is rounded once", "k,v\na,6587918.916524\n", "k", "avg(v)",
			"select k, avg(v::decimal(30,6))::varchar from texts group by k", "a,6587918.916524", "a,6587918.9165240005"},
		{"a median is exact and rounded once", "k,v\na,0.1\na,0.2\n", "k", "median(v)",
			"select k, median(v::double)::varchar from texts group by k", "a,0.15", "a,0.15000000000000002"},
		{"a variance is exact and rounded once", "k,v\na,1000000000.1\na,1000000000.2\n", "k", "variance(v)",
			"select k, variance(v::double)::varchar from texts group by k", "a,0.005", "a,0.004999996423720177"},
		{"decimals are exact without a type", "k,v\na,0.1\na,0.2\n", "k", "sum(v)",
			"select k, sum(v) from guessed group by k", "a,0.3", "a,0.30000000000000004"},
		{"a number keeps its decimals", "k,v\na,0.16\n", "k", "sum(v)",
			"select k, sum(v::decimal(18,1))::varchar from texts group by k", "a,0.16", "a,0.2"},
		{"a number has 37 digits at most", "k,v\na,99999999999999999999999999999999999999\n", "k", "sum(v)",
			"select k, sum(v::decimal(38,0))::varchar from texts group by k", refused, "a,99999999999999999999999999999999999999"},
		{"a number has 18 digits after the point at most", "k,v\na,0.0000000000000000001\n", "k", "sum(v)",
			"select k, sum(v::decimal(38,19))::varchar from texts group by k", refused, "a,0.0000000000000000001"},
		{"no underscores in numbers", "k,v\na,1_000\n", "k", "sum(v)",
			"select k, sum(v::int)::varchar from texts group by k", refused, "a,1000"},
		{"numbers before text in min and max", "k,v\na,10\na,9\na,n/a\n", "k", "min(v)",
			"select k, min(v) from texts group by k", "a,9", "a,10"},
		{"keys that are integers are ordered by value", "k,v\n10,1\n9,1\n", "k", "count(*)",
			"select k, count(*) from texts group by k order by k", "9,1;10,1", "10,1;9,1"},
		{"NULL comes first", "k,v\n,1\na,1\n", "k", "count(*)",
			"select k, count(*) from texts group by k order by k", ",1;a,1", "a,1;,1"},
		{"two digits for months and days", "k,v\n2022-1-1,1\n", "day(k)", "count(*)",
			"select strftime(k::timestamp, '%Y-%m-%d'), count(*) from texts group by 1", refused, "2022-01-01,1"},
		{"24 o'clock", "k,v\n2022-01-01 24:00,1\n", "hour(k)", "count(*)",
			"select strftime(k::timestamp, '%Y-%m-%dT%H'), count(*) from texts group by 1", refused, "2022-01-02T00,1"},
		{"a quote within a field without quotes", "k,v\na\"b,1\n", "k", "count(*)",
			"select k, count(*) from texts group by k", refused, `a"b,1`},
		{"NUL", "k,v\na\x00b,1\n", "k", "count(*)",
			"select k, count(*) from texts group by k", refused, "a\x00b,1"},
		{"text that is not UTF-8", "k,v\n\xff,1\n", "k", "count(*)",
			"select k, count(*) from texts group by k", "\xff,1", refused},
		{"a blank line in a file of one column", "k\n1\n\n2\n", "", "count(*)",
			"select count(*) from texts", "2", "3"},
		{"two columns of one name", "k,k\na,1\n", "k", "count(*)",
			"select k_1, count(*) from guessed group by k_1", refused, "1,1"},
		{"a row with a field too few", "k,v\na,1\na\n", "k", "count(*)", "select k, count(*) from texts group by k", refused, refused},
		{"a row with a field too many", "k,v\na,1\na,1,2\n", "k", "count(*)", "select k, count(*) from texts group by k", refused, refused},
		{"text after a closing quote", "k,v\n\"a\"b,1\n", "k", "count(*)", "select k, count(*) from texts group by k", refused, refused},
		{"an open quote", "k,v\n\"a,1\n", "k", "count(*)", "select k, count(*) from texts group by k", refused, refused},
		{"text in a sum", "k,v\na,b\n", "k", "sum(v)", "select k, sum(v::int)::varchar from texts group by k", refused, refused},
		{"line breaks of both kinds", "k,v\r\na,1\nb,2\r\n", "k", "count(*)",
			"select k, count(*) from guessed group by k", "a,1;b,1", refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &file{path: filepath.Join(t.TempDir(), "f.csv"), text: []byte(c.in), comma: ','}
			if err := os.WriteFile(f.path, f.text, 0o600); err != nil {
				t.Fatal(err)
			}
			header, _, _ := strings.Cut(c.in, "\n")
			for name := range strings.SplitSeq(strings.TrimSpace(header), ",") {
				f.columns = append(f.columns, column{name: name})
			}
			text := strings.NewReplacer("texts", f.table(), "guessed", fmt.Sprintf("read_csv('%s')", f.path)).Replace(c.sql)
			rows, err := answers(db, text)
			if got := shown(rows, err); got != c.duckdb {
				t.Errorf("DuckDB: %s (%v), want %s", got, err, c.duckdb)
			}
			var spec groupby.Spec
			if c.keys != "" {
				spec.GroupBy = []string{c.keys}
			}
			if spec.Aggregates, err = expression.SplitList(c.columns); err != nil {
				t.Fatal(err)
			}
			rows, err = aggregate(f, spec)
			if got := shown(rows, err); got != c.engine {
				t.Errorf("the engine: %s (%v), want %s", got, err, c.engine)
			}
		})
	}
}

func shown(rows [][]string, err error) string {
	if err != nil {
		return "refused"
	}
	var lines []string
	for _, row := range rows {
		lines = append(lines, strings.Join(row, ","))
	}
	return strings.Join(lines, ";")
}

// TestDifferencesOfQuestions is TestDifferences for expressions and settings.
func TestDifferencesOfQuestions(t *testing.T) {
	db := open(t)
	comment := dialect.Settings{CommentPrefix: "#"}
	for _, c := range []struct {
		name, in string
		input    dialect.Settings
		item     string // of a selection, or an aggregate
		options  string // of read_csv
		sql      string // with file for read_csv
		ours     string
		duckdb   string
	}{
		{"a division by zero", "k,v\na,0\n", dialect.Settings{}, "1 / v", "", "select 1 / v::int from file", "", "+Inf"},
		{"a quotient of decimals is rounded once", "k,v\na,0.2\n", dialect.Settings{}, "0.6 / v", "", "select (0.6 / v::decimal(9,1))::varchar from file", "3", "2.9999999999999996"},
		{"round to more digits", "k,v\na,1.5\n", dialect.Settings{}, "round(v, 2)", "", "select round(v::decimal(9,1), 2)::varchar from file", "1.50", "1.5"},
		{"round of a double", "k,v\na,1.005\n", dialect.Settings{}, "round(v / 1, 2)", "", "select round(v::double, 2)::varchar from file", "1.01", "1.0"},
		{"floor of an integer", "k,v\na,15\n", dialect.Settings{}, "floor(v)", "", "select floor(v::int)::varchar from file", "15", "15.0"},
		{"a double is written shortest", "k,v\na,4\n", dialect.Settings{}, "v / 2", "", "select (v::int / 2)::varchar from file", "2", "2.0"},
		{"a text without characters is NULL in aggregates", "k,v\na,1\nab,2\n", dialect.Settings{}, "count(substr(k, 2))", "", "select count(substr(k, 2)) from file", "1", "2"},
		{"substr from before the text", "k,v\nabc,1\n", dialect.Settings{}, "substr(k, -1, 3)", "", "select substr(k, -1, 3) from file", "a", "c"},
		{"trim drops all blanks", "k,v\n\ta\u00a0,1\n", dialect.Settings{}, "length(trim(k))", "", "select length(trim(k)) from file", "1", "2"},
		{"a backslash in like", "k,v\na%,1\n", dialect.Settings{}, `k like 'a\%'`, "", `select (k like 'a\%')::varchar from file`, "true", "false"},
		{"cells that are numbers are compared by value", "k,v\n1.0,1\n", dialect.Settings{}, "k = v", "", "select (k = v)::varchar from file", "true", "false"},
		{"a comment begins its line", "k,v\na #b,1\n", comment, "k", "comment = '#'", "select k from file", "a #b", "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f.csv")
			if err := os.WriteFile(path, []byte(c.in), 0o600); err != nil {
				t.Fatal(err)
			}
			options := ""
			if c.options != "" {
				options = c.options + ", "
			}
			file := fmt.Sprintf("read_csv('%s', auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', new_line = '\\n', %scolumns = {'k': 'varchar', 'v': 'varchar'})", path, options)
			rows, err := answers(db, strings.Replace(c.sql, "file", file, 1))
			if got := shown(rows, err); got != c.duckdb {
				t.Errorf("DuckDB: %s (%v), want %s", got, err, c.duckdb)
			}
			spec := query.Spec{Input: c.input, Select: []string{c.item + " as x"}}
			if strings.HasPrefix(c.item, "count(") {
				spec.Select, spec.Aggregate = nil, spec.Select
			}
			rows, err = ask(spec, []byte(c.in), 1)
			if err == nil {
				rows = rows[1:]
			}
			if got := shown(rows, err); got != c.ours {
				t.Errorf("ours: %s (%v), want %s", got, err, c.ours)
			}
		})
	}
}
