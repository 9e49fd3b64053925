package dialect

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"csv-pipeline/internal/groupby"
)

func packed(t *testing.T, format, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch format {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	case "zip":
		z := zip.NewWriter(&b)
		member, err := z.Create("f.csv")
		_, wrong := io.WriteString(member, text)
		if err := errors.Join(err, wrong, z.Close()); err != nil {
			t.Fatal(err)
		}
		return b.String()
	case "xz":
		w, err = xz.WriterConfig{BlockSize: 64 << 10}.NewWriter(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// unpack is the text of a packed file whose storage may fail.
func unpack(in io.ReaderAt, size int64) (string, error) {
	c, err := openContainer(File{Name: "f.csv", ReaderAt: in, Size: size}, defaultMaxExpansion)
	if err != nil {
		return "", err
	}
	var read atomic.Int64
	text, err := c.open(context.Background(), &read)
	if err != nil {
		return "", err
	}
	defer text.close()
	all, err := io.ReadAll(text)
	return string(all), err
}

// failing is a file of which a byte cannot be read.
type failing struct {
	*strings.Reader
	bad int64
}

var errDisk = errors.New("disk on fire")

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	if at <= f.bad && f.bad < at+int64(len(b)) {
		return 0, errDisk
	}
	return f.Reader.ReadAt(b, at)
}

func TestPackedPieces(t *testing.T) {
	var b strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	for range 60_000 {
		b.WriteString(strconv.Itoa(random.IntN(1e6)) + ",3\n")
	}
	first, second := b.String(), "1,2\n"
	for _, format := range []string{"gzip", "zstd", "xz", "zip"} {
		t.Run(format, func(t *testing.T) {
			file := packed(t, format, first) + packed(t, format, second)
			if format == "zip" { // which has one
				file = packed(t, format, first+second)
			}
			if got, err := unpack(strings.NewReader(file), int64(len(file))); err != nil || got != first+second {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
			var bad *groupby.InputError
			if _, err := unpack(strings.NewReader(file), int64(len(file)-3)); !errors.As(err, &bad) {
				t.Errorf("cut off: got %v, want an InputError", err)
			}
			if _, err := unpack(failing{strings.NewReader(file), 70 << 10}, int64(len(file))); !errors.Is(err, errDisk) || errors.As(err, &bad) {
				t.Errorf("got %v, want the disk's error", err)
			}
		})
	}
}

// TestZerosBehindGzip: zeros behind a member are none, and anything else is damage.
func TestZerosBehindGzip(t *testing.T) {
	const text = "a,b\n1,2\n"
	member := packed(t, "gzip", text)
	for name, c := range map[string]struct{ file, want string }{
		"at the end":          {member + strings.Repeat("\x00", 100_000), text},
		"one":                 {member + "\x00", text},
		"between two members": {member + "\x00\x00\x00" + member, text + text},
		"a member of nothing": {member + packed(t, "gzip", "") + member, text + text},
	} {
		if got, err := unpack(strings.NewReader(c.file), int64(len(c.file))); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
	for _, behind := range []string{"x", "\x00x", "\x1f", "\x1f\x8b\x08", "\x00\x00" + member[:len(member)-1], member[:12] + "\x00\x00\x00\x00"} {
		var bad *groupby.InputError
		if _, err := unpack(strings.NewReader(member+behind), int64(len(member+behind))); !errors.As(err, &bad) {
			t.Errorf("behind a member %q: %v, want an InputError", behind, err)
		}
	}
	file := member + strings.Repeat("\x00", 100_000)
	if _, err := unpack(failing{strings.NewReader(file), 90_000}, int64(len(file))); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want the disk's error", err)
	}
}

// TestSkippedFrames: a zstd file may begin with frames that are skipped, as those of pzstd do.
func TestSkippedFrames(t *testing.T) {
	const text = "a,b\n1,2\n"
	frame := packed(t, "zstd", text)
	pzstd := "\x50\x2a\x4d\x18\x04\x00\x00\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(frame)))) + frame
	for name, c := range map[string]struct{ file, want string }{
		"as pzstd writes":   {pzstd + pzstd, text + text},
		"of other lengths":  {"\x5f\x2a\x4d\x18\x00\x00\x00\x00\x53\x2a\x4d\x18\x20\x00\x00\x00" + strings.Repeat("x", 32) + frame, text},
		"before other data": {"\x50\x2a\x4d\x18\x01\x00\x00\x00xa,b\n", "\x50\x2a\x4d\x18\x01\x00\x00\x00xa,b\n"},
		"beyond the file":   {"\x50\x2a\x4d\x18\xff\xff\xff\xffx", "\x50\x2a\x4d\x18\xff\xff\xff\xffx"},
	} {
		if got, err := unpack(strings.NewReader(c.file), int64(len(c.file))); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
	if _, err := unpack(failing{strings.NewReader(pzstd), 13}, int64(len(pzstd))); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want the disk's error", err)
	}
}

// TestXZDictionary has each block in turn ask for a dictionary that is too large, behind
// others in the same stream and in another.
func TestXZDictionary(t *testing.T) {
	text := strings.Repeat("1,2\n", 64<<10)
	whole := packed(t, "xz", "1,2\n") + packed(t, "xz", text)
	blocks := 0
	for at := range whole {
		size := 4 * (int(whole[at]) + 1)
		if size == 4 || at+size > len(whole) {
			continue
		}
		file := []byte(whole)
		header, sum := file[at:at+size-4], file[at+size-4:at+size]
		if crc32.ChecksumIEEE(header) != binary.LittleEndian.Uint32(sum) {
			continue
		}
		blocks++
		header[bytes.Index(header, []byte{0x21, 1})+2] = 30 // 128 MiB
		binary.LittleEndian.PutUint32(sum, crc32.ChecksumIEEE(header))
		if _, err := unpack(bytes.NewReader(file), int64(len(file))); err == nil || !strings.Contains(err.Error(), "dictionary") {
			t.Errorf("block %d: got %v", blocks, err)
		}
	}
	if blocks < 4 {
		t.Errorf("there are %d blocks, expected several", blocks)
	}
}

// TestOtherThingsThanText are called what they are, packed or not.
func TestOtherThingsThanText(t *testing.T) {
	units := func(order binary.AppendByteOrder, text string) string {
		var b []byte
		for _, r := range text {
			b = order.AppendUint32(b, uint32(r))
		}
		return string(b)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	_ = w.WriteHeader(&tar.Header{Name: "f.csv", Size: 8, Mode: 0o644})
	_, _ = io.WriteString(w, "k,v\na,1\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const text = "k,v\na,1\n"
	for name, c := range map[string]struct{ file, want string }{
		"gzip in gzip":          {packed(t, "gzip", packed(t, "gzip", text)), "in the gzip data is gzip data again"},
		"gzip in zip":           {packed(t, "zip", packed(t, "gzip", text)), "in the zip data is gzip data again"},
		"zip in zstd":           {packed(t, "zstd", packed(t, "zip", text)), "in the zstd data is zip data again"},
		"a PDF in gzip":         {packed(t, "gzip", "%PDF-1.7\n"), "in the gzip data is a PDF"},
		"tar":                   {archive.String(), "this is a tar archive"},
		"tar in gzip":           {packed(t, "gzip", archive.String()), "in the gzip data is a tar archive"},
		"UTF-32 with its mark":  {units(binary.LittleEndian, "\uFEFF"+text), "this is UTF-32"},
		"UTF-32BE with a mark":  {units(binary.BigEndian, "\uFEFF"+text), "this is UTF-32"},
		"UTF-32LE":              {units(binary.LittleEndian, text), "iconv -f UTF-32LE -t UTF-8"},
		"UTF-32BE":              {units(binary.BigEndian, text), "iconv -f UTF-32BE -t UTF-8"},
		"UTF-32LE beyond Latin": {units(binary.LittleEndian, "名称,v\n北京,1\n一,2\n"), "iconv -f UTF-32LE -t UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, encoding := range []string{Auto, "utf-16le"} {
				d, err := Settings{Encoding: encoding}.Compile()
				if err != nil {
					t.Fatal(err)
				}
				_, err = d.Open(t.Context(), File{Name: "f.csv", ReaderAt: strings.NewReader(c.file), Size: int64(len(c.file))}, nil)
				if bad, ok := errors.AsType[*groupby.InputError](err); !ok || !strings.Contains(bad.Problem, c.want) {
					t.Errorf("%s: got %v, want %s", encoding, err, c.want)
				}
			}
		})
	}
	for name, file := range map[string]string{
		"UTF-16LE": "k\x00,\x00v\x00\n\x00\xe9\x00,\x001\x00\n\x00", "UTF-16LE with its mark": "\xff\xfek\x00,\x00v\x00\n\x00a\x00,\x001\x00\n\x00", "a short text": "k\n1",
	} {
		d, err := Settings{}.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Open(t.Context(), File{Name: "f.csv", ReaderAt: strings.NewReader(file), Size: int64(len(file))}, nil); err != nil && strings.Contains(err.Error(), "UTF-32") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
