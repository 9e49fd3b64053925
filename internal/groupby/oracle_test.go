package groupby

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"sync/atomic"
)

// The engine as one would write it in an afternoon: encoding/csv, big.Int and
// maps. It defines what every other path has to produce, byte for byte.

// encoding/csv turns CRLF into LF within quotes too and knows no NUL, so both
// go through it as private-use characters.
const (
	oracleNUL = "\uF8FE"
	oracleCR  = "\uF8FF"
)

type oracleGroup struct {
	keys   []string
	values []oracleValue
}

type oracleValue struct {
	count    int64
	sum      big.Rat
	number   *big.Rat // of min and max
	text     *string  // of min and max
	distinct map[string]bool
	numbers  []*big.Rat // of quantiles and variances
	first    string
	last     string
}

type oracle struct {
	plan    *Plan
	in      Input
	layout  *layout
	groups  map[string]*oracleGroup
	scales  []int     // for each aggregate, the most digits after the point
	sizes   []big.Rat // for each aggregate, the sum of its numbers' absolute values
	stats   Stats
	rejects bytes.Buffer
	first   *InputError // of the bad rows
}

func (p *Plan) runOracle(ctx context.Context, in Input, out io.Writer, opt Options) (Stats, error) {
	return p.newOracle(in).run(ctx, out, opt)
}

func (p *Plan) newOracle(in Input) *oracle {
	n := len(p.aggregates)
	return &oracle{plan: p, in: in, groups: map[string]*oracleGroup{}, scales: make([]int, n), sizes: make([]big.Rat, n)}
}

// wide says whether the engine, which has 126 bits for a number or a sum at
// the column's scale, may refuse the input. (Whether it does can depend on the
// order in which sums come together.)
func (o *oracle) wide() bool {
	limit := new(big.Int).Lsh(big.NewInt(1), 126)
	for i := range o.sizes {
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(o.scales[i])), nil)
		size := new(big.Rat).Mul(&o.sizes[i], new(big.Rat).SetInt(unit))
		if size.Cmp(new(big.Rat).SetInt(limit)) >= 0 {
			return true
		}
	}
	return false
}

func (o *oracle) run(ctx context.Context, out io.Writer, opt Options) (Stats, error) {
	p, in := o.plan, o.in
	var read atomic.Int64
	s := openStream(ctx, in, &read)
	defer s.close()
	data, err := io.ReadAll(s)
	o.stats.Bytes = read.Load()
	if err != nil {
		return o.stats, err
	}
	if err := o.read(ctx, bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))); err != nil {
		return o.stats, err
	}
	if o.layout == nil {
		return o.stats, p.noRecord(in.Name, o.stats.Bytes)
	}
	if total := o.stats.Rows + o.stats.Rejected; float64(o.stats.Rejected) > p.maxBadShare*float64(total) {
		return o.stats, tooManyBadRows(o.first, o.stats.Rejected, total, p.maxBadShare)
	}
	if len(p.keys) == 0 && len(o.groups) == 0 {
		o.groups[""] = &oracleGroup{values: make([]oracleValue, len(p.aggregates))}
	}
	if opt.Rejects != nil && p.skipBad {
		if _, err := opt.Rejects.Write(o.rejects.Bytes()); err != nil {
			return o.stats, fmt.Errorf("write the rejected rows of %s: %w", in.Name, err)
		}
	}
	if _, err := out.Write(o.result()); err != nil {
		return o.stats, fmt.Errorf("write the result of %s: %w", in.Name, err)
	}
	o.stats.Groups = int64(len(o.groups))
	o.stats.Scales = make([]uint8, len(p.columns))
	if o.stats.Compared == nil {
		o.stats.Compared = make([]Compared, len(p.columns))
	}
	for i, a := range p.aggregates {
		if a.column >= 0 {
			o.stats.Scales[a.column] = max(o.stats.Scales[a.column], uint8(o.scales[i]))
		}
	}
	if opt.Progress != nil {
		opt.Progress(Progress{Bytes: o.stats.Bytes, Rows: o.stats.Rows})
	}
	return o.stats, nil
}

