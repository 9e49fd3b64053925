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
	client, err := azureClient(options, u.Host)
	if err != nil {
		return nil, cloud{}, cli.Usagef("there are no credentials for %s: set AZURE_STORAGE_KEY, or run with a managed identity (%s)", place(u), reason(err))
	}
	bucket, err := azureblob.OpenBucket(ctx, client, nil)
	if err != nil {
		return nil, cloud{}, q.refuse("%v", err)
	}
	return bucket, azureCloud, nil
}

// azureClient is azureblob.NewDefaultClient with a say in the requests.
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

// escapedByBlob is how azureblob writes ", #, % and ?, which Azure takes in names as
// they are: a file that others put there would not be found.
var escapedByBlob = regexp.MustCompile("__0x(22|23|25|3f)__")

func plainKey(r *policy.Request) (*http.Response, error) {
	if u := r.Raw().URL; escapedByBlob.MatchString(u.Path) {
		u.RawPath = escapedByBlob.ReplaceAllString(u.EscapedPath(), "%$1")
		u.Path, _ = url.PathUnescape(u.RawPath)
	}
	return r.Next()
}

// keepAzureVersion does for Azure what keepVersion does for S3.
func keepAzureVersion(r *policy.Request) (*http.Response, error) {
	answer, err := r.Next()
	v, ok := r.Raw().Context().Value(versionKey{}).(*versionTold)
	// Blocks are under way several at once, and have no version.
	if ok && err == nil && answer.StatusCode == http.StatusCreated && r.Raw().URL.Query().Get("comp") != "block" {
		v.etag = bare(answer.Header.Get("ETag"))
		v.at, _ = http.ParseTime(answer.Header.Get("Last-Modified"))
	}
	return answer, err
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
				o.AccessConditions = ifMatch(version)
			}
			return nil
		}
	},
	pinRemoval: func(version string) func(as func(any) bool) error {
		return func(as func(any) bool) error {
			var o *azblobblob.DeleteOptions
			if as(&o) {
				o.AccessConditions = ifMatch(version)
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
		return withVersion(ctx)
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
		case answer.ErrorCode == string(bloberror.BlobAlreadyExists):
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
	},
}

func ifMatch(version string) *azblobblob.AccessConditions {
	match := azcore.ETag(`"` + version + `"`)
	return &azblobblob.AccessConditions{ModifiedAccessConditions: &azblobblob.ModifiedAccessConditions{IfMatch: &match}}
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
