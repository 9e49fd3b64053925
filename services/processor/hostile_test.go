package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// The files of this test are what a stranger may send to break a Job, which has 100 MiB. Each is
// read by the real program, of which the peak of the resident memory is taken.
// HOSTILE_MIB makes the files so large, as `make hostile` does; `make test` has files that are
// just larger than each limit, and `make check` leaves this test out.

// hostileMemory is the most that the program may have resident, in MiB: GOMEMLIMIT and the pages
// of its own file, which the system drops where memory is short.
const hostileMemory = 115

// measuring is the variable under which the test's binary runs the command of its arguments and
// tells its peak memory. A process inherits the peak of the one that starts it, and that of the
// test itself may be high.
const measuring = "MEASURE_MEMORY"

func TestMain(m *testing.M) {
	if os.Getenv(measuring) == "" {
		var err error
		if programs, err = os.MkdirTemp("", "processor-*"); err != nil {
			panic(err)
		}
		code := m.Run()
		_ = os.RemoveAll(programs)
		os.Exit(code)
	}
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(126)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	fmt.Fprintf(os.Stderr, "\n\n%d KiB, %v\n", usage.Maxrss, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	os.Exit(cmd.ProcessState.ExitCode())
}

// programs is where program builds it. TestMain makes and removes it.
var programs string

// program builds the processor once, without the clients of clouds, as the Dockerfile does.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programs, "processor")
	out, err := exec.Command("go", "build", "-tags", "nethttpomithttp2,nobuckets", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return path, err
})

// pattern is a text of so many bytes that repeats a piece.
type pattern struct {
	piece []byte
	left  int64
	at    int
}

func (p *pattern) Read(b []byte) (n int, err error) {
	for n < len(b) && p.left > 0 {
		m := copy(b[n:min(int64(len(b)), int64(n)+p.left)], p.piece[p.at:])
		n, p.left, p.at = n+m, p.left-int64(m), (p.at+m)%len(p.piece)
	}
	if n == 0 && len(b) > 0 {
		err = io.EOF
	}
	return n, err
}

func text16(s string) string {
	var b []byte
	for _, c := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(c))
	}
	return string(b)
}

func repeat(piece string, size int64) io.Reader {
	whole := []byte(strings.Repeat(piece, 1+(32<<10)/len(piece)))
	return &pattern{piece: whole, left: size}
}

func join(parts ...any) io.Reader {
	var all []io.Reader
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			all = append(all, strings.NewReader(p))
		case io.Reader:
			all = append(all, p)
		}
	}
	return io.MultiReader(all...)
}

type nothing struct{ io.Writer }

func (nothing) Close() error { return nil }

var packers = map[string]func(io.Writer) (io.WriteCloser, error){
	"":    func(w io.Writer) (io.WriteCloser, error) { return nothing{w}, nil },
	"gz":  func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	"zst": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) },
	"lz4": func(w io.Writer) (io.WriteCloser, error) {
		z := lz4.NewWriter(w)
		return zipped{onlyWriter{z}, z}, nil
	},
	"xz": func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
	"zip": func(w io.Writer) (io.WriteCloser, error) {
		z := zip.NewWriter(w)
		member, err := z.Create("a.csv")
		return zipped{member, z}, err
	},
}

type onlyWriter struct{ io.Writer }

type zipped struct {
	io.Writer
	io.Closer
}

// bzip2Million is 225,000 lines a,1 packed by bzip2, of which a file may have many.
const bzip2Million = "QlpoOTFBWSZTWV5kkhoFJlTZAAAQAAQgACAAIABQZpoJqo9PlQhExUIRMVCET2KhCJxigrJMprLDYusAAAAJsgAAIAAIQABAAEAAYZpoFSZLGLo48XckU4UJDdeFG0A="

// bzip2Header is the header line, packed likewise.
var bzip2Header, _ = base64.StdEncoding.DecodeString("QlpoOTFBWSZTWX2N3NgAAAPTgAAQAAQAAKYjJiAgACKYA00IBoAMWcN0oAnUM8LuSKcKEg+xu5sA")

type hostile struct {
	name string
	pack string
	text func(size int64) io.Reader
	file func(t *testing.T, path string, size int64) // in place of both
	args string
	says string // of the error; "" where the file is read
}

const header = "item_id,quantity\n"

