package dialect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
)

// Dialect is settings that were checked: what is known of files before they are opened.
type Dialect struct{ rules *rules }

// Compile checks the settings; its errors are *SettingError.
func (s Settings) Compile() (*Dialect, error) {
	r, err := s.compile()
	if err != nil {
		return nil, err
	}
	return &Dialect{r}, nil
}

// HasHeader says whether files have a header or may have one.
func (d *Dialect) HasHeader() bool { return !d.rules.Header.None }

// Skips says whether rows that cannot be read are skipped.
func (d *Dialect) Skips() bool { return d.rules.skip }

// Reading is a file whose layout is known.
type Reading struct {
	Layout *Layout

	rules     *rules
	file      File
	container *container
	columns   []groupby.Column
	examples  map[int][]string // of the columns whose dates are compared
	total     string
	plain     bool
}

const (
	headLines = 100
	headFirst = 8 << 10 // room at first: most files are small
	headBytes = 64 << 10
	headMost  = 4 << 20 // where the lines are long

	firstTooLong = "a first line of more than 4 MiB: expected a line break before, or a quote to be closed"
)

// Open finds how a file is written, given the columns that a question names, and the indexes of
// those whose dates it compares: Examples has cells of these. A file that cannot be read is a
// *groupby.InputError.
func (d *Dialect) Open(ctx context.Context, file File, columns []groupby.Column, dated ...int) (*Reading, error) {
	if file.Size == 0 && !d.rules.Lenient {
		return nil, &groupby.InputError{Name: file.Name, Problem: "the file is empty: expected " + expectedHeader(columns)}
	}
	c, err := openContainer(file, d.rules.MaxExpansion)
	if err != nil {
		return nil, err
	}
	r := &Reading{rules: d.rules, file: file, container: c, columns: columns}
	base := Layout{Container: c.format, charset: d.rules.charset}
	head, final, err := r.head(ctx, &base)
	if err != nil {
		return nil, err
	}
	if !base.charset.first() && utf16Name(head) != "" {
		return nil, explainNUL(&groupby.InputError{Name: file.Name}, head)
	}
	if len(head) == 0 && d.rules.Lenient {
		r.Layout = d.rules.nothing(columns, base)
		return r, nil
	}
	if len(head) == 0 {
		return nil, &groupby.InputError{Name: file.Name, Problem: "the file is empty: expected " + expectedHeader(columns)}
	}
	if !final && !bytes.ContainsAny(head, "\r\n") {
		return nil, explainNUL(&groupby.InputError{Name: file.Name, Line: 1, Problem: firstTooLong}, head)
	}
	if r.Layout, err = d.rules.detect(file.Name, columns, head, final, base); err != nil {
		return nil, explainNUL(err, head)
	}
	if l := r.Layout; !final && l.HeaderLine > 0 && int(l.start) >= len(head) {
		return nil, explainNUL(&groupby.InputError{Name: file.Name, Line: l.HeaderLine, Problem: firstTooLong}, head)
	}
	if err := r.skipAfterHeader(head); err != nil {
		return nil, err
	}
	r.findExamples(head, dated)
	if final {
		r.findTotal(head)
	}
	r.plain = r.isPlain(head)
	return r, nil
}

