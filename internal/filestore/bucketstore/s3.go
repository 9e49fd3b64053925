package bucketstore

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"csv-pipeline/internal/cli"
)

// openS3 opens s3://bucket/prefix with the parameters of its URL.
func openS3(ctx context.Context, u *url.URL, q *query) (*blob.Bucket, backend, error) {
	region, endpoint := q.text("region"), q.text("endpoint")
	pathStyle := q.boolean("use_path_style", endpoint != "")
	anonymous := q.boolean("anonymous", false)
	options := s3blob.Options{EncryptionType: types.ServerSideEncryption(q.text("ssetype")), KMSEncryptionID: q.text("kmskeyid")}
	if err := q.end(); err != nil {
		return nil, nil, err
	}
	if e, err := url.Parse(endpoint); endpoint != "" && (err != nil || e.Host == "" || e.Scheme != "http" && e.Scheme != "https") {
		return nil, nil, q.refuse("endpoint=%s is not a URL such as http://minio:9000", endpoint)
	}
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(httpClient()), config.WithLogger(logging.Nop{}), config.WithRetryer(retryer),
	}
	if region != "" {
		load = append(load, config.WithRegion(region))
	}
	if anonymous {
		load = append(load, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	if endpoint != "" {
		// Other S3-compatible stores may not know the newer checksums.
		load = append(load, config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
			config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, nil, q.refuse("the AWS settings of the environment are not valid: %v", err)
	}
	if cfg.Region == "" && (endpoint != "" || cfg.BaseEndpoint != nil) {
		cfg.Region = "us-east-1" // a server without regions ignores it
	}
	if cfg.Region == "" {
		return nil, nil, q.refuse("the region of the bucket is not known: add ?region=eu-central-1 or set AWS_REGION")
	}
	if !anonymous {
		looking, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if _, err := cfg.Credentials.Retrieve(looking); err != nil {
			return nil, nil, cli.Usagef("there are no credentials for %s: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role (%v)", place(u), last(err))
		}
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = pathStyle
		o.DisableLogOutputChecksumValidationSkipped = true
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return s.Initialize.Add(middleware.InitializeMiddlewareFunc("keepS3Version", keepS3Version), middleware.After)
		})
	})
	options.RequestChecksumCalculation = cfg.RequestChecksumCalculation
	bucket, err := s3blob.OpenBucket(ctx, client, u.Host, &options)
	if err != nil {
		return nil, nil, q.refuse("%v", err)
	}
	return bucket, s3Backend{client}, nil
}

func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = mostAttempts, longestPause
		o.RateLimiter = ratelimit.None
	})
}

// s3Backend is S3 and compatible stores.
type s3Backend struct{ client *s3.Client }

func (s3Backend) opened(r *blob.Reader) (version string, from origin) {
	var out s3.GetObjectOutput
	r.As(&out)
	return bare(aws.ToString(out.ETag)), originOf(func(key string) string { return unescaped(out.Metadata[key]) })
}

func (s3Backend) stat(a *blob.Attributes) string { return bare(a.ETag) }

func (s3Backend) listed(o *blob.ListObject) (key, version string, from *origin, ok bool) {
	var object types.Object
	ok = o.As(&object)
	return aws.ToString(object.Key), bare(aws.ToString(object.ETag)), nil, ok
}

// A listing of S3 has no metadata.
func (s3Backend) askForSources() hook { return nil }

func (s3Backend) pin(version string) hook {
	return func(as func(any) bool) error {
		match := aws.String(`"` + version + `"`)
		var read *s3.GetObjectInput
		var removal *s3.DeleteObjectInput
		switch {
		case as(&read):
			read.IfMatch = match
		case as(&removal):
			removal.IfMatch = match
		}
		return nil
	}
}

func (s3Backend) publish(ctx context.Context, _ *blob.WriterOptions) (context.Context, func() (string, time.Time, bool)) {
	return withVersion(ctx)
}

func (s3Backend) diagnose(err error) problem {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchBucket":
			return noBucket
		case "NoSuchKey", "NotFound", "NoSuchUpload":
			return missing
		case "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull":
			return full
		case "RequestTimeTooSkewed", "SlowDown", "RequestTimeout":
			return unavailable
		}
	}
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) {
		return unavailable
	}
	switch answer.HTTPStatusCode() {
	case http.StatusUnauthorized, http.StatusForbidden:
		return forbidden
	case http.StatusPreconditionFailed:
		return replaced
	case http.StatusRequestedRangeNotSatisfiable:
		return empty
	case http.StatusInsufficientStorage:
		return full
	}
	return unavailable // also a 404 without a code, which does not come from the store
}

// removeStale aborts uploads in parts that were begun longer ago than the age.
func (b s3Backend) removeStale(ctx context.Context, s *Store, prefix string, age time.Duration) (int, error) {
	removed := 0
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &s.name, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := limited(ctx, s, func(ctx context.Context) (*s3.ListMultipartUploadsOutput, error) { return pages.NextPage(ctx) })
		if err != nil {
			return removed, err
		}
		for _, u := range page.Uploads {
			if time.Since(aws.ToTime(u.Initiated)) < age {
				continue
			}
			_, err := limited(ctx, s, func(ctx context.Context) (*s3.AbortMultipartUploadOutput, error) {
				return b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.name, Key: u.Key, UploadId: u.UploadId})
			})
			if err != nil && b.diagnose(err) != missing {
				return removed, err
			}
			removed++
		}
	}
	return removed, nil
}

// keepS3Version notes the version of an object that the answer to a write returns; see
// withVersion.
func keepS3Version(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleInitialize(ctx, in)
	v, ok := ctx.Value(versionKey{}).(*versionTold)
	if !ok || err != nil {
		return out, metadata, err
	}
	switch result := out.Result.(type) {
	case *s3.PutObjectOutput:
		v.etag = bare(aws.ToString(result.ETag))
	case *s3.CompleteMultipartUploadOutput:
		v.etag = bare(aws.ToString(result.ETag))
	default: // the answer to a part of an upload, which has no version
		return out, metadata, err
	}
	if v.at, ok = awsmiddleware.GetServerTime(metadata); !ok {
		v.at = time.Now()
	}
	return out, metadata, err
}
