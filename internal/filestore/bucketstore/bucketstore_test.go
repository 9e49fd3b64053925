package bucketstore

import (
	"fmt"
	"net/url"
	"testing"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/cloudtest"
	"csv-pipeline/internal/filestore/s3test"
	"csv-pipeline/internal/filestore/storetest"
)

func TestContractInMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) filestore.Store { return openMemory() })
}

func TestContractOnS3(t *testing.T) { contract(t, s3test.Start(t)) }

func TestContractOnMinIO(t *testing.T) { contract(t, s3test.StartMinIO(t)) }

func TestContractOnGoogle(t *testing.T) { contract(t, cloudtest.StartGoogle(t)) }

func TestContractOnAzure(t *testing.T) { contract(t, cloudtest.StartAzure(t)) }

// server is a server of an object store.
type server interface {
	// Bucket makes a bucket and returns the URL of a store in it.
	Bucket(t testing.TB, name, prefix string) *url.URL
	Kill()
	Pause() error
	Resume() error
}

// contract runs the suite with a bucket for each test.
func contract(t *testing.T, server server) {
	n := 0
	storetest.Run(t, func(t *testing.T) filestore.Store {
		n++
		return open(t, server, fmt.Sprintf("bucket-%d", n), "some/prefix")
	})
}

// everywhere runs a test with a server of each kind.
func everywhere(t *testing.T, test func(t *testing.T, server server)) {
	t.Run("S3", func(t *testing.T) { test(t, s3test.Start(t)) })
	t.Run("Google", func(t *testing.T) { test(t, cloudtest.StartGoogle(t)) })
	t.Run("Azure", func(t *testing.T) { test(t, cloudtest.StartAzure(t)) })
}

// With little memory a large object has many parts.
func TestContractWithSmallParts(t *testing.T) {
	everywhere(t, func(t *testing.T, server server) {
		n := 0
		storetest.Run(t, func(t *testing.T) filestore.Store {
			n++
			s := open(t, server, fmt.Sprintf("bucket-%d", n), "")
			s.buffers = &buffers{size: 300_000, most: window}
			return s
		})
	})
}

func open(t testing.TB, server server, bucket, prefix string) *Store {
	t.Helper()
	s, err := Open(t.Context(), server.Bucket(t, bucket, prefix))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
