package dialect

import (
	"bytes"
	"context"
	"sync/atomic"

	"csv-pipeline/internal/groupby"
)

// A plain file is one that the engine reads itself: as it is, or with its encoding made UTF-8 on
// the way and its numbers and cells brought into the engine's form (see cells.go).

// isPlain says whether the engine reads the file as it is, as far as its beginning and
// the settings tell.
func (r *Reading) isPlain(head []byte) bool {
	l, s := r.Layout, r.rules
	if l.quote != '"' || !l.repeated() || l.delimiter[0] >= 0x80 || l.blankAfter || l.charset.wide != nil {
		return false
	}
	if l.escape != 0 && len(s.missing) > 1 {
		return false // as what stands for NULL is told before escapes are undone
	}
	if s.Trim && l.width == 1 || s.CommentPrefix != "" || s.pad || s.SkipFooter > 0 {
		return false
	}
	for i := bytes.IndexByte(head, '\r'); i >= 0 && i+1 < len(head); {
		if head[i+1] != '\n' {
			return false
		}
		next := bytes.IndexByte(head[i+1:], '\r')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return len(l.Header) < 2 || r.witness()
}

// witness says whether a column of the question tells a header in the middle of the
// file from a row: there it is no number or no time, or a key that is doubted.
func (r *Reading) witness() bool {
	for i, c := range r.columns {
		name := r.Layout.Header[r.Layout.fields[i]]
		good := false
		switch c.Role {
		case groupby.Number:
			_, good = r.rules.numbers.appendNumber(nil, []byte(name))
		case groupby.Time:
			_, good = r.rules.dates.appendTime(nil, []byte(name))
		}
		if c.Seen && !good {
			return true
		}
	}
	return false
}

// Plain says whether the engine may be given the file as it is: see Input.
func (r *Reading) Plain() bool { return r.plain }

// Input is a plain file for the engine, which has to be asked Doubt and Trap, too.
// close ends the reading.
func (r *Reading) Input(ctx context.Context, bytesRead *atomic.Int64) (in groupby.Input, close func(), err error) {
	if r.container.format != "" || r.transcodes() {
		return r.Text(ctx, bytesRead)
	}
	in, l := r.input(), r.Layout
	in.ReaderAt, in.Size, in.Layout.Start = r.file.ReaderAt, r.file.Size, l.bom+l.start
	return in, func() {}, nil
}

// Text is Input as a text that begins with the first record.
func (r *Reading) Text(ctx context.Context, bytesRead *atomic.Int64) (in groupby.Input, close func(), err error) {
	in = r.input()
	in.Reader, close, err = r.text(ctx, bytesRead, true)
	return in, close, err
}

// input is what the engine has to know of a plain file.
func (r *Reading) input() groupby.Input {
	l := r.Layout
	layout := &groupby.Layout{Comma: l.delimiter[0], Times: len(l.delimiter), Width: l.width, Fields: l.fields, Names: fieldNames(l.Header, l.width), Line: l.line}
	layout.Numbers, layout.Cells = r.rules.numbers.forEngine(), r.rules.cells
	return groupby.Input{Name: r.file.Name, Layout: layout}
}

// transcodes says whether the engine is not given the bytes of a plain file as they are.
func (r *Reading) transcodes() bool {
	return r.decodes() || r.Layout.escape != 0
}

// decodes says whether the bytes are made UTF-8, or looked at whether they are.
func (r *Reading) decodes() bool {
	return r.Layout.charset != utf8Charset || r.rules.charset != nil // which says that every byte has to be of it
}

// Doubt says of a key, or of a text that is a minimum or a maximum, whether it may come
// from a file that is not plain after all: see groupby.Options.
func (r *Reading) Doubt(column int, text []byte) bool {
	if len(r.Layout.Header) > 1 {
		if name := r.Layout.Header[r.Layout.fields[column]]; len(name) == len(trimSpace(text)) && name == string(trimSpace(text)) {
			return true
		}
	}
	odd, blank := false, len(text) > 0
	for _, c := range text {
		odd = odd || c >= 0x80 || c == '\r' || c == 0x1a
		blank = blank && isBlank(c)
	}
	return blank || odd && (bytes.IndexByte(text, '\r') >= 0 || bytes.IndexByte(text, 0x1a) >= 0 || invalidUTF8(text) >= 0 || bytes.Contains(text, byteOrderMark))
}

// Trapped says whether numbers of a column may have points between thousands, given
// the most digits after the point that one of it has.
func (r *Reading) Trapped(scale uint8) bool {
	return scale == 3 && r.Layout.delimiter[0] != ',' && !r.rules.numbers.said
}

// NotPlain is the reading of a file that the engine did not take as it is.
func (r *Reading) NotPlain() *Reading {
	next := *r
	next.plain = false
	return &next
}

// Plain is the delimiter that was said, or a comma, and whether a file of plain CSV with it
// is read as it stands under these settings.
func (d *Dialect) Plain() (delimiter rune, ok bool) {
	r := d.rules
	delimiter = ','
	if len(r.delimiter) > 0 {
		delimiter = []rune(string(r.delimiter))[0]
	}
	ascii := r.charset == nil || !r.charset.first()
	return delimiter, len(string(r.delimiter)) <= 1 && r.quote == '"' && ascii && len(r.Header.Lines) == 0 && r.SkipRows == 0 &&
		r.SkipRowsAfterHeader == 0 && r.SkipFooter == 0 && r.CommentPrefix == "" && r.dates.plain && len(r.missing) == 1
}
