package dialect

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"

	"csv-pipeline/internal/groupby"
)

// File is a file as it is stored.
type File struct {
	Name     string // as errors call it, e.g. "20220101.csv"
	ReaderAt io.ReaderAt
	Size     int64 // bytes
}

// zstdMaxWindow bounds the memory a zstd file can ask for; it is what `zstd -19`
// uses, `--ultra` and `--long` go beyond it.
const zstdMaxWindow = 8 << 20

// kinds of files by their first bytes.
var (
	gzipMagic   = "\x1f\x8b"
	zstdMagic   = "\x28\xb5\x2f\xfd"
	zstdSkipped = "\x2a\x4d\x18" // behind a byte of 0x50 to 0x5f
	bzip2Magic  = "BZh"
	xzMagic     = "\xfd7zXZ\x00"
	lz4Magic    = "\x04\x22\x4d\x18"
	zipMagic    = "PK\x03\x04"
	zipEmpty    = "PK\x05\x06"

	foreign = []struct{ magic, is string }{
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls) or another document of Microsoft Office; save the sheet as CSV"},
		{"%PDF-", "a PDF; expected a CSV file"},
		{"PAR1", "a Parquet file; expected a CSV file"},
		{"{\\rtf", "a document (RTF); expected a CSV file"},
		{"Rar!\x1a\x07", "a RAR archive; expected the CSV file, or a zip with it alone"},
		{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; expected the CSV file, or a zip with it alone"},
		{"SQLite format 3\x00", "a SQLite database; expected a CSV file"},
		{"\x89PNG", "a picture (PNG); expected a CSV file"},
		{"\xff\xd8\xff", "a picture (JPEG); expected a CSV file"},
		{"Obj\x01", "an Avro file; expected a CSV file"},
		{"ORC", "an ORC file; expected a CSV file"},
		{"ARROW1", "an Arrow file; expected a CSV file"},
	}
)

const magicLength = 16

// stored reads a file as it is stored, from its beginning, counts what it read, and
// remembers the first error that is the reader's own: it tells a failing disk from a
// damaged archive.
type stored struct {
	ctx    context.Context
	in     io.Reader
	bytes  *atomic.Int64
	failed error
}

func (s *stored) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.failed = err
		return 0, err
	}
	n, err := s.in.Read(b)
	s.bytes.Add(int64(n))
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// container is how a file is packed.
type container struct {
	file   File
	format string    // "" for a file that is not packed
	member *zip.File // of a zip
	zipped *zipFile
	limit  int64 // the most bytes that one stored byte may become
}

// openContainer tells how a file is packed; what is no CSV is an *InputError.
func openContainer(file File, limit int) (*container, error) {
	c := &container{file: file, limit: int64(limit)}
	magic, err := c.magicAt(0)
	if err != nil {
		return nil, err
	}
	if c.format = formatOf(magic); isSkippable(magic) {
		if c.format, err = c.formatBehind(magic); err != nil {
			return nil, err
		}
	}
	for _, other := range foreign {
		if strings.HasPrefix(magic, other.magic) {
			return nil, c.bad("this is " + other.is)
		}
	}
	if c.format == "zip" {
		return c, c.openZip()
	}
	return c, nil
}

// magicAt are the bytes that stand at a place, as far as the file has them.
func (c *container) magicAt(at int64) (string, error) {
	if at >= c.file.Size {
		return "", nil
	}
	var head [magicLength]byte
	n, err := c.file.ReaderAt.ReadAt(head[:min(magicLength, c.file.Size-at)], at)
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read %s: %w", c.file.Name, err)
	}
	return string(head[:n]), nil
}

// skippableHeader is how many bytes a frame has that readers skip, before its content: what it
// is, and the length of the content.
const skippableHeader = 8

// isSkippable says whether a frame begins so that readers of zstd skip, and those of LZ4. pzstd
// writes one before each of its frames.
func isSkippable(magic string) bool {
	return len(magic) >= skippableHeader && magic[0]&0xf0 == 0x50 && magic[1:4] == zstdSkipped
}

// formatBehind is how data is packed that begins with frames to skip, the first of which begins
// with magic: zstd, or "" where none of its frames follows them.
func (c *container) formatBehind(magic string) (string, error) {
	const most = 1000 // frames
	var at int64
	var err error
	for n := 0; isSkippable(magic) && n < most; n++ {
		at += skippableHeader + int64(binary.LittleEndian.Uint32([]byte(magic[4:])))
		if magic, err = c.magicAt(at); err != nil {
			return "", err
		}
	}
	if format := formatOf(magic); format == "zstd" {
		return format, nil
	}
	return "", nil
}

// formatOf is how data is packed that begins so; "" where it is not.
func formatOf(magic string) string {
	for _, known := range [...]struct{ magic, format string }{
		{gzipMagic, "gzip"}, {zstdMagic, "zstd"}, {xzMagic, "xz"}, {lz4Magic, "lz4"}, {zipMagic, "zip"}, {zipEmpty, "zip"},
	} {
		if strings.HasPrefix(magic, known.magic) {
			return known.format
		}
	}
	if len(magic) >= 10 && strings.HasPrefix(magic, bzip2Magic) && (magic[4:10] == "1AY&SY" || magic[4:10] == "\x17\x72\x45\x38\x50\x90") {
		return "bzip2"
	}
	return ""
}

