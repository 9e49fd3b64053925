package service

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/command"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
)

// QuestionFlags say how files are read and what is asked of them.
type QuestionFlags struct {
	fs       *pflag.FlagSet
	config   string
	datasets string
	texts    map[string]*setting
}

// setting is a flag that stands for a key of the file that the flag config names.
type setting struct {
	texts []string // as given, one each time
	byDef string   // what counts where nothing is given
	bool  bool
	list  bool // each of texts counts, otherwise the last one alone
	apply func(*query.Spec, []string) error
}

// String is what was given, or what counts where nothing was.
func (s *setting) String() string {
	switch {
	case len(s.texts) == 0:
		return s.byDef
	case s.list:
		return strings.Join(s.texts, ",")
	}
	return s.texts[len(s.texts)-1]
}

func (s *setting) Type() string {
	if s.bool {
		return "bool"
	}
	return "text"
}

func (s *setting) Set(text string) error {
	texts := append(s.texts, text)
	if err := s.apply(new(query.Spec), texts); err != nil {
		return err
	}
	s.texts = texts
	return nil
}

// RegisterFlags defines the flags of q.
func (q *QuestionFlags) RegisterFlags(fs *pflag.FlagSet) {
	q.fs, q.texts = fs, map[string]*setting{}
	fs.StringVar(&q.config, "config", "", "`file` of YAML with the settings below, written as in the chart's values: input: {…}, groupBy, aggregate, select, where, having, orderBy, limit, command, datasets; a flag beats it, but for what a dataset says of its own")
	q.list("group-by", "`what` makes a group: "+expression.KeysInWords+"; repeatable, or several with commas; empty where one of the two below is given", expression.SplitList, func(s *query.Spec) *[]string { return &s.GroupBy })
	q.list("aggregate", "`what` to compute of each group: "+expression.AggregatesInWords+"; repeatable, or several with commas; empty where group-by or select is given", expression.SplitList, func(s *query.Spec) *[]string { return &s.Aggregate })
	q.list("select", "instead of the two above: `what` to write of each row, *, columns or expressions; repeatable, or several with commas", expression.SplitList, func(s *query.Spec) *[]string { return &s.Select })
	q.condition("where", "only rows for which this `condition` holds, such as status = 'paid' and price > 0", func(s *query.Spec) *string { return &s.Where })
	q.condition("having", "only groups for which this `condition` on aggregates or columns of the result holds, such as count(*) > 1", func(s *query.Spec) *string { return &s.Having })
	q.list("order-by", "`columns` of the result that its rows are ordered by, with desc behind them for the largest first; without it rows come by their groups", expression.SplitList, func(s *query.Spec) *[]string { return &s.OrderBy })
	q.number("limit", "`number` of rows of the result, the first ones; 0 is all", func(s *query.Spec) *int { return &s.Limit })
	q.add("command", "instead of the three above: `program` and its arguments, split as a shell does; it reads a file from its standard input and writes the result to its standard output", false, func(s *query.Spec, texts []string) (err error) {
		s.Command.Words, err = command.Split(texts[len(texts)-1])
		return err
	})
	q.text("command-input", "`what` a command reads: decompressed, or raw (the file as it is stored)", func(s *query.Spec) *string { return &s.Command.Input })
	q.text("command-timeout", "`how long` a command may run for one file before it is ended and the file tried again; 0: as long as it wants", func(s *query.Spec) *string { return &s.Command.Timeout })
	q.add("command-max-output", "`bytes` that a result of a command may have; a file with a larger one fails", false, func(s *query.Spec, texts []string) (err error) {
		if s.Command.MaxOutput, err = strconv.ParseInt(texts[len(texts)-1], 10, 64); err != nil || s.Command.MaxOutput < 1 {
			return errors.New("expected a number of bytes above 0")
		}
		return nil
	})
	q.list("command-env", "`names` of variables that a command gets from the environment of the processor; repeatable, or several with commas", splitCSV, func(s *query.Spec) *[]string { return &s.Command.Env })
	q.add("output-format", "`format` of the result: csv, parquet (typed columns, zstd) or jsonl (JSON Lines); its name ends accordingly", false, func(s *query.Spec, texts []string) error {
		return s.Output.Format.UnmarshalText([]byte(texts[len(texts)-1]))
	})
	q.text("delimiter", "`characters` between the fields: auto (one of , ; tab and |, or what a first line such as sep=; says), tab, or any", func(s *query.Spec) *string { return &s.Input.Delimiter })
	q.text("quote-char", "`character` around fields: auto (\" or '), none, or any", func(s *query.Spec) *string { return &s.Input.QuoteChar })
	q.text("escape-char", "`character` before one that is taken as it is: auto (a quote is doubled, or \\ where that alone fits), none, or any", func(s *query.Spec) *string { return &s.Input.EscapeChar })
	q.text("encoding", "`name` of the encoding: auto (UTF-8 or UTF-16 by a byte order mark, UTF-8, otherwise windows-1252), a name of the WHATWG list, or a code page of DOS such as ibm850", func(s *query.Spec) *string { return &s.Input.Encoding })
	q.add("header", "where the header is: auto, none (columns are #1, #2, …), or the `number` of its line, or of several with commas", false, func(s *query.Spec, texts []string) (err error) {
		s.Input.Header, err = dialect.ParseHeader(texts[len(texts)-1])
		return err
	})
	q.flag("no-header", "the same as none for the header", func(s *query.Spec, on bool) { s.Input.Header.None = on })
	q.number("skip-rows", "`number` of lines before the header that are no table", func(s *query.Spec) *int { return &s.Input.SkipRows })
	q.number("skip-rows-after-header", "`number` of records after the header that are no data", func(s *query.Spec) *int { return &s.Input.SkipRowsAfterHeader })
	q.number("skip-footer", "`number` of records at the end that are no table", func(s *query.Spec) *int { return &s.Input.SkipFooter })
	q.text("comment-prefix", "lines that begin with this `text` are no table", func(s *query.Spec) *string { return &s.Input.CommentPrefix })
	q.text("ragged-rows", "`what` to do about a row with too few cells: refuse, or pad (what is missing is NULL)", func(s *query.Spec) *string { return &s.Input.RaggedRows })
	q.flag("trim", "drop the blanks around all cells and names", func(s *query.Spec, on bool) { s.Input.Trim = on })
	q.list("missing-values", "`words` that are NULL where they fill a cell; common: NA, N/A, #N/A, n/a, NULL, null, None, NaN, nan, \\N, -, ? and .", splitCSV, func(s *query.Spec) *[]string { return &s.Input.MissingValues })
	q.text("decimal-char", "`character` before the decimals of numbers: . or ,", func(s *query.Spec) *string { return &s.Input.DecimalChar })
	q.text("group-char", "`character` between the thousands of numbers: one of , . ' or space", func(s *query.Spec) *string { return &s.Input.GroupChar })
	q.flag("bare-number", "false: numbers may have a currency, a percent sign, parentheses or a minus behind them", func(s *query.Spec, on bool) { s.Input.BareNumber = &on })
	q.list("date-formats", "`formats` of dates, tried in order: iso, epoch, epochms, or as strftime has them, such as %d.%m.%Y", splitCSV, func(s *query.Spec) *[]string { return &s.Input.DateFormats })
	q.text("time-zone", "`zone` to which times with an offset are converted, such as Europe/Berlin; without one they stay as written", func(s *query.Spec) *string { return &s.Input.TimeZone })
	q.flag("lenient", "read files come what may: short rows are padded, long ones cut, odd quotes are text, a second table is left out", func(s *query.Spec, on bool) { s.Input.Lenient = on })
	q.text("on-bad-row", "`what` to do about a row that cannot be read: fail the file, or skip the row and write it to <name>_rejected.csv with the reason", func(s *query.Spec) *string { return &s.Input.OnBadRow })
	q.add("max-bad-share", "the `share` of rows that may be skipped; a file with more of them fails", false, func(s *query.Spec, texts []string) (err error) {
		if s.Input.MaxBadShare, err = strconv.ParseFloat(texts[len(texts)-1], 64); err != nil || !(s.Input.MaxBadShare > 0 && s.Input.MaxBadShare <= 1) {
			return errors.New("expected a number above 0, up to 1")
		}
		return nil
	})
	q.number("max-expansion", "`times` that a packed file may be as large unpacked, 1000 unless said", func(s *query.Spec) *int { return &s.Input.MaxExpansion })
	fs.StringVar(&q.datasets, "datasets", "", "`YAML` or JSON list of {name, files: [glob…], and any of the settings} for files that are read or asked otherwise")
}