func expectedHeader(columns []groupby.Column) string {
	var names []string
	for _, c := range columns {
		if c.Number == 0 && !strings.Contains(strings.Join(names, "\x00"), c.Name) {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return "rows"
	}
	return "a header line with " + groupby.QuoteList(names)
}

// explainNUL says of a file with NUL bytes that it has them, and where every other byte is
// one that it may be UTF-16.
func explainNUL(err error, head []byte) error {
	bad, ok := errors.AsType[*groupby.InputError](err)
	at := bytes.IndexByte(head, 0)
	if !ok || at < 0 {
		return err
	}
	e := groupby.InputError{Name: bad.Name, Line: 1 + lines(head[:at]), Problem: nulByte}
	if name := utf16Name(head); name != "" {
		e.Line, e.Problem = 0, fmt.Sprintf("%s; encoding: %s may read it", nulByte, name)
	}
	return &e
}

// utf16Name is the UTF-16 in which a text seems to be whose every other byte is a NUL; "" where
// that is not so.
func utf16Name(head []byte) string {
	var nul [2]int
	some := head[:min(len(head), 1024)]
	for i, c := range some {
		if c == 0 {
			nul[i%2]++
		}
	}
	for i, name := range []string{"utf-16be", "utf-16le"} {
		if 4*nul[i] > len(some) && 4*nul[1-i] < nul[i] {
			return name
		}
	}
	return ""
}

// head reads the first lines, and finds the encoding.
func (r *Reading) head(ctx context.Context, base *Layout) (head []byte, final bool, err error) {
	var read atomic.Int64
	t, err := r.container.open(ctx, &read)
	if err != nil {
		return nil, false, err
	}
	defer t.close()
	var first [1024]byte
	n, err := io.ReadFull(t, first[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, false, err
	}
	if err := r.container.checkText(first[:n]); err != nil {
		return nil, false, err
	}
	base.findMark(first[:n])
	var text io.Reader = io.MultiReader(bytes.NewReader(first[min(int(base.bom), n):n]), t)
	if base.charset != nil && base.charset.first() {
		text = base.charset.reader(r.file.Name, text)
	}
	head = make([]byte, headFirst)
	for n = 0; ; head = grown(head, 2*len(head)) {
		if n, final, err = fill(text, head, n); err != nil {
			return nil, false, err
		}
		if final || n >= headMost || n >= headBytes && r.rules.enough(head[:n]) {
			break
		}
	}
	head = head[:n]
	if base.charset == nil {
		base.findCharset(r.file.Name, head, final)
	}
	return head, final, nil
}

// enough reports whether the beginning of a text has the lines in which the header is sought. The
// lines before one whose number is said, and remarks, are not among these.
func (r *rules) enough(head []byte) bool {
	most := headLines + r.SkipRows
	for _, line := range r.Header.Lines {
		most = max(most, headLines+line)
	}
	if bytes.Count(head, []byte{'\n'})+bytes.Count(head, []byte{'\r'}) < most {
		return false
	}
	mark := r.comment
	if len(mark) == 0 && len(head) > 0 && strings.IndexByte(remarkMarks, head[0]) >= 0 {
		mark = head[:1]
	}
	if len(mark) == 0 {
		return true
	}
	others := 0
	for at := 0; at < len(head); at = nextLine(head, at) {
		if !bytes.HasPrefix(head[at:], mark) {
			others++
		}
	}
	return others >= most
}

// findMark finds a byte order mark.
func (l *Layout) findMark(head []byte) {
	for _, known := range []struct {
		mark    string
		charset *charset
	}{{"\xef\xbb\xbf", utf8Charset}, {"\xff\xfe", utf16LE}, {"\xfe\xff", utf16BE}} {
		if strings.HasPrefix(string(head), known.mark) && (l.charset == nil || l.charset == known.charset) {
			l.bom, l.charset = int64(len(known.mark)), known.charset
		}
	}
}

// findCharset finds the encoding of a text without a mark.
func (l *Layout) findCharset(name string, head []byte, final bool) {
	l.charset, l.found.charset = utf8Charset, true
	at := invalidUTF8(head)
	if at < 0 || !final && at > len(head)-4 {
		return
	}
	l.charset = windows1252
	l.before = &groupby.InputError{Name: name, Line: 1 + lines(head[:at])}
	const most = 4 << 10
	start := 1 + bytes.LastIndexAny(head[:at], "\r\n")
	l.foreign = bytes.Clone(head[start:min(len(head), start+most)])
}

// skipAfterHeader passes over the records behind the header that are no data.
func (r *Reading) skipAfterHeader(head []byte) error {
	l := r.Layout
	s, rec := l.syntax(r.rules), record{}
	for skip := r.rules.SkipRowsAfterHeader; skip > 0 && int(l.start) < len(head); {
		k := s.parse(head[l.start:], true, &rec)
		if k != blank {
			skip--
		}
		l.line += lines(head[l.start : int(l.start)+rec.size])
		l.start += int64(rec.size)
	}
	return nil
}

// unclearPoints says whether nothing tells what a point in a number means.
func (l *Layout) unclearPoints(r *rules) bool {
	return !r.numbers.said && !bytes.Equal(bytes.TrimSpace(l.delimiter), []byte{','})
}

// UnclearPoints says whether nothing tells what a point in a number means but the column's other
// points: see Thousands.
func (r *Reading) UnclearPoints() bool { return r.Layout.unclearPoints(r.rules) }

// Again is the reading of a file that is not as its beginning was, where err says so.
func (r *Reading) Again(err error) (*Reading, bool) {
	c, ok := asContradiction(err)
	if !ok {
		return nil, false
	}
	next := *r
	next.Layout, next.plain = c.layout, false
	return &next, true
}

// With is the reading of the file in another layout, which Again has told.
func (r *Reading) With(l *Layout) *Reading {
	next := *r
	next.Layout, next.plain = l, false
	return &next
}

// Rewrite is the rows of the file for which a condition holds, as the engine takes them:
// the fields of each record are what is wanted. where may be nil. Rows that are skipped are
// written to rejects.
func (r *Reading) Rewrite(ctx context.Context, wants []Want, where *expression.Node, workers int, rejects io.Writer, bytesRead *atomic.Int64) (in groupby.Input, s *Stream, err error) {
	outputs, computation := r.compile(wants, where)
	if s, err = r.stream(ctx, outputs, computation, workers, rejects, bytesRead); err != nil {
		return in, nil, err
	}
	layout := LayoutOf(wants)
	for i := range outputs {
		layout.Names[i] = outputs[i].name
	}
	return groupby.Input{Name: r.file.Name, Reader: s, Layout: layout}, s, nil
}

// LayoutOf is that of what is rewritten.
func LayoutOf(wants []Want) *groupby.Layout {
	l := &groupby.Layout{Comma: ',', Width: max(1, len(wants)), Fields: make([]int, len(wants)), Names: make([]string, max(1, len(wants))), Line: 1}
	for i, w := range wants {
		l.Fields[i], l.Names[i] = i, w.Source
	}
	return l
}

// stream opens the text at its first record.
func (r *Reading) stream(ctx context.Context, outputs []output, c *computation, workers int, rejects io.Writer, bytesRead *atomic.Int64) (*Stream, error) {
	text, closeText, err := r.text(ctx, bytesRead, false)
	if err != nil {
		return nil, err
	}
	if r.file.Size < int64(2*blockSize) && r.container.format == "" {
		workers = 1
	}
	s := newStream(ctx, r.file.Name, text, r.rules, r.Layout, outputs, c, rejects, workers)
	closeRewriting := s.close
	s.close = func() { closeRewriting(); closeText() }
	return s, nil
}

// text opens the text at its first record. It is in UTF-8, where that is wanted of a plain file;
// otherwise the bytes of ASCII are what they are there.
func (r *Reading) text(ctx context.Context, bytesRead *atomic.Int64, inUTF8 bool) (text io.Reader, close func(), err error) {
	l := r.Layout
	t, err := r.container.open(ctx, bytesRead)
	if err != nil {
		return nil, nil, err
	}
	text = t
	skip := l.bom
	if !l.charset.first() {
		skip += l.start
	}
	if _, err = io.CopyN(io.Discard, t, skip); err == nil && l.charset.first() {
		text = l.charset.reader(r.file.Name, t)
		if u, ok := text.(*utf16Reader); ok {
			u.strict = inUTF8
		}
		_, err = io.CopyN(io.Discard, text, l.start)
	}
	if err != nil && err != io.EOF {
		t.close()
		return nil, nil, err
	}
	if inUTF8 && r.decodes() && !l.charset.first() {
		text = newTranscoder(t, l.charset, l.found.charset)
	}
	if inUTF8 && l.escape != 0 {
		text = newUnescaper(text, l.escape)
	}
	return text, t.close, nil
}

// Select is the rows of the file for which a condition holds, with a header unless nothing
// but all columns of a file without header is wanted: CSV of RFC 4180 in UTF-8 with LF.
// headers are the names of what is wanted. where may be nil.
func (r *Reading) Select(ctx context.Context, headers []string, wants []Want, where *expression.Node, workers int, rejects io.Writer, bytesRead *atomic.Int64) (*Stream, error) {
	header := r.Layout.Header
	if len(header) == 0 && len(wants) > 1 {
		for i := range r.Layout.width {
			header = append(header, fmt.Sprintf("column_%d", i+1))
		}
	}
	computed, computation := r.compile(slices.DeleteFunc(slices.Clone(wants), func(w Want) bool { return w.All }), where)
	var outputs []output
	var names []string
	for i, w := range wants {
		if !w.All {
			outputs, computed = append(outputs, computed[0]), computed[1:]
			names = append(names, headers[i])
			continue
		}
		names = append(names, header...)
		for i := range r.Layout.width {
			outputs = append(outputs, output{field: i, role: groupby.Text})
		}
	}
	s, err := r.stream(ctx, outputs, computation, workers, rejects, bytesRead)
	if err != nil || len(names) == 0 {
		return s, err
	}
	s.header = groupby.AppendRecord(s.header, names)
	if len(s.header) == 0 {
		s.header = append(s.header, `""`...)
	}
	s.header = append(s.header, '\n')
	s.out = append(s.out, s.header...)
	return s, nil
}

// Notes are sentences on what was decided of the file without being said.
func (s *Stream) Notes() (notes []string) {
	note := func(n int64, one, many string) {
		switch {
		case n == 1:
			notes = append(notes, "1 "+one)
		case n > 1:
			notes = append(notes, fmt.Sprintf("%d %s", n, many))
		}
	}
	t := s.tally
	note(t.repeated, "repeated header line left out", "repeated header lines left out")
	note(t.padded, "short row padded", "short rows padded")
	note(t.cut, "row cut to the header's cells", "rows cut to the header's cells")
	note(t.reread, "row with a quote that fits no rule read as text", "rows with a quote that fits no rule read as text")
	note(t.tables, "table below the first left out", "tables below the first left out")
	for i := range len(s.outputs) + len(s.sources) {
		if o := s.marked(i); o.currencies.other != "" {
			said := o.currencies.note(o.name)
			if !slices.Contains(notes, said) {
				notes = append(notes, said)
			}
		}
	}
	return notes
}

// nothing is the layout of an empty file, where that must be read, too.
func (r *rules) nothing(columns []groupby.Column, base Layout) *Layout {
	l := base
	l.delimiter, l.quote, l.line, l.width = []byte{','}, '"', 1, len(columns)
	if l.charset == nil {
		l.charset = utf8Charset
	}
	for i := range columns {
		l.fields = append(l.fields, i)
	}
	return &l
}