// checkText says of the beginning of what is in the container whether it is something else than a
// text that can be read: packed once more, an archive, UTF-32.
func (c *container) checkText(head []byte) error {
	const atTar, tarMagic = 257, "ustar"
	text, in := string(head), "this is "
	if c.format != "" {
		in = "in the " + c.format + " data is "
		if format := formatOf(text); format != "" {
			return c.bad(in + format + " data again; expected a CSV file that is packed once: unpack it first")
		}
		for _, other := range foreign {
			if strings.HasPrefix(text, other.magic) {
				return c.bad(in + other.is)
			}
		}
	}
	if len(text) > atTar && strings.HasPrefix(text[atTar:], tarMagic) {
		return c.bad(in + "a tar archive; expected the CSV file in it: unpack it first")
	}
	if name := utf32Name(head); name != "" {
		return c.bad(fmt.Sprintf("%sUTF-32, which is not read; expected UTF-8: iconv -f %s -t UTF-8 makes it that", in, name))
	}
	return nil
}

// utf32Name is the UTF-32 in which a text is; "" where it is in none.
func utf32Name(head []byte) string {
	if bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")) || bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")) {
		return "UTF-32"
	}
	var nul [4]int
	for i, c := range head {
		if c == 0 {
			nul[i%4]++
		}
	}
	most := len(head) / 4
	switch {
	case most < 2:
	case nul[0] >= most && nul[1] >= most && 4*nul[3] < most:
		return "UTF-32BE"
	case nul[2] >= most && nul[3] >= most && 4*nul[0] < most:
		return "UTF-32LE"
	}
	return ""
}

func (c *container) bad(problem string) error {
	return &groupby.InputError{Name: c.file.Name, Problem: problem}
}

// openZip finds the one CSV file of a zip.
func (c *container) openZip() error {
	c.zipped = &zipFile{in: c.file.ReaderAt, left: maxDirectory}
	archive, err := zip.NewReader(c.zipped, c.file.Size)
	if c.zipped.left < 0 {
		return c.bad("the zip archive has too many files: expected one CSV file in it")
	}
	if failed := c.zipped.failed.Load(); failed != nil {
		return fmt.Errorf("read %s: %w", c.file.Name, *failed)
	}
	if err != nil {
		return c.bad(fmt.Sprintf("the zip archive is damaged or cut off: %v", err))
	}
	c.zipped.known = true
	var names []string
	for _, member := range archive.File {
		name := member.Name
		switch {
		case name == "[Content_Types].xml" || strings.HasPrefix(name, "xl/"):
			return c.bad("this is an Excel workbook; save the sheet as CSV")
		case name == "mimetype" || name == "content.xml":
			return c.bad("this is an OpenDocument spreadsheet or another document; save the sheet as CSV")
		case strings.HasSuffix(name, "/"), strings.HasPrefix(name, "__MACOSX/"), strings.HasPrefix(path.Base(name), "."):
			continue
		}
		names = append(names, name)
		c.member = member
	}
	if len(names) != 1 {
		list := "nothing"
		if len(names) > 0 {
			list = groupby.QuoteList(names)
		}
		return c.bad(fmt.Sprintf("the zip archive has %d files (%s): expected one CSV file in it", len(names), list))
	}
	if c.member.Flags&1 != 0 {
		return c.bad("the zip archive is encrypted: expected one without a password")
	}
	if c.member.CompressedSize64 > uint64(c.file.Size) {
		return c.bad(fmt.Sprintf("the zip archive is damaged: by its directory the file in it takes %d bytes, and all of it has %d", c.member.CompressedSize64, c.file.Size))
	}
	return nil
}

// maxDirectory bounds what is read of a zip's directory, all of which is held.
const maxDirectory = 2 << 20

// zipFile reads a zip, of its directory no more than so many bytes, and remembers an error of
// reading as stored does.
type zipFile struct {
	in     io.ReaderAt
	left   int64
	known  bool // the directory was read
	failed atomic.Pointer[error]
}

