package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"

	"csv-pipeline/internal/sales"
)

// benchCase is a dataset and what is asked of it.
type benchCase struct {
	name, title string
	rows        int64 // in all
	files       int
	items       int64
	rewrite     func(dst, line []byte, row int64) []byte // of the generator's rows; the header is row -1
	end         string                                   // behind the last row
	packed      string                                   // gzip or zstd; the limit is unpacking it
	joined      bool                                     // beside the files, all their rows in one
	input       string                                   // settings of the input, in YAML
	where       string                                   // a condition
	keys        string
	aggregates  string
	query       string // of DuckDB, with %s for the file; "" leaves DuckDB out
	others      bool   // the limit, encoding/csv and the portable build too
	method      string // of the measured program; "groupby" if empty
	data        string // the case whose files are read; its own if empty
	small       bool   // on a small machine
}

const (
	total      = "sum(quantity) as total_quantity"
	totalQuery = "select item_id, sum(quantity)::bigint as total_quantity from read_csv('%s') group by item_id order by item_id"
)

var cases = []benchCase{
	{name: "plain", title: "50 million rows, 5 ids", rows: 50_000_000, items: 5,
		keys: "item_id", aggregates: total, query: totalQuery, others: true},
	{name: "million", title: "20 million rows, 1 million ids", rows: 20_000_000, items: 1_000_000,
		keys: "item_id", aggregates: total, query: totalQuery},
	{name: "quoted", title: "20 million rows, all fields quoted, a quarter with comma, quote and line break", rows: 20_000_000, items: 5,
		rewrite: quoteFields, keys: "item_id", aggregates: total, query: totalQuery},
	{name: "gzip", title: "20 million rows, 5 ids, gzip", rows: 20_000_000, items: 5, packed: "gzip", input: "{}",
		keys: "item_id", aggregates: total, query: totalQuery},
	{name: "zstd", title: "20 million rows, 5 ids, zstd", rows: 20_000_000, items: 5, packed: "zstd", input: "{}",
		keys: "item_id", aggregates: total, query: totalQuery},
	{name: "decimals", title: "20 million rows, 2 text keys, 3 aggregates of decimals", rows: 20_000_000, items: 100,
		rewrite: addDecimals, keys: "region, product", aggregates: "sum(price), max(price), sum(quantity)",
		query: "select region, product, sum(price) as sum_price, max(price) as max_price, sum(quantity)::bigint as sum_quantity " +
			"from read_csv('%s', types = {'price': 'decimal(18,2)'}) group by all order by all"},
	{name: "decimal-comma", title: "20 million rows, decimal commas, `;` between the fields", rows: 20_000_000, items: 100,
		rewrite: then(addDecimals, decimalComma), input: `decimalChar: ","`, keys: "region", aggregates: "sum(price) as total",
		query: "select region, sum(price) as total from read_csv('%s', delim = ';', decimal_separator = ',', types = {'price': 'decimal(18,2)'}) group by all order by all"},
	{name: "windows-1252", title: "20 million rows, windows-1252 (of DuckDB latin-1, which has the letters too)", rows: 20_000_000, items: 100,
		rewrite: then(addDecimals, umlauts), keys: "region", aggregates: "sum(price) as total", input: "encoding: windows-1252",
		query: "select region, sum(price) as total from read_csv('%s', encoding = 'latin-1', types = {'price': 'decimal(18,2)'}) group by all order by all"},
	{name: "utf-16", title: "20 million rows, UTF-16", rows: 20_000_000, items: 100,
		rewrite: then(addDecimals, utf16), end: "\x00", input: "{}", keys: "region", aggregates: "sum(price) as total",
		query: "select region, sum(price) as total from read_csv('%s', encoding = 'utf-16', types = {'price': 'decimal(18,2)'}) group by all order by all"},
	{name: "preamble", title: "20 million rows below 30 lines of text", rows: 20_000_000, items: 100,
		rewrite: preamble, input: "{}", keys: "region", aggregates: "sum(price) as total",
		query: "select region, sum(price) as total from read_csv('%s', skip = 30, types = {'price': 'decimal(18,2)'}) group by all order by all"},
	{name: "two-bytes", title: "20 million rows, `||` between the fields", rows: 20_000_000, items: 100,
		rewrite: then(addDecimals, bars), input: `delimiter: "||"`, keys: "region", aggregates: "sum(price) as total",
		query: "select region, sum(price) as total from read_csv('%s', delim = '||', types = {'price': 'decimal(18,2)'}) group by all order by all"},
	{name: "currency", title: "20 million rows, prices with a currency", rows: 20_000_000, items: 100,
		rewrite: dollars, input: "bareNumber: false", keys: "region", aggregates: "sum(price) as total",
		query: "select region, sum(replace(price, '$', '')::decimal(18,2)) as total from read_csv('%s', types = {'price': 'varchar'}) group by all order by all"},
	{name: "backslash", title: "20 million rows, quotes escaped by backslashes", rows: 20_000_000, items: 100,
		rewrite: backslashes, input: `escapeChar: "\\"`, keys: "region", aggregates: "sum(price) as total",
		query: `select region, sum(price) as total from read_csv('%s', escape = '\', quote = '"', types = {'price': 'decimal(18,2)'}) group by all order by all`},
	{name: "product", title: "20 million rows, a product", rows: 20_000_000, items: 100, rewrite: addDecimals,
		input: "{}", keys: "region", aggregates: "sum(price * quantity) as turnover",
		query: "select region, sum(price * quantity) as turnover from read_csv('%s', types = {'price': 'decimal(18,2)'}) group by all order by all"},
	{name: "where", title: "20 million rows, a condition", rows: 20_000_000, items: 100, rewrite: addDecimals,
		input: "{}", where: "region = 'north' and quantity > 0", keys: "product", aggregates: "sum(price) as total",
		query: "select product, sum(price) as total from read_csv('%s', types = {'price': 'decimal(18,2)'}) where region = 'north' and quantity > 0 group by all order by all"},
	{name: "filter", title: "20 million rows, a filter", rows: 20_000_000, items: 100, rewrite: addDecimals,
		input: "{}", keys: "region", aggregates: "count(*) filter (where price > 500) as dear",
		query: "select region, count(*) filter (where price > 500) as dear from read_csv('%s', types = {'price': 'decimal(18,2)'}) group by all order by all"},
	{name: "months", title: "20 million rows, by month from a time on", rows: 20_000_000, items: 100, rewrite: dated("2006-01-02 15:04:05"),
		input: "{}", where: "timestamp >= '2022-03-10 12:00'", keys: "month(timestamp) as month", aggregates: "sum(price) as total",
		query: "select strftime(timestamp, '%%Y-%%m') as month, sum(price) as total from read_csv('%s', types = {'price': 'decimal(18,2)'}) " +
			"where timestamp >= '2022-03-10 12:00' group by all order by all"},
	{name: "dates", title: "20 million rows, by month from a day on, dates such as 31.12.2022", rows: 20_000_000, items: 100, rewrite: dated("02.01.2006"),
		input: `dateFormats: ["%d.%m.%Y"]`, where: "timestamp >= '2022-03-10'", keys: "month(timestamp) as month", aggregates: "sum(price) as total",
		query: "select strftime(timestamp, '%%Y-%%m') as month, sum(price) as total from read_csv('%s', dateformat = '%%d.%%m.%%Y', types = {'timestamp': 'date', 'price': 'decimal(18,2)'}) " +
			"where timestamp >= '2022-03-10' group by all order by all"},
	{name: "spill", title: "100 million rows, 100 million ids, in 100 MiB", rows: 100_000_000, items: 1_000_000_000_000,
		keys: "item_id", aggregates: total, method: "groupby-100MiB"},
	{name: "hundred", title: "80 million rows in 100 files of 20 MB, one after the other", rows: 80_000_000, files: 100, items: 5, joined: true,
		keys: "item_id", aggregates: total},
	{name: "hundred-small", title: "The same with 0.2 CPU and 100 MiB", rows: 80_000_000, files: 100, items: 5, joined: true,
		keys: "item_id", aggregates: total, data: "hundred", small: true},
	{name: "small", title: "181 files of 200 rows, in one process", rows: 181 * 200, files: 181, items: 5,
		keys: "item_id", aggregates: total},
}