// read goes through the records; after a bad one that is skipped it starts
// anew at the line after that on which the bad one began.
func (o *oracle) read(ctx context.Context, data []byte) error {
	o.rejects.WriteString("line,reason,row\n")
	line := int64(1)
	for {
		for { // encoding/csv passes over blank lines, without telling
			if rest, ok := bytes.CutPrefix(data, []byte("\n")); ok {
				data, line = rest, line+1
			} else if rest, ok := bytes.CutPrefix(data, []byte("\r\n")); ok {
				data, line = rest, line+1
			} else {
				break
			}
		}
		if len(data) == 0 || string(data) == "\r" {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read %s: %w", o.in.Name, err)
		}
		record, used, err := o.parse(data)
		raw := data[:used]
		if err == nil {
			err = o.record(line, record)
		} else {
			err = &InputError{Name: o.in.Name, Line: line, Problem: err.Error()}
			if end := bytes.IndexByte(data, '\n'); end >= 0 {
				raw = data[:end+1]
			}
		}
		var bad *InputError
		if errors.As(err, &bad) && o.plan.skipBad && o.layout != nil {
			o.stats.Rejected++
			if o.first == nil {
				o.first = bad
			}
			text := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
			fmt.Fprintf(&o.rejects, "%d,%s,%s\n", line, oracleQuote(bad.Reason()), oracleQuote(text))
		} else if err != nil {
			return err
		}
		line += int64(bytes.Count(raw, []byte("\n")))
		data = data[len(raw):]
	}
}

// parse reads the first record of data and says how long it is.
func (o *oracle) parse(data []byte) (fields []string, used int, err error) {
	quoted := false
	var text strings.Builder
	for used < len(data) {
		c := data[used]
		used++
		if c == '"' {
			quoted = !quoted
		}
		switch {
		case c == 0:
			text.WriteString(oracleNUL)
		case c == '\r' && quoted:
			text.WriteString(oracleCR)
		default:
			text.WriteByte(c)
		}
		if c == '\n' && !quoted {
			break
		}
	}
	fields, err = o.parseCSV(text.String())
	switch {
	case errors.Is(err, csv.ErrBareQuote):
		return nil, used, errors.New(bareQuote)
	case errors.Is(err, csv.ErrQuote):
		if _, err := o.parseCSV(text.String() + `"`); quoted && err == nil {
			return nil, used, errors.New(openQuote)
		}
		return nil, used, errors.New(textAfterQuote)
	case err != nil:
		return nil, used, err
	}
	for i, f := range fields {
		fields[i] = strings.ReplaceAll(strings.ReplaceAll(f, oracleNUL, "\x00"), oracleCR, "\r")
	}
	return fields, used, nil
}

func (o *oracle) parseCSV(text string) ([]string, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = rune(o.plan.comma)
	r.FieldsPerRecord = -1
	return r.Read()
}