// condition is a text of which there is one: a second would undo the first.
func (q *QuestionFlags) condition(name, usage string, of func(*query.Spec) *string) {
	q.add(name, usage, false, func(s *query.Spec, texts []string) error {
		if len(texts) > 1 {
			return fmt.Errorf("it is given %d times: expected one condition, such as (%s) and (%s)", len(texts), texts[0], texts[1])
		}
		*of(s) = texts[0]
		return nil
	})
}

func (q *QuestionFlags) add(name, usage string, boolean bool, apply func(*query.Spec, []string) error) {
	s := &setting{apply: apply, bool: boolean, byDef: defaults[name]}
	q.texts[name] = s
	f := q.fs.VarPF(s, name, "", usage)
	if boolean {
		f.NoOptDefVal = "true"
	}
}

// defaults are what counts where nothing is given, for the help.
var defaults = map[string]string{
	"output-format": string(filestore.CSV), "group-by": strings.Join(query.Default.GroupBy, ", "), "aggregate": strings.Join(query.Default.Aggregate, ", "),
	"delimiter": dialect.Auto, "quote-char": dialect.Auto, "escape-char": dialect.Auto, "encoding": dialect.Auto, "header": dialect.Auto,
	"ragged-rows": dialect.Refuse, "decimal-char": ".", "bare-number": "true", "date-formats": dialect.ISO, "on-bad-row": dialect.Fail,
	"command-input": "decompressed", "command-timeout": "1h", "command-max-output": "1073741824", "max-bad-share": "0.1",
}

