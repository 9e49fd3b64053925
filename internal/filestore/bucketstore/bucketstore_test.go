package bucketstore

import (
	"fmt"
	"testing"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/s3test"
	"csv-pipeline/internal/filestore/storetest"
)

func TestContractInMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) filestore.Store { return openMemory() })
}

func TestContractOnS3(t *testing.T) { contract(t, s3test.Start(t)) }

func TestContractOnMinIO(t *testing.T) { contract(t, s3test.StartMinIO(t)) }

// contract runs the suite with a bucket for each test.
func contract(t *testing.T, server *s3test.Server) {
	n := 0
	storetest.Run(t, func(t *testing.T) filestore.Store {
		n++
		return open(t, server, fmt.Sprintf("bucket-%d", n), "some/prefix")
	})
}

// With little memory a large object has many parts.
func TestContractWithSmallParts(t *testing.T) {
	server := s3test.Start(t)
	n := 0
	storetest.Run(t, func(t *testing.T) filestore.Store {
		n++
		s := open(t, server, fmt.Sprintf("bucket-%d", n), "")
		s.buffers = &buffers{size: 300_000, most: window}
		return s
	})
}

func open(t testing.TB, server *s3test.Server, bucket, prefix string) *Store {
	t.Helper()
	s, err := Open(t.Context(), server.Bucket(t, bucket, prefix))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
