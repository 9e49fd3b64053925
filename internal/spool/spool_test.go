package spool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/iotest"
)

func TestSpoolIsWhatWasWritten(t *testing.T) {
	dir := t.TempDir()
	s := Spool{Dir: dir, Memory: 100}
	defer s.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 3 {
		var want []byte
		for range random.IntN(200) {
			p := make([]byte, random.IntN(60))
			for i := range p {
				p[i] = byte(random.Uint32())
			}
			if n, err := s.Write(p); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
			want = append(want, p...)
		}
		if int64(len(want)) != s.Size() {
			t.Errorf("%d bytes, want %d", s.Size(), len(want))
		}
		if err := iotest.TestReader(io.NewSectionReader(&s, 0, s.Size()), want); err != nil {
			t.Error(err)
		}
		for range 200 {
			at, p := random.IntN(len(want)+5), make([]byte, random.IntN(200))
			n, err := s.ReadAt(p, int64(at))
			there := want[min(at, len(want)):min(at+len(p), len(want))]
			if !bytes.Equal(p[:n], there) || (err == nil) != (n == len(p)) || err != nil && !errors.Is(err, io.EOF) {
				t.Fatalf("round %d: %d bytes at %d of %d: %d, %v", round, len(p), at, len(want), n, err)
			}
		}
		var all bytes.Buffer
		if n, err := s.WriteTo(&all); n != s.Size() || err != nil || !bytes.Equal(all.Bytes(), want) {
			t.Error(n, err)
		}
		if err := s.Reset(); err != nil || s.Size() != 0 {
			t.Error(s.Size(), err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the folder has %v, %v", left, err)
	}
}

func TestSpoolWithoutAFolder(t *testing.T) {
	s := Spool{Dir: t.TempDir() + "/none", Memory: 4}
	defer s.Close()
	if _, err := s.Write([]byte("1234")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte("5")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
