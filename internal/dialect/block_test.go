package dialect

import (
	"fmt"
	"strings"
	"testing"
)

// TestOddBytesBeforeTheFooter: a row that waits, as it may be of the footer, is read as one of the
// block that it stands in, not of the next.
func TestOddBytesBeforeTheFooter(t *testing.T) {
	const rows, odd, footer = 60_000, 26_000, 50
	text := func(name string) []byte {
		var b strings.Builder
		b.WriteString("name,n\n")
		for i := range rows {
			if i == odd {
				fmt.Fprintf(&b, "%s,%05d\n", name, i)
			} else {
				fmt.Fprintf(&b, "abcd,%05d\n", i)
			}
		}
		return []byte(b.String())
	}
	plain := text("Jos\xe9")
	at := strings.Index(string(plain), "\xe9")
	before := blockSize
	defer func() { blockSize = before }()
	blockSize = at + 100
	want := string(text("José"))
	want = want[:len(want)-footer*len("abcd,00000\n")]
	if got, err := readAll(Settings{SkipFooter: footer}, plain, 1); err != nil || got != want {
		t.Errorf("windows-1252: %v, %d bytes instead of %d", err, len(got), len(want))
	}
	problem := fmt.Sprintf("f.csv:%d: name: the byte 0xE9 is not UTF-8", odd+2)
	if _, err := readAll(Settings{SkipFooter: footer, Encoding: "utf-8"}, plain, 1); err == nil || !strings.HasPrefix(err.Error(), problem) {
		t.Errorf("UTF-8: %v, want %s", err, problem)
	}
	problem = fmt.Sprintf("f.csv:%d: name: %s", odd+2, nulByte)
	if _, err := readAll(Settings{SkipFooter: footer}, text("Jos\x00"), 1); err == nil || err.Error() != problem {
		t.Errorf("NUL: %v, want %s", err, problem)
	}
}

// TestSecondTableWhereABlockEnds: a second table is left out wherever the blocks of the text end.
func TestSecondTableWhereABlockEnds(t *testing.T) {
	const first = "a,b,c\n1,2,3\n4,5,6\n7,8,9\n"
	before := blockSize
	defer func() { blockSize = before }()
	for _, second := range []string{"\nx,y\n1,2\n3,4\n", "\n\nx,y\n\n1,2\n", "\nx,y,z,\"long\nname\"\n1,2,3,\"4\n5\"\n", "a,\"b\",c\n5,6,7\n", "a,b,d,c\n5,6,7,8\n"} {
		text := first + second
		for blockSize = 1; blockSize <= len(text)+1; blockSize++ {
			if got, err := readAll(Settings{Lenient: true}, []byte(text), 1); err != nil || got != first {
				t.Fatalf("%q in blocks of %d: %q, %v", text, blockSize, got, err)
			}
		}
	}
	const oneRow = "a,b,c\n1,2,3\n\n4,5\n6,7,8\n"
	for blockSize = 1; blockSize <= len(oneRow)+1; blockSize++ {
		if got, err := readAll(Settings{Lenient: true}, []byte(oneRow), 1); err != nil || got != "a,b,c\n1,2,3\n4,5,\n6,7,8\n" {
			t.Fatalf("a short row in blocks of %d: %q, %v", blockSize, got, err)
		}
	}
}

// TestOddQuotesBeforeTheFooter: rows with quotes that fit no rule are read alike whether they wait or not.
func TestOddQuotesBeforeTheFooter(t *testing.T) {
	const closesBelow = "a,b\n0,0\n1,\"x\n2,y\n3\",z\n4,5\nTotal,9\n"
	if got, err := readAll(Settings{Lenient: true, SkipFooter: 1}, []byte(closesBelow), 1); err != nil || got != "a,b\n0,0\n1,\"\"\"x\"\n2,y\n\"3\"\"\",z\n4,5\n" {
		t.Errorf("%q, %v", got, err)
	}
	wrongBelow := "a,b,c\n0,0,0\n1,\"x\n" + strings.Repeat("y", 100) + "\",\"z\"w\n4,5,6\nTotal,,9\n"
	for footer := range 3 {
		if got, err := readAll(Settings{SkipFooter: footer}, []byte(wrongBelow), 1); err == nil || !strings.HasPrefix(err.Error(), "f.csv:4: text after a closing quote") {
			t.Errorf("footer of %d: %q, %v", footer, got, err)
		}
	}
}
