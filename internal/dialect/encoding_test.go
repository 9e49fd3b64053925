package dialect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"csv-pipeline/internal/groupby"
)

// UTF-16 is decoded as the standard library does, however it comes.
func TestUTF16(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		units := make([]uint16, random.IntN(3*decodedAtOnce/2))
		rare := 1 + random.IntN(200)
		for i := range units {
			units[i] = uint16(random.IntN(128))
			if random.IntN(rare) == 0 {
				units[i] = []uint16{0x80, 0xE9, 0x7FF, 0x20AC, 0xD83D, 0xDE00, 0xFF00, 0x7F00, 0x0100, 0xFFFF}[random.IntN(10)]
			}
		}
		if n := len(units); n > 0 && units[n-1]&0xFC00 == 0xD800 {
			units[n-1] = 'x' // half a character at the end is an error
		}
		want := string(utf16.Decode(units))
		for _, c := range []*charset{utf16LE, utf16BE} {
			text := make([]byte, 2*len(units))
			for i, unit := range units {
				if c.bigEnd {
					binary.BigEndian.PutUint16(text[2*i:], unit)
				} else {
					binary.LittleEndian.PutUint16(text[2*i:], unit)
				}
			}
			for how, in := range map[string]io.Reader{"whole": bytes.NewReader(text), "in halves": iotest.HalfReader(bytes.NewReader(text)), "with its end": iotest.DataErrReader(bytes.NewReader(text))} {
				got, err := io.ReadAll(c.reader("f.csv", in))
				if err != nil || string(got) != want {
					t.Fatalf("%s, %s: of %d units: %v, %d bytes instead of %d", c, how, len(units), err, len(got), len(want))
				}
			}
		}
	}
}

// A text in UTF-8 of a file in another encoding is what the standard decoders make of it, or in doubt.
func TestTranscoder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"utf-8", "windows-1252", "iso-8859-8", "koi8-r"} {
		c, err := charsetNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		decoded, doubts := 0, 0
		for range 500 {
			text := make([]byte, random.IntN(2*decodedAtOnce))
			rare, odd := 1+random.IntN(200), random.IntN(3) == 0
			for i := 0; i < len(text); i++ {
				text[i] = byte(random.IntN(128))
				switch {
				case random.IntN(rare) > 0:
				case odd && random.IntN(100) == 0:
					text[i] = byte(128 + random.IntN(128))
				case c.table == nil:
					i += copy(text[i:], []string{"é", "€", "😀"}[random.IntN(3)]) - 1
				default:
					text[i] = byte(0xE0 + random.IntN(16))
				}
			}
			want, bad := text, !utf8.Valid(text)
			if c.table != nil {
				want, bad = nil, c.undecodable(text) >= 0
				for _, b := range text {
					want = append(want, c.table[b]...)
				}
			}
			for how, in := range map[string]io.Reader{"whole": bytes.NewReader(text), "in halves": iotest.HalfReader(bytes.NewReader(text)), "with its end": iotest.DataErrReader(bytes.NewReader(text))} {
				got, err := io.ReadAll(newTranscoder(in, c, false))
				if bad != errors.Is(err, groupby.ErrDoubt) || !bad && (err != nil || !bytes.Equal(got, want)) {
					t.Fatalf("%s, %s: of %d bytes, bad %v: %v, %d bytes instead of %d", name, how, len(text), bad, err, len(got), len(want))
				}
			}
			if decoded++; bad {
				doubts++
			}
		}
		if doubts == 0 && name != "koi8-r" || doubts == decoded {
			t.Errorf("%s: %d of %d texts are in doubt", name, doubts, decoded)
		}
	}
	// windows-1252 that was guessed is in doubt where there is UTF-8, wherever the text is cut.
	for at := range 20 {
		text := append(bytes.Repeat([]byte("x"), decodedAtOnce-10+at), "\xE9 é"...)
		for guessed, want := range map[bool]error{true: groupby.ErrDoubt, false: nil} {
			if _, err := io.ReadAll(newTranscoder(bytes.NewReader(text), windows1252, guessed)); !errors.Is(err, want) {
				t.Errorf("UTF-8 at %d, guessed %v: %v", len(text)-2, guessed, err)
			}
		}
	}
}

func BenchmarkTranscoder(b *testing.B) {
	text := bytes.Repeat([]byte("122,north,K\xF6ln,12.50,3\n"), 1<<16)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := io.Copy(io.Discard, newTranscoder(bytes.NewReader(text), windows1252, true)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUTF16(b *testing.B) {
	text := bytes.Repeat([]byte("1\x002\x00,\x00n\x00o\x00r\x00t\x00h\x00\n\x00"), 1<<16)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := io.Copy(io.Discard, utf16LE.reader("f.csv", bytes.NewReader(text))); err != nil {
			b.Fatal(err)
		}
	}
}

// A text that is no UTF-8, and has what may be letters of it, is called mixed only where it rather is that.
func TestContradictory(t *testing.T) {
	for text, want := range map[string]string{
		"name,n\nZoë,1\nJos\xe9,2\n":                                                                         "mixed encodings: this line is no UTF-8, line 2 has letters of it",
		"\xc3\xfb\xb3\xc6;v\n\xb1\xb1\xbe\xa9\xca\xd0;1\n\xc9\xcf\xba\xa3;2\n":                               "which may be gb18030",
		"\xb5\xb5\xbd\xc3;v\n\xbc\xad\xbf\xef;1\n\xc0\xce\xc3\xb5;2\n\xb4\xeb\xb1\xb8;3\n\xc3\xb5\xbe\xc8;4": "which may be euc-kr",
	} {
		d, err := Settings{}.Compile()
		if err != nil {
			t.Fatal(err)
		}
		r, err := d.Open(t.Context(), File{Name: "f.csv", ReaderAt: strings.NewReader(text), Size: int64(len(text))}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := r.Select(t.Context(), []string{"a"}, []Want{{All: true}}, nil, 1, nil, new(atomic.Int64))
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.ReadAll(s)
		s.Close()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
