package bucketstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/s3test"
	"csv-pipeline/internal/groupby"
)

// BenchmarkLargeObject reads one object of 1 GB from a server on this machine: by
// one plain request of the SDK, by five at a time for 8 MiB each and in no order, by
// the store in order, and with the aggregation.
func BenchmarkLargeObject(b *testing.B) {
	b.Run("versitygw", func(b *testing.B) { largeObject(b, s3test.Start(b)) })
	b.Run("minio", func(b *testing.B) { largeObject(b, s3test.StartMinIO(b)) })
}

func largeObject(b *testing.B, server *s3test.Server) {
	store, err := Open(b.Context(), server.Bucket(b, "bench", ""))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	w, err := store.Create(b.Context(), filestore.Raw, "large.csv", nil)
	if err != nil {
		b.Fatal(err)
	}
	var rows bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&rows, "2022-01-01T%02d:%02d:%02dZ,%d,%d\n", i/3600%24, i/60%60, i%60, i%1000, i%97)
	}
	size := int64(0)
	write := func(text []byte) {
		if _, err := w.Write(text); err != nil {
			b.Fatal(err)
		}
		size += int64(len(text))
	}
	for write([]byte("timestamp,item_id,quantity\n")); size < 1<<30; {
		write(rows.Bytes())
	}
	if _, err := w.Commit(); err != nil {
		b.Fatal(err)
	}

	b.Run("plain", func(b *testing.B) {
		client := server.Client()
		b.SetBytes(size)
		for b.Loop() {
			out, err := client.GetObject(b.Context(), &s3.GetObjectInput{Bucket: aws.String("bench"), Key: aws.String("raw/large.csv")})
			if err != nil {
				b.Fatal(err)
			}
			if n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, out.Body, make([]byte, 256<<10)); n != size || err != nil {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("ranges", func(b *testing.B) {
		client := server.Client()
		const piece = 8 << 20
		b.SetBytes(size)
		for b.Loop() {
			var next atomic.Int64
			var group sync.WaitGroup
			for range mostAhead {
				group.Go(func() {
					buffer := make([]byte, piece)
					for {
						at := (next.Add(1) - 1) * piece
						if at >= size {
							return
						}
						out, err := client.GetObject(b.Context(), &s3.GetObjectInput{Bucket: aws.String("bench"), Key: aws.String("raw/large.csv"),
							Range: aws.String(fmt.Sprintf("bytes=%d-%d", at, at+piece-1))})
						if err != nil {
							b.Error(err)
							return
						}
						if n, err := io.ReadFull(out.Body, buffer[:min(piece, size-at)]); err != nil {
							b.Error(n, err)
						}
						_ = out.Body.Close()
					}
				})
			}
			group.Wait()
		}
	})
	open := func(b *testing.B) filestore.File {
		f, err := store.Open(context.Background(), filestore.Raw, "large.csv")
		if err != nil {
			b.Fatal(err)
		}
		return f
	}
	b.Run("store", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			f := open(b)
			if n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 256<<10)); n != size || err != nil {
				b.Fatal(n, err)
			}
			_ = f.Close()
		}
	})
	keys, err := groupby.Compile(groupby.Spec{GroupBy: []string{"item_id"}, Aggregates: []string{"sum(quantity) as total_quantity"}})
	if err != nil {
		b.Fatal(err)
	}
	for workers := range 3 {
		b.Run(fmt.Sprintf("aggregate/workers=%d", workers+1), func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				f := open(b)
				in := groupby.Input{Name: "large.csv", ReaderAt: f, Size: size}
				if _, err := keys.Run(b.Context(), in, io.Discard, groupby.Options{Workers: workers + 1}); err != nil {
					b.Fatal(err)
				}
				_ = f.Close()
			}
		})
	}
}