var hostileFiles = []hostile{
	{name: "gzip bomb", pack: "gz", args: "--max-expansion=500", text: many, says: "maxExpansion"},
	{name: "zip bomb", pack: "zip", args: "--max-expansion=500", text: many, says: "maxExpansion"},
	{name: "zstd bomb", pack: "zst", text: many, says: "maxExpansion"},
	{name: "lz4 bomb", pack: "lz4", args: "--max-expansion=100", text: many, says: "maxExpansion"},
	{name: "xz bomb", file: copies("xz"), says: "maxExpansion"},
	{name: "bzip2 bomb", file: copies("bz2"), says: "maxExpansion"},
	{name: "xz with a dictionary of 3 GiB", file: xzDictionary, says: "dictionary"},
	{name: "zstd with a window of 64 MiB", file: zstdWindow, says: "window"},
	{name: "zip with many members", file: zipMembers, says: "too many files"},
	{name: "zip with long names", file: zipNames, says: "files"},
	{name: "zip that claims to be packed more", file: zipLies(func(h *zip.FileHeader) { h.CompressedSize64 *= 1 << 20 }), args: "--max-expansion=500", says: "directory"},
	{name: "zip that claims to be larger", file: zipLies(func(h *zip.FileHeader) { h.UncompressedSize64 *= 1 << 20 }), args: "--max-expansion=500", says: "maxExpansion"},
	{name: "zip that claims to be smaller", file: zipLies(claimSmall), args: "--max-expansion=5000", says: "directory"},
	{name: "no line end", text: func(n int64) io.Reader { return repeat("a", n) }, says: "4 MiB"},
	{name: "no line end after the header", text: func(n int64) io.Reader { return join(header, repeat("a", n)) }, says: "16 MiB"},
	{name: "no line end, skipped", args: "--on-bad-row=skip", text: func(n int64) io.Reader { return join(header, repeat("a", n)) }, says: "16 MiB"},
	{name: "no line end, zstd", pack: "zst", args: "--max-expansion=1000000", text: func(n int64) io.Reader { return join(header, repeat("a", n)) }, says: "16 MiB"},
	{name: "no line end, rewritten", args: "--decimal-char=,", text: func(n int64) io.Reader { return join(header, repeat("a", n)) }, says: "16 MiB"},
	{name: "commas", text: func(n int64) io.Reader { return repeat(",", n) }, says: "4 MiB"},
	{name: "a million columns", text: func(n int64) io.Reader {
		return join("item_id,quantity", repeat(",", 1e6), "\n", repeat("1,2\n", n))
	}, says: "65536"},
	{name: "a million named columns", text: func(n int64) io.Reader {
		return join("item_id,quantity", repeat(",abcdef", 7e6), "\n", repeat("1,2\n", n))
	}, says: "4 MiB"},
	{name: "rows of a million columns", text: func(n int64) io.Reader { return join(header, repeat("1,2"+strings.Repeat(",", 1e6)+"\n", n)) }, says: "65536"},
	{name: "a row of commas", text: func(n int64) io.Reader { return join(header, "1,2", repeat(",", n)) }, says: "16 MiB"},
	{name: "a row of commas, rewritten", args: "--decimal-char=,", text: func(n int64) io.Reader { return join(header, "1,2", repeat(",", 15<<20), "\n") }, says: "65536"},
	{name: "a row of commas, select", args: "--select=*", text: func(n int64) io.Reader { return join(header, "1,2", repeat(",", 15<<20), "\n") }, says: "65536"},
	{name: "open quote", text: openQuote, says: "quote"},
	{name: "open quote, skipped", args: "--on-bad-row=skip", text: openQuote},
	{name: "open quote, lenient", args: "--lenient", text: openQuote, says: "not a number"},
	{name: "open quote, rewritten", args: "--decimal-char=,", text: openQuote, says: "quote"},
	{name: "open quote, gzip", pack: "gz", args: "--max-expansion=1000000", text: openQuote, says: "quote"},
	{name: "open quote, select", args: "--select=*", text: openQuote, says: "quote"},
	{name: "open quotes, skipped", args: "--on-bad-row=skip --max-bad-share=1", text: func(n int64) io.Reader { return join(header, repeat("1,\"2\n", n/16)) }},
	{name: "open quotes, lenient", args: "--lenient --aggregate=count(*)", text: func(n int64) io.Reader { return join(header, repeat("1,\"2\n", n)) }},
	{name: "cut UTF-16", text: func(n int64) io.Reader {
		return join("\xff\xfe"+text16(header), repeat(text16("1,2\n"), n), "\x31")
	}, says: "middle of a character"},
	{name: "UTF-16 without line ends", text: func(n int64) io.Reader {
		return join("\xff\xfe"+text16(header), repeat(text16("1"), 2*n))
	}, says: "16 MiB"},
	{name: "NULs", file: sparse(""), says: "NUL"},
	{name: "NULs after the header", file: sparse(header), says: "NUL"},
	{name: "NULs after the header, skipped", file: sparse(header), args: "--on-bad-row=skip", says: "NUL"},
	{name: "long records", text: longRecords},
	{name: "long records, rewritten", args: "--decimal-char=,", text: longRecords},
	{name: "long records, select", args: "--select=*", text: longRecords},
	{name: "long records, skipped", args: "--on-bad-row=skip --max-bad-share=1", text: func(n int64) io.Reader {
		return join(header, repeat("1,\"2\"x"+strings.Repeat("abc\xff", 15<<18)+"\n", n))
	}},
	{name: "line ends", text: func(n int64) io.Reader { return repeat("\n", n) }, says: "header"},
	{name: "line ends, rewritten", args: "--decimal-char=,", text: func(n int64) io.Reader { return join(header, repeat("\r", n)) }},
}

