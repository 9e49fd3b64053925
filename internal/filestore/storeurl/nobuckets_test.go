//go:build nobuckets

package storeurl_test

import (
	"errors"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore/storeurl"
)

func TestWithoutBuckets(t *testing.T) {
	for _, url := range []string{"s3://key:secret@there?region=x", "gs://there", "azblob://there"} {
		store, err := storeurl.Open(t.Context(), url)
		var usage *cli.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), "-buckets") || strings.Contains(err.Error(), "secret") || store != nil {
			t.Errorf("%s: %v, want a UsageError that names the images with buckets", url, err)
		}
	}
	store, err := storeurl.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