func (z *zipFile) ReadAt(b []byte, at int64) (int, error) {
	if !z.known {
		if z.left -= int64(len(b)); z.left < 0 {
			return 0, io.ErrUnexpectedEOF
		}
	}
	n, err := z.in.ReadAt(b, at)
	if err != nil && err != io.EOF {
		z.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

// text is what is in a file, unpacked.
type text struct {
	io.Reader
	stored  *stored
	c       *container
	close   func()
	counted int64
}

// open starts reading from the beginning.
func (c *container) open(ctx context.Context, bytesRead *atomic.Int64) (*text, error) {
	src := &stored{ctx: ctx, in: io.NewSectionReader(c.file.ReaderAt, 0, c.file.Size), bytes: bytesRead}
	t := &text{stored: src, c: c, close: func() {}}
	packed := bufio.NewReaderSize(src, 64<<10)
	var err error
	switch c.format {
	case "gzip":
		var z *gzipMembers
		if z, err = newGzipMembers(packed); err == nil {
			t.Reader, t.close = z, func() { _ = z.member.Close() }
		}
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdMaxWindow)); err == nil {
			t.Reader, t.close = z, z.Close
		}
	case "bzip2":
		t.Reader = bzip2.NewReader(packed)
	case "xz":
		guard := &xzGuard{file: src, in: packed}
		t.close = guard.close
		t.Reader, err = xz.ReaderConfig{DictCap: lzma.MinDictCap}.NewReader(guard)
	case "lz4":
		t.Reader = lz4.NewReader(packed)
	case "zip":
		if m := c.member.Method; m != zip.Store && m != zip.Deflate {
			return nil, c.bad(fmt.Sprintf("the zip archive is packed by method %d: expected deflate", m))
		}
		var z io.ReadCloser
		if z, err = c.member.Open(); err == nil {
			t.Reader, t.close = &zipMember{ctx: ctx, in: z, t: t, file: c.member}, func() { _ = z.Close() }
		}
	default:
		t.Reader = src
	}
	if err != nil {
		t.close()
		return nil, t.explain(err)
	}
	return t, nil
}

// zipMember counts the stored bytes of a member by the share of it that was read. At its end all
// of the archive counts as read, its directory too.
type zipMember struct {
	ctx  context.Context
	in   io.Reader
	t    *text
	file *zip.File
	out  uint64
	told int64
}

func (z *zipMember) Read(b []byte) (int, error) {
	if err := z.ctx.Err(); err != nil {
		z.t.stored.failed = err
		return 0, err
	}
	n, err := z.in.Read(b)
	z.out += uint64(n)
	if size := z.file.UncompressedSize64; size > 0 {
		packed := int64(float64(min(z.out, size)) / float64(size) * float64(z.file.CompressedSize64))
		z.t.stored.bytes.Add(packed - z.told)
		z.told = packed
	}
	if err == io.EOF {
		z.t.stored.bytes.Add(z.t.c.file.Size - z.told)
		z.told = z.t.c.file.Size
	}
	return n, err
}

func (t *text) Read(b []byte) (int, error) {
	n, err := t.Reader.Read(b)
	t.counted += int64(n)
	if t.c.format == "" {
		if err != nil && err != io.EOF {
			err = fmt.Errorf("read %s: %w", t.c.file.Name, err)
		}
		return n, err
	}
	const free = 64 << 20 // bytes that any file may become
	if t.counted > free && t.counted/t.c.limit > t.stored.bytes.Load() {
		return n, t.c.bad(fmt.Sprintf("unpacked it is more than %d times as large as packed: expected less, or a larger maxExpansion", t.c.limit))
	}
	if err != nil && err != io.EOF {
		err = t.explain(err)
	}
	return n, err
}

// explain tells apart a reader that failed and an archive that is damaged.
func (t *text) explain(err error) error {
	if t.stored.failed != nil {
		return fmt.Errorf("read %s: %w", t.c.file.Name, t.stored.failed)
	}
	if z := t.c.zipped; z != nil && z.failed.Load() != nil {
		return fmt.Errorf("read %s: %w", t.c.file.Name, *z.failed.Load())
	}
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return t.c.bad(fmt.Sprintf("the zstd window is larger than %d MiB: expected a file compressed without --ultra and --long", zstdMaxWindow>>20))
	}
	if errors.Is(err, errDictionary) {
		return t.c.bad(errDictionary.Error())
	}
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrChecksum) {
		return t.c.bad("the zip archive is damaged: the file in it is not as the directory says")
	}
	return t.c.bad(fmt.Sprintf("the %s data is damaged or cut off: %v", t.c.format, err))
}

// notCSV says what a text is that is no CSV: HTML, XML or JSON, or "".
func notCSV(head []byte) string {
	s := bytes.TrimPrefix(head, byteOrderMark)
	s = trimSpace(s[:min(len(s), 4096)])
	lower := bytes.ToLower(s[:min(len(s), 64)])
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body", "<title", "<meta", "<script", "<!--"} {
		if bytes.HasPrefix(lower, []byte(tag)) {
			return "this is an HTML page, perhaps that of a login or an error; expected a CSV file"
		}
	}
	if bytes.HasPrefix(lower, []byte("<?xml")) {
		return "this is XML; expected a CSV file"
	}
	if len(s) > 1 && (s[0] == '{' || s[0] == '[') {
		rest := trimSpace(s[1:])
		if len(rest) > 0 && (s[0] == '{' && (rest[0] == '"' || rest[0] == '}') || s[0] == '[' && (rest[0] == '{' || rest[0] == '[' || rest[0] == ']')) {
			return "this is JSON; expected a CSV file"
		}
	}
	return ""
}
