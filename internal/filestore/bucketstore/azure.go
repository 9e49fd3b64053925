package bucketstore

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azblobblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"

	"csv-pipeline/internal/cli"
)

// openAzure opens azblob://container/prefix of the account AZURE_STORAGE_ACCOUNT,
// with what the environment has of a key, a connection string or an identity.
func openAzure(ctx context.Context, u *url.URL, q *query) (*blob.Bucket, cloud, error) {
	// Not by the URL openers of blob: they would link all that Google's speaks.
	options := azureblob.NewDefaultServiceURLOptions()
	options.AccountName = cmp.Or(q.text("storage_account"), options.AccountName)
	options.StorageDomain = cmp.Or(q.text("domain"), options.StorageDomain)
	options.Protocol = cmp.Or(q.text("protocol"), options.Protocol)
	options.IsLocalEmulator = q.boolean("localemu", options.IsLocalEmulator)
	if err := q.end(); err != nil {
		return nil, cloud{}, err
	}
	if options.AccountName == "" {
		return nil, cloud{}, q.refuse("it names no storage account: add ?storage_account=… or set AZURE_STORAGE_ACCOUNT")
	}
	service, err := azureblob.NewServiceURL(options)
	if err != nil {
		return nil, cloud{}, q.refuse("%v", err)
	}
	client, err := azureblob.NewDefaultClient(service, azureblob.ContainerName(u.Host))
	if err != nil {
		return nil, cloud{}, cli.Usagef("there are no credentials for %s: set AZURE_STORAGE_KEY, or run with a managed identity (%s)", place(u), reason(err))
	}
	bucket, err := azureblob.OpenBucket(ctx, client, nil)
	if err != nil {
		return nil, cloud{}, q.refuse("%v", err)
	}
	return bucket, azureCloud, nil
}

var azureCloud = cloud{
	opened: func(r *blob.Reader) (version, source string) {
		var out azblobblob.DownloadStreamResponse
		if !r.As(&out) || out.ETag == nil {
			return "", ""
		}
		return bare(string(*out.ETag)), azureSource(out.Metadata)
	},
	pin: func(version string) func(as func(any) bool) error {
		return func(as func(any) bool) error {
			var o *azblobblob.DownloadStreamOptions
			if as(&o) {
				match := azcore.ETag(`"` + version + `"`)
				o.AccessConditions = &azblobblob.AccessConditions{ModifiedAccessConditions: &azblobblob.ModifiedAccessConditions{IfMatch: &match}}
			}
			return nil
		}
	},
	stat: func(a *blob.Attributes) string { return bare(a.ETag) },
	listed: func(o *blob.ListObject) (key, version string, source *string, ok bool) {
		var item container.BlobItem
		if !o.As(&item) || item.Name == nil || item.Properties == nil || item.Properties.ETag == nil {
			return "", "", nil, false
		}
		from := azureSource(item.Metadata)
		return *item.Name, bare(string(*item.Properties.ETag)), &from, true
	},
	list: func(as func(any) bool) error {
		var o *container.ListBlobsHierarchyOptions
		if as(&o) {
			o.Include.Metadata = true
		}
		return nil
	},
	publish: func(ctx context.Context, _ *blob.WriterOptions) (context.Context, func() (string, time.Time, bool)) {
		return ctx, func() (string, time.Time, bool) { return "", time.Time{}, false }
	},
	diagnose: func(_ *blob.Bucket, err error) problem {
		var answer *azcore.ResponseError
		if !errors.As(err, &answer) {
			return unavailable
		}
		switch {
		case answer.ErrorCode == string(bloberror.ContainerNotFound):
			return noBucket
		case answer.ErrorCode == string(bloberror.BlobNotFound):
			return missing
		}
		switch answer.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			return forbidden
		case http.StatusNotFound:
			return missing
		case http.StatusPreconditionFailed:
			return replaced
		case http.StatusRequestedRangeNotSatisfiable:
			return empty
		}
		return unavailable
	},
}

// azureSource finds the source whose key came as a header, in letters of any case.
func azureSource(metadata map[string]*string) string {
	for key, value := range metadata {
		if strings.EqualFold(key, sourceKey) && value != nil {
			return unescaped(*value)
		}
	}
	return ""
}
