// Package storeurl opens the file store that a URL names.
package storeurl

import (
	"context"
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
)

// RegisterFlag defines --store-url.
func RegisterFlag(fs *pflag.FlagSet, target *string, standard string) {
	fs.StringVar(target, "store-url", standard,
		"`URL` of the place that holds raw/ and processed/: a folder or a bucket, such as file:///data, s3://bucket/prefix?region=eu-central-1, "+
			"gs://bucket/prefix or azblob://container/prefix; &endpoint=http://minio:9000 is for S3 of other makers")
}

// Open opens the store: file:///folder, or a path, is a folder; s3://, gs:// and
// azblob:// are buckets, which must be there.
func Open(ctx context.Context, raw string) (filestore.Store, error) {
	const expected = "--store-url (STORE_URL) %q: %s; expected a folder, such as file:///data, or a bucket, such as s3://bucket/prefix?region=eu-central-1"
	if !strings.Contains(raw, "://") {
		if raw == "" {
			return nil, cli.Usagef(expected, raw, "it is empty")
		}
		return dirstore.Open(raw)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, cli.Usagef(expected, raw, "not a URL")
	case u.Scheme == "s3", u.Scheme == "gs", u.Scheme == "azblob", u.Scheme == "mem":
		return openBucket(ctx, u)
	case u.Scheme != "file":
		return nil, cli.Usagef(expected, raw, "nothing is known of "+u.Scheme+"://")
	case u.Host != "" && u.Host != "." && u.Host != "localhost":
		return nil, cli.Usagef(expected, raw, "a folder has three slashes before it")
	case u.Path == "":
		return nil, cli.Usagef(expected, raw, "it names no folder")
	case u.Host == ".":
		return dirstore.Open("." + u.Path)
	}
	return dirstore.Open(u.Path)
}
