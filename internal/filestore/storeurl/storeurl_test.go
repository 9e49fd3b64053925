//go:build !nobuckets

package storeurl_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/s3test"
	"csv-pipeline/internal/filestore/storeurl"
)

func TestMistakesAreNamed(t *testing.T) {
	server := s3test.Start(t)
	there := server.Bucket(t, "there", "").String()
	at := "?endpoint=http://" + server.Address
	t.Setenv("AWS_REGION", "")
	for _, c := range []struct{ url, want string }{
		{"", "it is empty"},
		{"ftp://x", "there is no store ftp://"},
		{"ftp:x", "there is no store ftp://"},
		{"s3:/b", "s3://bucket/prefix"},
		{"s3:b", "s3://bucket/prefix"},
		{"S3:/b", "s3://bucket/prefix"},
		{"gs:b/prefix", "gs://bucket/prefix"},
		{"azblob:/b", "azblob://bucket/prefix"},
		{"s3://key:se%ret@there", "it is not a URL"},
		{"file://data", "three slashes come before a folder"},
		{"file:data", "three slashes come before a folder"},
		{"file:/data", "three slashes come before a folder"},
		{"file://", "it names no folder"},
		{"file:///data?region=x", "a folder has no parameters"},
		{"file:///data#1", "a folder has no parameters"},
		{"file:///nonexistent/data", "its parent folder does not exist"},
		{"/nonexistent/data", "its parent folder does not exist"},
		{"storeurl_test.go", "it is a file"},
		{"storeurl_test.go/data", "it is a file"},
		{"s3://?region=x", "names no bucket"},
		{"s3://key:secret@there" + at, "names no bucket"},
		{"s3://there", "AWS_REGION"},
		{"s3://there?region=x&colour=red", "colour"},
		{"s3://there?region=x&use_path_style=maybe", "use_path_style=maybe"},
		{"s3://there?endpoint=minio:9000", "not a URL such as http://minio:9000"},
		{"s3://not-there" + at, "there is no such bucket"},
		{"azblob://there", "AZURE_STORAGE_ACCOUNT"},
	} {
		store, err := storeurl.Open(t.Context(), c.url)
		var usage *cli.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "se%ret") || store != nil {
			t.Errorf("%s: %v, want a UsageError that says %q", c.url, err, c.want)
		}
		if _, err := os.Stat(c.url); err == nil && c.url != "storeurl_test.go" {
			t.Errorf("%s: it made a folder of that name", c.url)
		}
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	if _, err := storeurl.Open(t.Context(), there); err == nil || !strings.Contains(err.Error(), "refuses the credentials") || strings.Contains(err.Error(), "operation error") {
		t.Errorf("with a wrong secret: %v", err)
	}
}

func TestPlaces(t *testing.T) {
	server := s3test.Start(t)
	dir := t.TempDir()
	t.Chdir(dir)
	for _, url := range []string{"data", "./data", "./a:b", "file://./data", "FILE://localhost" + dir + "/data", "file://" + dir + "/data", server.Bucket(t, "there", "a/b/").String()} {
		store, err := storeurl.Open(t.Context(), url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		w, err := store.Create(t.Context(), filestore.Raw, "x.csv", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		if err := store.Close(); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := os.Stat(dir + "/data/raw/x.csv"); err != nil {
		t.Error(err)
	}
}