func (o *oracle) record(line int64, fields []string) error {
	for i, f := range fields {
		if strings.Contains(f, "\x00") {
			name := columnRef{number: i + 1}.String()
			if o.layout != nil && i < o.layout.width {
				name = o.layout.names[i]
			}
			return &InputError{Name: o.in.Name, Line: line, Column: name, Problem: nulByte}
		}
	}
	if o.layout == nil {
		var err error
		if o.layout, err = o.plan.newLayout(o.in.Name, line, fields); err != nil || !o.plan.noHeader {
			return err
		}
	}
	if len(fields) != o.layout.width {
		return &InputError{Name: o.in.Name, Line: line, Problem: wrongWidth(len(fields), o.layout.width)}
	}
	cell := func(c int) string { return fields[o.layout.index[c]] }
	bad := func(c int, problem string) error {
		return &InputError{Name: o.in.Name, Line: line, Column: o.layout.names[o.layout.index[c]], Field: cell(c), Problem: problem}
	}

	var keys []string
	for _, k := range o.plan.keys {
		key := cell(k.column)
		if k.fn != column && key != "" {
			truncated, ok := truncateTime(nil, []byte(key), k.fn)
			if !ok {
				return bad(k.column, timeExpected)
			}
			key = string(truncated)
		}
		keys = append(keys, key)
	}
	numbers := make([]*big.Rat, len(o.plan.aggregates))
	scales := make([]int, len(o.plan.aggregates))
	for i, a := range o.plan.aggregates {
		if a.fn == count || a.fn == firstCell || a.fn == lastCell || cell(a.column) == "" {
			continue
		}
		var problem string
		numbers[i], scales[i], problem = oracleNumber(cell(a.column))
		if problem != "" && (problem != notNumber || a.fn != minimum && a.fn != maximum) {
			return bad(a.column, problem)
		}
	}

	id := strings.Join(keys, "\x00")
	g := o.groups[id]
	if g == nil {
		g = &oracleGroup{keys: keys, values: make([]oracleValue, len(o.plan.aggregates))}
		o.groups[id] = g
	}
	o.stats.Rows++
	o.compare(cell, numbers)
	for i, a := range o.plan.aggregates {
		v := &g.values[i]
		if a.column < 0 {
			v.count++
			continue
		}
		text := cell(a.column)
		if text == "" {
			continue
		}
		v.count++
		switch {
		case a.distinct:
			if v.distinct == nil {
				v.distinct = map[string]bool{}
			}
			v.distinct[text] = true
		case a.fn == quantile || a.fn == variance || a.fn == deviation:
			v.numbers = append(v.numbers, numbers[i])
		case a.fn == firstCell || a.fn == lastCell:
			if v.count == 1 {
				v.first = text
			}
			v.last = text
		case a.fn == sum || a.fn == average:
			v.sum.Add(&v.sum, numbers[i])
		case a.fn == minimum && numbers[i] != nil:
			if v.number == nil || numbers[i].Cmp(v.number) < 0 {
				v.number = numbers[i]
			}
		case a.fn == minimum:
			if v.text == nil || text < *v.text {
				v.text = &text
			}
		case a.fn == maximum && numbers[i] != nil:
			if v.number == nil || numbers[i].Cmp(v.number) > 0 {
				v.number = numbers[i]
			}
		case a.fn == maximum:
			if v.text == nil || text > *v.text {
				v.text = &text
			}
		}
		if numbers[i] != nil {
			o.scales[i] = max(o.scales[i], scales[i])
			o.sizes[i].Add(&o.sizes[i], new(big.Rat).Abs(numbers[i]))
		}
	}
	return nil
}

// compare counts the cells of which minima and maxima are taken, each column's once.
func (o *oracle) compare(cell func(column int) string, numbers []*big.Rat) {
	if o.stats.Compared == nil {
		o.stats.Compared = make([]Compared, len(o.plan.columns))
	}
	counted := map[int]bool{}
	for i, a := range o.plan.aggregates {
		if a.fn != minimum && a.fn != maximum || counted[a.column] || cell(a.column) == "" {
			continue
		}
		counted[a.column] = true
		switch c := &o.stats.Compared[a.column]; {
		case numbers[i] != nil:
			c.Numbers++
		default:
			if c.Texts++; c.Texts == 1 {
				c.Text = cell(a.column)
			}
		}
	}
}

// oracleNumber returns a number and its digits after the point, or nil and
// what is wrong.
func oracleNumber(s string) (*big.Rat, int, string) {
	s = strings.Trim(s, " \t")
	digits := strings.TrimPrefix(s, "-")
	if digits == s {
		digits = strings.TrimPrefix(s, "+")
	}
	negative := strings.HasPrefix(s, "-")
	exponent := 0
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(digits[i+1:]); err != nil || len(digits[i+1:]) > 5 {
			return nil, 0, notNumber
		}
		digits = digits[:i]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	digits = whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return nil, 0, notNumber
	}
	scale := len(fraction) - exponent
	digits = strings.TrimLeft(digits, "0")
	for scale > maxScale && (digits == "" || digits[len(digits)-1] == '0') {
		digits = strings.TrimSuffix(digits, "0")
		scale--
	}
	if scale > maxScale {
		return nil, 0, tooManyDecimals
	}
	for scale < 0 {
		if digits != "" {
			digits += "0"
		}
		scale++
	}
	if len(digits) > maxDigits {
		return nil, 0, tooManyDigits
	}
	mantissa, _ := new(big.Int).SetString("0"+digits, 10)
	if negative {
		mantissa.Neg(mantissa)
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(mantissa, unit), scale, ""
}

func oracleQuote(s string) string {
	if strings.ContainsAny(s, ",\"\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}
