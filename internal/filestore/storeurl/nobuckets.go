//go:build nobuckets

package storeurl

import (
	"context"
	"net/url"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
)

// openBucket returns an error: without the SDKs of the clouds an image is half as large.
func openBucket(_ context.Context, u *url.URL) (filestore.Store, error) {
	return nil, cli.Usagef("--store-url (STORE_URL) %q: this program was built without buckets; take the image whose tag ends in -buckets, or build it with BUCKETS=true", u.Redacted())
}
