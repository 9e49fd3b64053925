//go:build !nobuckets

package storeurl

import (
	"context"
	"net/url"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/bucketstore"
)

func openBucket(ctx context.Context, u *url.URL) (filestore.Store, error) {
	store, err := bucketstore.Open(ctx, u)
	if err != nil {
		return nil, err // not an interface that holds a nil *bucketstore.Store
	}
	return store, nil
}
