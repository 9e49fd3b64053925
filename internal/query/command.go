package query

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"csv-pipeline/internal/command"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// Command is a program of the user's own, which answers in place of the engine. The zero
// value is none.
type Command struct {
	Words     Words    `yaml:"command"`
	Input     string   `yaml:"commandInput"`     // decompressed, which is also the default, or raw
	Timeout   string   `yaml:"commandTimeout"`   // such as 10m; 0: none; empty: an hour
	MaxOutput int64    `yaml:"commandMaxOutput"` // bytes; 0: 1 GiB
	Env       []string `yaml:"commandEnv"`       // names of variables that it gets beside its own
}

// What a command has as its input.
const (
	decompressed = "decompressed"
	raw          = "raw"
)

const (
	defaultTimeout   = time.Hour
	defaultMaxOutput = 1 << 30 // bytes
)

// Words are a program and its arguments: in YAML a list, or a text that is split as a shell does.
type Words []string

// UnmarshalYAML reads a list or a text.
func (w *Words) UnmarshalYAML(unmarshal func(any) error) error {
	var list []string
	if err := unmarshal(&list); err == nil {
		*w = list
		return nil
	}
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	words, err := command.Split(text)
	if err != nil {
		return fmt.Errorf("command %q: %w", text, err)
	}
	*w = words
	return nil
}

// program is a Command that was checked.
type program struct {
	Command
	timeout  time.Duration
	settings []string // the environment that says how files are written and what is asked
	noHeader bool
}

func compileCommand(spec Spec) (*program, error) {
	p := &program{Command: spec.Command, timeout: defaultTimeout, settings: spec.environment(), noHeader: spec.Input.Header.None}
	if p.Words[0] == "" {
		return nil, &dialect.SettingError{Setting: "command", Value: "", Expected: "a program and its arguments"}
	}
	if p.Input != "" && p.Input != decompressed && p.Input != raw {
		return nil, &dialect.SettingError{Setting: "commandInput", Value: p.Input, Expected: decompressed + " or " + raw}
	}
	if p.Timeout != "" {
		var err error
		if p.timeout, err = time.ParseDuration(p.Timeout); err != nil || p.timeout < 0 {
			return nil, &dialect.SettingError{Setting: "commandTimeout", Value: p.Timeout, Expected: "a duration such as 90s or 10m, or 0 for none"}
		}
	}
	if p.MaxOutput < 0 {
		return nil, &dialect.SettingError{Setting: "commandMaxOutput", Value: fmt.Sprint(p.MaxOutput), Expected: "a number of bytes"}
	}
	if p.MaxOutput == 0 {
		p.MaxOutput = defaultMaxOutput
	}
	for _, name := range p.Env {
		if name == "" || strings.ContainsAny(name, "=\x00 ") {
			return nil, &dialect.SettingError{Setting: "commandEnv", Value: name, Expected: "names of environment variables"}
		}
	}
	return p, nil
}

// FindPrograms checks that the programs of all commands are there. Its error is a sentence
// for the person who wrote the Config.
func (q *Questions) FindPrograms() error {
	queries := []*Query{q.main}
	for _, d := range q.datasets {
		queries = append(queries, d.query)
	}
	for _, query := range queries {
		if query.program == nil {
			continue
		}
		if _, err := command.Find(query.program.Words); err != nil {
			return err
		}
	}
	return nil
}