func many(n int64) io.Reader { return join(header, repeat("a,1\n", max(n, 66<<20))) }

func openQuote(n int64) io.Reader {
	return join(header, repeat("a,1\n", 1<<20), "b,\"1\n", repeat("a,1\n", n))
}

func longRecords(n int64) io.Reader {
	return join(header, repeat("a,1,"+strings.Repeat(" ", 15<<20)+"\n", n))
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func expectRefusal(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// copies is a file of many packed pieces, one after another.
func copies(format string) func(t *testing.T, path string, size int64) {
	return func(t *testing.T, path string, size int64) {
		f := create(t, path+".csv."+format)
		piece, err := base64.StdEncoding.DecodeString(bzip2Million)
		expectRefusal(t, err)
		var first bytes.Buffer
		if format == "bz2" {
			first.Write(bzip2Header)
		} else {
			var rest bytes.Buffer
			for w, text := range map[*bytes.Buffer]io.Reader{&first: strings.NewReader(header), &rest: repeat("a,1\n", 4<<20)} {
				z, err := xz.NewWriter(w)
				expectRefusal(t, err)
				_, err = io.Copy(z, text)
				expectRefusal(t, err, z.Close())
			}
			piece = bytes.Repeat(rest.Bytes(), 4)
		}
		buffered := bufio.NewWriter(f)
		_, err = buffered.Write(first.Bytes())
		expectRefusal(t, err)
		for range 90 + size/(16<<20) {
			_, err := buffered.Write(piece)
			expectRefusal(t, err)
		}
		expectRefusal(t, buffered.Flush())
	}
}

// xzDictionary asks for a dictionary of 3 GiB.
func xzDictionary(t *testing.T, path string, size int64) {
	var b bytes.Buffer
	z, err := xz.WriterConfig{DictCap: 4096}.NewWriter(&b)
	expectRefusal(t, err)
	_, err = io.WriteString(z, header+"a,1\n")
	expectRefusal(t, err, z.Close())
	file := b.Bytes()
	// The block's header begins behind the 12 bytes of the stream's: its size, flags, the filter,
	// the size of its properties, and the dictionary's size.
	const block = 12
	length := (int(file[block]) + 1) * 4
	file[block+4] = 39
	binary.LittleEndian.PutUint32(file[block+length-4:], crc32.ChecksumIEEE(file[block:block+length-4]))
	expectRefusal(t, os.WriteFile(path+".csv.xz", file, 0o600))
}

func zstdWindow(t *testing.T, path string, size int64) {
	f := create(t, path+".csv.zst")
	z, err := zstd.NewWriter(f, zstd.WithWindowSize(64<<20), zstd.WithEncoderConcurrency(1))
	expectRefusal(t, err)
	_, err = io.Copy(z, many(1))
	expectRefusal(t, err, z.Close())
}

func zipMembers(t *testing.T, path string, size int64) {
	f := bufio.NewWriter(create(t, path+".zip"))
	z := zip.NewWriter(f)
	for i := range 50_000 + size/1024 {
		_, err := z.CreateRaw(&zip.FileHeader{Name: strconv.FormatInt(i, 10)})
		expectRefusal(t, err)
	}
	expectRefusal(t, z.Close(), f.Flush())
}

func zipNames(t *testing.T, path string, _ int64) {
	z := zip.NewWriter(create(t, path+".zip"))
	for i := range 4 {
		_, err := z.Create(fmt.Sprintf("%d\n\x1b[31m%s", i, strings.Repeat("x", 60_000)))
		expectRefusal(t, err)
	}
	expectRefusal(t, z.Close())
}

// zipLies has sizes in the directory that are not those of the member.
func zipLies(lie func(*zip.FileHeader)) func(t *testing.T, path string, size int64) {
	return func(t *testing.T, path string, size int64) {
		packed := filepath.Join(t.TempDir(), "right.zip")
		pack(t, packed, "zip", many(size))
		right, err := zip.OpenReader(packed)
		expectRefusal(t, err)
		defer right.Close()
		member := right.File[0]
		raw, err := member.OpenRaw()
		expectRefusal(t, err)
		// The writer is told the lie after it wrote the right header of the member.
		f := create(t, path+".zip")
		z := zip.NewWriter(f)
		h := member.FileHeader
		w, err := z.CreateRaw(&h)
		expectRefusal(t, err)
		_, err = io.Copy(w, raw)
		lie(&h)
		expectRefusal(t, err, z.Close())
	}
}

// claimSmall sets the field that the directory is written from, too.
func claimSmall(h *zip.FileHeader) {
	h.UncompressedSize64 = 100
	h.UncompressedSize = 100 //nolint:staticcheck // SA1019: the writer takes this one
}

func sparse(begin string) func(t *testing.T, path string, size int64) {
	return func(t *testing.T, path string, size int64) {
		f := create(t, path+".csv")
		_, err := f.WriteString(begin)
		expectRefusal(t, err, f.Truncate(size))
	}
}

func pack(t *testing.T, path, format string, text io.Reader) {
	t.Helper()
	f := create(t, path)
	z, err := packers[format](f)
	expectRefusal(t, err)
	_, err = io.Copy(z, text)
	expectRefusal(t, err, z.Close(), f.Close())
}

func TestHostileFilesAreRefusedInBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	t.Parallel()
	size := int64(24 << 20)
	if mib, err := strconv.ParseInt(os.Getenv("HOSTILE_MIB"), 10, 64); err == nil {
		size = mib << 20
	}
	processor, err := program()
	expectRefusal(t, err)
	for _, h := range hostileFiles {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file")
			if h.file != nil {
				h.file(t, path, size)
			} else {
				pack(t, strings.TrimSuffix(path+".csv."+h.pack, "."), h.pack, h.text(size))
			}
			files, err := filepath.Glob(path + ".*")
			expectRefusal(t, err)
			args := append([]string{processor, "aggregate"}, strings.Fields(h.args)...)
			out := filepath.Join(t.TempDir(), "out.csv")
			cmd := exec.Command(os.Args[0], append(args, "--out="+out, files[0])...)
			cmd.Env = append(os.Environ(), measuring+"=1", "GOMEMLIMIT=90MiB")
			cmd.Dir = t.TempDir()
			var said bytes.Buffer
			cmd.Stderr = &said
			err = cmd.Run()
			at := strings.LastIndex(said.String(), "\n\n")
			text, measured := strings.TrimSuffix(said.String()[:max(at, 0)], "\n"), said.String()[at+2:]
			var kib int
			if _, scanned := fmt.Sscanf(measured, "%d KiB", &kib); scanned != nil {
				t.Fatalf("%v: %s", scanned, said.String())
			}
			t.Logf("%s, %s", measured, text)
			if kib>>10 > hostileMemory {
				t.Errorf("it took %d MiB, expected at most %d", kib>>10, hostileMemory)
			}
			if h.says == "" {
				expectRefusal(t, err)
				return
			}
			if err == nil || !strings.Contains(text, h.says) || strings.Contains(text, "\n") || len(text) > 300 {
				t.Errorf("expected a line of at most 300 characters that says %q", h.says)
			}
		})
	}
}