func (q *QuestionFlags) text(name, usage string, field func(*query.Spec) *string) {
	q.add(name, usage, false, func(s *query.Spec, texts []string) error {
		*field(s) = texts[len(texts)-1]
		return nil
	})
}

func (q *QuestionFlags) number(name, usage string, field func(*query.Spec) *int) {
	q.add(name, usage, false, func(s *query.Spec, texts []string) error {
		n, err := strconv.Atoi(strings.TrimSpace(texts[len(texts)-1]))
		if err != nil || n < 0 {
			return errors.New("expected a whole number, 0 or more")
		}
		*field(s) = n
		return nil
	})
}

func (q *QuestionFlags) flag(name, usage string, set func(*query.Spec, bool)) {
	q.add(name, usage, true, func(s *query.Spec, texts []string) error {
		on, err := strconv.ParseBool(texts[len(texts)-1])
		if err != nil {
			return errors.New("expected true or false")
		}
		set(s, on)
		return nil
	})
}

// list defines a flag that may be given several times, and whose text may hold several
// items.
func (q *QuestionFlags) list(name, usage string, split func(string) ([]string, error), field func(*query.Spec) *[]string) {
	q.add(name, usage, false, func(s *query.Spec, texts []string) error {
		var all []string
		for _, text := range texts {
			items, err := split(text)
			if err != nil {
				return err
			}
			all = append(all, items...)
		}
		*field(s) = all
		return nil
	})
	q.texts[name].list = true
}

// Asks reports whether a flag is a part of the question, and not of how files are read.
func Asks(flag string) bool {
	switch flag {
	case "group-by", "aggregate", "select", "where", "having", "order-by", "limit", "command":
		return true
	}
	return strings.HasPrefix(flag, "command-")
}

// splitCSV splits a text as a record of CSV.
func splitCSV(text string) ([]string, error) {
	if text == "" {
		return []string{""}, nil
	}
	r := csv.NewReader(strings.NewReader(text))
	r.LazyQuotes = true
	return r.Read()
}

// Config is what the flags and the file of --config say.
func (q *QuestionFlags) Config() (query.Config, error) {
	var c query.Config
	if q.config != "" {
		text, err := os.ReadFile(q.config)
		if err != nil {
			return c, cli.Usagef("--config (CONFIG): %v", err)
		}
		if c, err = query.ParseConfig(text); err != nil {
			return c, cli.Usagef("--config (CONFIG) %s: %v", q.config, err)
		}
	}
	if q.changed("select") && !q.changed("group-by") && !q.changed("aggregate") {
		c.GroupBy, c.Aggregate = nil, nil
	}
	if (q.changed("group-by") || q.changed("aggregate")) && !q.changed("select") {
		c.Select = nil
	}
	for name, s := range q.texts {
		if q.changed(name) {
			if err := s.apply(&c.Spec, s.texts); err != nil {
				return c, cli.Usagef("--%s (%s): %v", name, cli.EnvName(name), err)
			}
		}
	}
	if q.datasets != "" {
		sets, err := query.ParseDatasets(c.Spec, []byte(q.datasets))
		if err != nil {
			return c, cli.Usagef("--datasets (DATASETS): %v", err)
		}
		c.Datasets = sets
	}
	return c, nil
}

func (q *QuestionFlags) changed(name string) bool { return q.fs.Changed(name) }

// Compile makes the questions; its errors are the user's mistakes.
func (q *QuestionFlags) Compile() (*query.Questions, error) {
	c, err := q.Config()
	if err != nil {
		return nil, err
	}
	return CompileQuestions(c)
}

// CompileQuestions is Compile for what Config returned.
func CompileQuestions(c query.Config) (*query.Questions, error) {
	questions, err := c.Compile()
	if err == nil {
		return questions, nil
	}
	var bad *dialect.SettingError
	if errors.As(err, &bad) {
		flag := cli.FlagName(bad.Setting)
		return nil, &cli.UsageError{Problem: fmt.Sprintf("--%s (%s) %q: expected %s", flag, cli.EnvName(flag), bad.Value, bad.Expected)}
	}
	var part *query.PartError
	if errors.As(err, &part) && part.Dataset == "" {
		flag := cli.FlagName(part.Part)
		return nil, &cli.UsageError{Problem: fmt.Sprintf("--%s (%s): %v", flag, cli.EnvName(flag), part.Err)}
	}
	return nil, &cli.UsageError{Problem: err.Error()}
}

// CompileToRun is Compile for who runs the commands: a program that cannot be found is the
// user's mistake.
func (q *QuestionFlags) CompileToRun() (*query.Questions, error) {
	questions, err := q.Compile()
	if err != nil {
		return nil, err
	}
	if err := questions.FindPrograms(); err != nil {
		return nil, cli.Usagef("--command (COMMAND): %v", err)
	}
	return questions, nil
}