// run has the program answer.
func (p *program) run(ctx context.Context, d *dialect.Dialect, file dialect.File, begin Begin, opt Options) (report Report, err error) {
	found, err := command.Find(p.Words)
	if err != nil {
		return report, err
	}
	var read atomic.Int64
	in := &counted{noHeader: p.noHeader}
	if p.Input == raw {
		in.Reader = dialect.AsStored(ctx, file, &read)
	} else {
		text, err := d.Unpack(ctx, file, &read)
		if err != nil {
			return report, err
		}
		defer text.Close()
		in.Reader, in.lines = text, true
	}
	if told := opt.Engine.Progress; told != nil {
		in.tell = func() { told(groupby.Progress{Bytes: read.Load(), Rows: in.rows()}) }
	}
	// A result that is begun and does not grow is taken for one of a dead worker, and a program
	// may think for long: what fits into the buffer is begun when the program has ended.
	result := &begun{begin: begin}
	out := bufio.NewWriterSize(result, 256<<10)
	given := append(slices.Clone(p.settings), "FILE_NAME="+file.Name, "DATASET="+opt.Dataset)
	if opt.Engine.TempDir != "" {
		given = append(given, "TMPDIR="+opt.Engine.TempDir)
	}
	err = found.Run(ctx, command.Job{Input: in, Output: out, Env: command.Environment(p.Env, given...), Tell: opt.Tell,
		Timeout: p.timeout, MaxOutput: p.MaxOutput})
	var bad *command.BadInput
	if errors.As(err, &bad) {
		err = &groupby.InputError{Name: file.Name, Problem: bad.Error()}
	}
	if err == nil {
		if err = result.ready(); err == nil {
			err = out.Flush()
		}
	}
	report.Bytes, report.Rows = read.Load(), in.rows()
	return report, err
}

// begun is a result that is begun with its first byte.
type begun struct {
	begin Begin
	out   io.Writer
}

func (r *begun) ready() (err error) {
	if r.out == nil {
		r.out, _, err = r.begin()
	}
	return err
}

func (r *begun) Write(b []byte) (int, error) {
	if err := r.ready(); err != nil {
		return 0, err
	}
	return r.out.Write(b)
}

// counted counts the lines of a text.
type counted struct {
	io.Reader
	lines    bool // false: there are none to be counted
	noHeader bool
	tell     func() // may be nil

	breaks int64
	open   bool // something follows the last line break
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if n > 0 && c.lines {
		c.breaks += int64(bytes.Count(b[:n], []byte{'\n'}))
		c.open = b[n-1] != '\n'
	}
	if c.tell != nil {
		c.tell()
	}
	return n, err
}

// rows is the number of lines without the header.
func (c *counted) rows() int64 {
	n := c.breaks
	if c.open {
		n++
	}
	if !c.noHeader {
		n--
	}
	return max(n, 0)
}

// environment is what was set, written as in the environment of a processor.
func (s Spec) environment() (env []string) {
	set := func(name, value string) {
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	number := func(name string, n int) {
		if n != 0 {
			set(name, strconv.Itoa(n))
		}
	}
	flag := func(name string, on bool) {
		if on {
			set(name, "true")
		}
	}
	set("GROUP_BY", strings.Join(s.GroupBy, ", "))
	set("AGGREGATE", strings.Join(s.Aggregate, ", "))
	set("SELECT", strings.Join(s.Select, ", "))
	set("WHERE", s.Where)
	set("HAVING", s.Having)
	set("ORDER_BY", strings.Join(s.OrderBy, ", "))
	number("LIMIT", s.Limit)
	in := s.Input
	set("DELIMITER", in.Delimiter)
	set("QUOTE_CHAR", in.QuoteChar)
	set("ESCAPE_CHAR", in.EscapeChar)
	set("ENCODING", in.Encoding)
	set("HEADER", in.Header.String())
	number("SKIP_ROWS", in.SkipRows)
	number("SKIP_ROWS_AFTER_HEADER", in.SkipRowsAfterHeader)
	number("SKIP_FOOTER", in.SkipFooter)
	set("COMMENT_PREFIX", in.CommentPrefix)
	set("RAGGED_ROWS", in.RaggedRows)
	flag("TRIM", in.Trim)
	set("MISSING_VALUES", record(in.MissingValues))
	set("DECIMAL_CHAR", in.DecimalChar)
	set("GROUP_CHAR", in.GroupChar)
	if in.BareNumber != nil {
		set("BARE_NUMBER", strconv.FormatBool(*in.BareNumber))
	}
	set("DATE_FORMATS", record(in.DateFormats))
	set("TIME_ZONE", in.TimeZone)
	flag("LENIENT", in.Lenient)
	set("ON_BAD_ROW", in.OnBadRow)
	if in.MaxBadShare != 0 {
		set("MAX_BAD_SHARE", strconv.FormatFloat(in.MaxBadShare, 'g', -1, 64))
	}
	return env
}

// record writes texts as a record of CSV, without the line break.
func record(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(texts) // a strings.Builder takes all
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}
