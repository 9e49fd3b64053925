package dialect

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// UTF-16 is decoded as the standard library does, however it comes.
func TestUTF16(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		units := make([]uint16, random.IntN(3*utf16Buffer/2))
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

func BenchmarkUTF16(b *testing.B) {
	text := bytes.Repeat([]byte("1\x002\x00,\x00n\x00o\x00r\x00t\x00h\x00\n\x00"), 1<<16)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := io.Copy(io.Discard, utf16LE.reader("f.csv", bytes.NewReader(text))); err != nil {
			b.Fatal(err)
		}
	}
}