// resultPlace stands for the result's path in a competitor's arguments.
const resultPlace = "RESULT"

// competitors of a case; the first is the engine.
func (c benchCase) competitors(files []string) []competitor {
	method := c.method
	if method == "" {
		method = "groupby"
	}
	keys := c.keys
	if c.input != "" {
		method, keys = "query", c.question()
	}
	joined := ""
	if last := len(files) - 1; c.joined {
		files, joined = files[:last], files[last]
	}
	args := append([]string{method, resultPlace, keys, c.aggregates}, files...)
	all := []competitor{{name: "groupby", program: "go", args: args}}
	if joined != "" {
		all = append(all, competitor{name: "groupby of the same rows in one file", program: "go", args: []string{method, resultPlace, keys, c.aggregates, joined}})
	}
	if c.others {
		all = append(all, competitor{name: "groupby, portable (purego)", program: "purego", args: args, compare: true})
	}
	if c.query != "" {
		all = append(all, competitor{name: "DuckDB, 2 threads", program: "duckdb", compare: true,
			args: []string{resultPlace, fmt.Sprintf(c.query, files[0])}})
	}
	if c.packed != "" {
		all = append(all, competitor{name: "limit: unpacking it", program: "go", args: append([]string{"unpack", resultPlace, "", c.packed}, files...)})
	}
	if c.others {
		all = append(all,
			competitor{name: "encoding/csv", program: "go", compare: true, args: append([]string{"encoding/csv", resultPlace, "", ""}, files...)},
			competitor{name: "limit: reading and counting newlines, 2 threads", program: "go", args: append([]string{"limit", resultPlace, "", ""}, files...)})
	}
	return all
}

