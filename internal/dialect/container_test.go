package dialect

import (
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
