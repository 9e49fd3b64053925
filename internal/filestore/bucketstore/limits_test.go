package bucketstore

import (
	"io"
	"math"
	"runtime/debug"
	"testing"
	"time"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/s3test"
)

// TestRest: for any number of files, listing makes at most one request in two seconds.
func TestRest(t *testing.T) {
	s := &Store{}
	for files, want := range map[int]time.Duration{0: 4 * time.Second, 181: 4 * time.Second, 1_000_000: 4004 * time.Second} {
		if got := s.Rest(files, files); got != want {
			t.Errorf("%d files and their results: %v, want %v", files, got, want)
		}
	}
}

// TestBuffersTakeAFifthOfTheMemory: and a part has a seventh of that.
func TestBuffersTakeAFifthOfTheMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for limit, size := range map[int64]int64{math.MaxInt64: 8 << 20, 1 << 30: 8 << 20, 100 << 20: 2 << 20, 20 << 20: 1 << 20} {
		debug.SetMemoryLimit(limit)
		b := newBuffers()
		if b.size != size {
			t.Errorf("with %d MiB a part has %d bytes, want %d", limit>>20, b.size, size)
		}
		if all := b.size * b.most; limit >= 100<<20 && all > min(56<<20, limit/5) {
			t.Errorf("with %d MiB the buffers may take %d MiB", limit>>20, all>>20)
		}
	}
}

// TestRequestsOfALargeFileAndOfProbes: one for each part, and one for the start and the probes.
func TestRequestsOfALargeFileAndOfProbes(t *testing.T) {
	everywhere(t, func(t *testing.T, server server) {
		c := newCounted(t, server)
		text := make([]byte, 20<<20) // three parts of 8 MiB, the last of them smaller
		c.put(t, filestore.Raw, "large.csv", string(text), nil)
		c.took()
		f, err := c.Open(t.Context(), filestore.Raw, "large.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if n, err := io.Copy(io.Discard, f); n != int64(len(text)) || err != nil {
			t.Fatal(n, err)
		}
		c.want(t, "reading all of it", "GET", "GET", "GET")

		c.took()
		s, err := Open(t.Context(), c.url)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for range 5 {
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
		}
		c.want(t, "a start and the probes after it", "LIST")
	})
}

// TestSameBytesAgainAreTheSameVersion in S3, where the ETag of a small object is made from its bytes.
func TestSameBytesAgainAreTheSameVersion(t *testing.T) {
	s := open(t, s3test.Start(t), "again", "")
	defer s.Close()
	first := put(t, s, filestore.Raw, "a.csv", "text", nil)
	result := put(t, s, filestore.Processed, "a_aggregated_sales.csv", "sum", &first)
	if again := put(t, s, filestore.Raw, "a.csv", "text", nil); !result.MadeFrom(again) {
		t.Errorf("%+v was not made from %+v", result, again)
	}
	if other := put(t, s, filestore.Raw, "a.csv", "texx", nil); result.MadeFrom(other) {
		t.Errorf("%+v was made from %+v", result, other)
	}
}

// TestPrefixesKeepApart: several pipelines share a bucket.
func TestPrefixesKeepApart(t *testing.T) {
	everywhere(t, func(t *testing.T, server server) {
		u := server.Bucket(t, "shared", "sales")
		sales, err := Open(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		defer sales.Close()
		var others []*Store
		for _, path := range []string{"", "/hours", "/sales/north", "/sale"} {
			other := *u
			other.Path = path
			s, err := Open(t.Context(), &other)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			others = append(others, s)
		}
		put(t, sales, filestore.Raw, "a.csv", "text", nil)
		for _, s := range others {
			for i, err := range s.List(t.Context(), filestore.Raw) {
				t.Errorf("%s shows %+v, %v", s.place, i, err)
			}
			if _, ok := s.RawName("shared", "sales/raw/a.csv"); ok {
				t.Errorf("%s takes it for a file of its own", s.place)
			}
		}
	})
}

// TestIndexMayBeWrongOrGone: the index is a cache of the Sources of results.
func TestIndexMayBeWrongOrGone(t *testing.T) {
	c := newCounted(t, s3test.Start(t))
	const n = worthSaving + 1
	c.fill(t, n)
	first := c.list(t, nil)
	c.list(t, first) // writes the index
	const index = "prefix/.csv-pipeline/sources.gz"
	if there, err := c.bucket.Exists(t.Context(), index); !there || err != nil {
		t.Fatalf("there is no %s: %v", index, err)
	}
	for _, spoil := range []func() error{
		func() error { return c.bucket.WriteAll(t.Context(), index, []byte("nonsense"), nil) },
		func() error { return c.bucket.Delete(t.Context(), index) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		c.again(t)
		later := c.list(t, nil)
		if len(later) != n {
			t.Errorf("%d results, want %d", len(later), n)
		}
		for name, i := range first {
			if later[name].Source != i.Source {
				t.Fatalf("%+v was %+v", later[name], i)
			}
		}
	}
}