// question is what is asked of a file that is not plain, or with an expression.
func (c benchCase) question() string {
	input := ""
	if c.input != "{}" {
		input = "input:\n  " + c.input + "\n"
	}
	return fmt.Sprintf("%sgroupBy: [%q]\naggregate: [%q]\nwhere: %q\n", input, c.keys, c.aggregates, c.where)
}

// dataset makes the files of a case if they are not there.
func (b *bench) dataset(ctx context.Context, c benchCase) ([]string, error) {
	n := max(c.files, 1)
	p := sales.Default()
	p.Rows = int64(float64(c.rows) * b.scale / float64(n))
	if n > 1 && !c.joined {
		p.Rows = c.rows / int64(n)
	}
	p.Items = c.items
	var files []string
	for i := range n {
		suffix := ".csv"
		switch c.packed {
		case "gzip":
			suffix += ".gz"
		case "zstd":
			suffix += ".zst"
		}
		path := filepath.Join(b.dir, fmt.Sprintf("%s-%d-%d%s", cmp.Or(c.data, c.name), p.Rows, i, suffix))
		files = append(files, path)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := writeDataset(ctx, p, p.Day(i), c, path); err != nil {
			return nil, err
		}
	}
	if !c.joined {
		return files, nil
	}
	all := filepath.Join(b.dir, fmt.Sprintf("%s-%d-all.csv", cmp.Or(c.data, c.name), p.Rows))
	if _, err := os.Stat(all); err == nil {
		return append(files, all), nil
	}
	return append(files, all), join(all, files)
}

// join writes the rows of files below one header.
func join(path string, files []string) error {
	f, err := os.Create(path + ".partial")
	if err != nil {
		return err
	}
	defer f.Close()
	for i, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if i > 0 {
			_, text, _ = bytes.Cut(text, []byte{'\n'})
		}
		if _, err := f.Write(text); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(path+".partial", path)
}

