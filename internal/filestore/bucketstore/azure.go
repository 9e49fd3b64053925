package bucketstore

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	azblobblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"

	"csv-pipeline/internal/cli"
)

// openAzure opens azblob://container/prefix of the account AZURE_STORAGE_ACCOUNT. The
// credentials are a key, a signature, a connection string or an identity, whichever the
// environment has.
func openAzure(ctx context.Context, u *url.URL, q *query) (*blob.Bucket, backend, error) {
	// The URL openers of blob are not used: they would link gRPC for Google's client.
	options := azureblob.NewDefaultServiceURLOptions()
	options.AccountName = cmp.Or(q.text("storage_account"), options.AccountName)
	options.StorageDomain = cmp.Or(q.text("domain"), options.StorageDomain)
	options.Protocol = cmp.Or(q.text("protocol"), options.Protocol)
	options.IsLocalEmulator = q.boolean("localemu", options.IsLocalEmulator)
	if err := q.end(); err != nil {
		return nil, nil, err
	}
	if options.AccountName == "" {
		return nil, nil, q.refuse("it names no storage account: add ?storage_account=… or set AZURE_STORAGE_ACCOUNT")
	}
	client, err := azureClient(options, u.Host)
	if err != nil {
		return nil, nil, cli.Usagef("there are no credentials for %s: set AZURE_STORAGE_KEY, or run with a managed identity (%s)", place(u), reason(err))
	}
	bucket, err := azureblob.OpenBucket(ctx, client, nil)
	if err != nil {
		return nil, nil, q.refuse("%v", err)
	}
	return bucket, azureBackend{}, nil
}

// azureClient is azureblob.NewDefaultClient with a transport, retries and policies of
// our own.
func azureClient(options *azureblob.ServiceURLOptions, name string) (*container.Client, error) {
	service, err := azureblob.NewServiceURL(options)
	if err != nil {
		return nil, err
	}
	u, err := url.JoinPath(string(service), name)
	if err != nil {
		return nil, err
	}
	var o container.ClientOptions
	o.Transport = httpClient()
	o.Retry.MaxRetries, o.Retry.MaxRetryDelay = mostAttempts-1, longestPause
	o.PerCallPolicies = []policy.Policy{azurePolicy(plainKey), azurePolicy(keepAzureVersion)}
	connection := cmp.Or(os.Getenv("AZURE_STORAGE_CONNECTION_STRING"), os.Getenv("AZURE_STORAGEBLOB_CONNECTIONSTRING"))
	key := os.Getenv("AZURE_STORAGE_KEY")
	switch {
	case key != "":
		credential, err := container.NewSharedKeyCredential(options.AccountName, key)
		if err != nil {
			return nil, err
		}
		return container.NewClientWithSharedKeyCredential(u, credential, &o)
	case options.SASToken != "":
		return container.NewClientWithNoCredential(u, &o)
	case connection != "":
		return container.NewClientFromConnectionString(connection, name, &o)
	}
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, err
	}
	return container.NewClient(u, credential, &o)
}

type azurePolicy func(*policy.Request) (*http.Response, error)

func (p azurePolicy) Do(r *policy.Request) (*http.Response, error) { return p(r) }

// escapedByBlob is how azureblob writes ", #, % and ? in keys. Azure takes these
// characters as they are, so a file that another program put there would not be found.
var escapedByBlob = regexp.MustCompile("__0x(22|23|25|3f)__")

func plainKey(r *policy.Request) (*http.Response, error) {
	if u := r.Raw().URL; escapedByBlob.MatchString(u.Path) {
		u.RawPath = escapedByBlob.ReplaceAllString(u.EscapedPath(), "%$1")
		u.Path, _ = url.PathUnescape(u.RawPath)
	}
	return r.Next()
}

// keepAzureVersion does for Azure what keepS3Version does for S3.
func keepAzureVersion(r *policy.Request) (*http.Response, error) {
	answer, err := r.Next()
	v, ok := r.Raw().Context().Value(versionKey{}).(*versionTold)
	// Several blocks are sent at once, and a block has no version.
	if ok && err == nil && answer.StatusCode == http.StatusCreated && r.Raw().URL.Query().Get("comp") != "block" {
		v.etag = bare(answer.Header.Get("ETag"))
		v.at, _ = http.ParseTime(answer.Header.Get("Last-Modified"))
	}
	return answer, err
}

// azureBackend is Azure Blob Storage.
type azureBackend struct{}

func (azureBackend) opened(r *blob.Reader) (version string, from origin) {
	var out azblobblob.DownloadStreamResponse
	if !r.As(&out) || out.ETag == nil {
		return "", origin{}
	}
	return bare(string(*out.ETag)), azureOrigin(out.Metadata)
}

func (azureBackend) stat(a *blob.Attributes) string { return bare(a.ETag) }

func (azureBackend) listed(o *blob.ListObject) (key, version string, _ *origin, ok bool) {
	var item container.BlobItem
	if !o.As(&item) || item.Name == nil || item.Properties == nil || item.Properties.ETag == nil {
		return "", "", nil, false
	}
	from := azureOrigin(item.Metadata)
	return *item.Name, bare(string(*item.Properties.ETag)), &from, true
}

func (azureBackend) askForSources() hook {
	return func(as func(any) bool) error {
		var o *container.ListBlobsHierarchyOptions
		if as(&o) {
			o.Include.Metadata = true
		}
		return nil
	}
}

func (azureBackend) pin(version string) hook {
	return func(as func(any) bool) error {
		match := azcore.ETag(`"` + version + `"`)
		conditions := &azblobblob.AccessConditions{ModifiedAccessConditions: &azblobblob.ModifiedAccessConditions{IfMatch: &match}}
		var read *azblobblob.DownloadStreamOptions
		var removal *azblobblob.DeleteOptions
		switch {
		case as(&read):
			read.AccessConditions = conditions
		case as(&removal):
			removal.AccessConditions = conditions
		}
		return nil
	}
}

func (azureBackend) publish(ctx context.Context, _ *blob.WriterOptions) (context.Context, func() (string, time.Time, bool)) {
	return withVersion(ctx)
}

func (azureBackend) diagnose(err error) problem {
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) {
		return unavailable
	}
	switch answer.ErrorCode {
	case string(bloberror.ContainerNotFound):
		return noBucket
	case string(bloberror.BlobNotFound):
		return missing
	case string(bloberror.BlobAlreadyExists):
		return replaced
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
}

// Azure removes blocks that were never committed after a week by itself.
func (azureBackend) removeStale(context.Context, *Store, string, time.Duration) (int, error) {
	return 0, nil
}

// azureOrigin reads metadata that came as headers, whose keys may be in upper or lower case.
func azureOrigin(metadata map[string]*string) origin {
	return originOf(func(wanted string) string {
		for key, value := range metadata {
			if strings.EqualFold(key, wanted) && value != nil {
				return unescaped(*value)
			}
		}
		return ""
	})
}