func writeDataset(ctx context.Context, p sales.Params, day time.Time, c benchCase, path string) error {
	f, err := os.Create(path + ".partial")
	if err != nil {
		return err
	}
	defer f.Close()
	buffered := bufio.NewWriterSize(f, 1<<20)
	var w io.Writer = buffered
	done := buffered.Flush
	if c.packed != "" {
		var z io.WriteCloser = gzip.NewWriter(buffered)
		if c.packed == "zstd" {
			if z, err = zstd.NewWriter(buffered); err != nil {
				return err
			}
		}
		w, done = z, func() error {
			if err := z.Close(); err != nil {
				return err
			}
			return buffered.Flush()
		}
	}
	if c.rewrite != nil {
		w = &rewriter{to: w, rewrite: c.rewrite, row: -1}
	}
	if err := p.WriteDay(ctx, w, day); err != nil {
		return err
	}
	if _, err := buffered.WriteString(c.end); err != nil {
		return err
	}
	if err := done(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(path+".partial", path)
}

// rewriter rewrites a file line by line.
type rewriter struct {
	to      io.Writer
	rewrite func(dst, line []byte, row int64) []byte
	row     int64
	rest    []byte
	out     []byte
}

func (r *rewriter) Write(b []byte) (int, error) {
	r.rest = append(r.rest, b...)
	r.out = r.out[:0]
	lines := r.rest
	for {
		line, rest, found := bytes.Cut(lines, []byte{'\n'})
		if !found {
			break
		}
		r.out = append(r.rewrite(r.out, line, r.row), '\n')
		r.row++
		lines = rest
	}
	r.rest = append(r.rest[:0], lines...)
	_, err := r.to.Write(r.out)
	return len(b), err
}

// quoteFields quotes item and quantity; every fourth item is a text that needs
// it.
func quoteFields(dst, line []byte, row int64) []byte {
	fields := bytes.Split(line, []byte{','})
	if row < 0 {
		return append(dst, line...)
	}
	dst = append(append(dst, fields[0]...), ',', '"')
	if row%4 == 0 {
		dst = append(dst, "5 inch, \"\"black\"\"\nor white"...)
	} else {
		dst = append(dst, fields[1]...)
	}
	return append(append(append(dst, `","`...), fields[2]...), '"')
}

// addDecimals makes region and product of the item, and a price of the row.
func addDecimals(dst, line []byte, row int64) []byte {
	if row < 0 {
		return append(dst, "timestamp,region,product,price,quantity"...)
	}
	fields := bytes.Split(line, []byte{','})
	item, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	cents := (row*7919 + item*104729) % 100_000
	dst = append(append(dst, fields[0]...), ',')
	dst = append(dst, [...]string{"north", "south", "east", "west", "overseas"}[row%5]...)
	dst = strconv.AppendInt(append(dst, ",product-"...), item, 10)
	dst = strconv.AppendInt(append(dst, ','), cents/100, 10)
	dst = append(dst, '.', byte('0'+cents/10%10), byte('0'+cents%10), ',')
	return append(dst, fields[2]...)
}

// dated is addDecimals with times of a whole year, in no order, in a layout of package time.
func dated(layout string) rewriting {
	start := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	var line []byte
	return func(dst, from []byte, row int64) []byte {
		line = addDecimals(line[:0], from, row)
		if row < 0 {
			return append(dst, line...)
		}
		const minutes = 365 * 24 * 60
		dst = start.Add(time.Duration(row*7919%minutes)*time.Minute).AppendFormat(dst, layout)
		return append(dst, line[bytes.IndexByte(line, ','):]...)
	}
}

// rewriting makes a line of another.
type rewriting = func(dst, line []byte, row int64) []byte

// then rewrites a line twice.
func then(first, second rewriting) rewriting {
	var line []byte
	return func(dst, from []byte, row int64) []byte {
		line = first(line[:0], from, row)
		return second(dst, line, row)
	}
}

func decimalComma(dst, line []byte, _ int64) []byte {
	for _, c := range line {
		switch c {
		case ',':
			c = ';'
		case '.':
			c = ','
		}
		dst = append(dst, c)
	}
	return dst
}

// umlauts has the regions in German.
func umlauts(dst, line []byte, _ int64) []byte {
	return append(dst, bytes.Replace(bytes.Replace(line, []byte("south"), []byte("s\xfcd"), 1), []byte("west"), []byte("\xf6st"), 1)...)
}

// utf16 leaves the first byte of a newline to the rewriter; the next row, or what stands at the
// end, has its second.
func utf16(dst, line []byte, row int64) []byte {
	if row < 0 {
		dst = append(dst, 0xff, 0xfe)
	} else {
		dst = append(dst, 0)
	}
	for _, c := range line {
		dst = append(dst, c, 0)
	}
	return dst
}

func preamble(dst, line []byte, row int64) []byte {
	if row < 0 {
		for i := range 30 {
			dst = fmt.Appendf(dst, "line %d of what the bank says\n", i+1)
		}
	}
	return addDecimals(dst, line, row)
}

func bars(dst, line []byte, _ int64) []byte {
	return append(dst, bytes.ReplaceAll(line, []byte(","), []byte("||"))...)
}

// dollars has a sign before each price, which is the last but one.
var dollars = then(addDecimals, func(dst, line []byte, row int64) []byte {
	if row < 0 {
		return append(dst, line...)
	}
	at := bytes.LastIndexByte(line[:bytes.LastIndexByte(line, ',')], ',') + 1
	return append(append(append(dst, line[:at]...), '$'), line[at:]...)
})

// backslashes has a quote in every product.
var backslashes = then(addDecimals, func(dst, line []byte, row int64) []byte {
	if row < 0 {
		return append(dst, line...)
	}
	at := bytes.Index(line, []byte("product-"))
	end := at + bytes.IndexByte(line[at:], ',')
	dst = append(append(append(dst, line[:at]...), '"'), line[at:end]...)
	return append(append(dst, `\"s"`...), line[end:]...)
})
