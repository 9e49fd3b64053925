package bucketstore

import (
	"context"
	"errors"
	"net"
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
func openS3(ctx context.Context, u *url.URL, q *query) (*blob.Bucket, cloud, error) {
	region, endpoint := q.text("region"), q.text("endpoint")
	pathStyle := q.boolean("use_path_style", endpoint != "")
	anonymous := q.boolean("anonymous", false)
	options := s3blob.Options{EncryptionType: types.ServerSideEncryption(q.text("ssetype")), KMSEncryptionID: q.text("kmskeyid")}
	if err := q.end(); err != nil {
		return nil, cloud{}, err
	}
	if e, err := url.Parse(endpoint); endpoint != "" && (err != nil || e.Host == "" || e.Scheme != "http" && e.Scheme != "https") {
		return nil, cloud{}, q.refuse("endpoint=%s is no URL such as http://minio:9000", endpoint)
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
		// What newer checksums do, other makers' servers need not know.
		load = append(load, config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
			config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, cloud{}, q.refuse("the settings of the environment for AWS cannot be used: %v", err)
	}
	if cfg.Region == "" && (endpoint != "" || cfg.BaseEndpoint != nil) {
		cfg.Region = "us-east-1" // what servers without regions are said to be in
	}
	if cfg.Region == "" {
		return nil, cloud{}, q.refuse("it is not known where the bucket is: add ?region=eu-central-1 or set AWS_REGION")
	}
	if !anonymous {
		looking, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if _, err := cfg.Credentials.Retrieve(looking); err != nil {
			return nil, cloud{}, cli.Usagef("there are no credentials for %s: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role (%v)", place(u), last(err))
		}
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = pathStyle
		o.DisableLogOutputChecksumValidationSkipped = true
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return s.Initialize.Add(middleware.InitializeMiddlewareFunc("keepVersion", keepVersion), middleware.After)
		})
	})
	options.RequestChecksumCalculation = cfg.RequestChecksumCalculation
	bucket, err := s3blob.OpenBucket(ctx, client, u.Host, &options)
	if err != nil {
		return nil, cloud{}, q.refuse("%v", err)
	}
	return bucket, s3Cloud(client), nil
}

// A request that the store does not serve is made so often, with pauses between.
const mostAttempts = 6

var longestPause = 5 * time.Second

func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = mostAttempts, longestPause
		o.RateLimiter = ratelimit.None
	})
}

// patience is the longest that a server may take to read or to answer, or to go on
// with what it does.
var patience = time.Minute

// httpClient keeps connections, and does not wait for ever.
func httpClient() *awshttp.BuildableClient {
	patience := patience
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		dial := t.DialContext
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			return patientConn{c, patience}, err
		}
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 64
		t.ResponseHeaderTimeout = patience
		t.WriteBufferSize, t.ReadBufferSize = 64<<10, 64<<10
	})
}

// patientConn is a connection to a server that must go on reading and answering.
type patientConn struct {
	net.Conn
	patience time.Duration
}

// Write gives time for the answer as well: somebody has been waiting for that since
// the answer before it.
func (c patientConn) Write(b []byte) (int, error) {
	_ = c.SetDeadline(time.Now().Add(c.patience))
	return c.Conn.Write(b)
}

func (c patientConn) Read(b []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now().Add(c.patience))
	return c.Conn.Read(b)
}

func s3Cloud(client *s3.Client) cloud {
	return cloud{
		opened: func(r *blob.Reader) (version, source string) {
			var out s3.GetObjectOutput
			r.As(&out)
			return bare(aws.ToString(out.ETag)), unescaped(out.Metadata[sourceKey])
		},
		pin: func(version string) func(as func(any) bool) error {
			return func(as func(any) bool) error {
				var in *s3.GetObjectInput
				if as(&in) {
					in.IfMatch = aws.String(`"` + version + `"`)
				}
				return nil
			}
		},
		stat: func(a *blob.Attributes) string { return bare(a.ETag) },
		listed: func(o *blob.ListObject) (key, version string, source *string, ok bool) {
			var object types.Object
			ok = o.As(&object)
			return aws.ToString(object.Key), bare(aws.ToString(object.ETag)), nil, ok
		},
		publish: func(ctx context.Context, _ *blob.WriterOptions) (context.Context, func() (string, time.Time, bool)) {
			return withVersion(ctx)
		},
		diagnose: func(_ *blob.Bucket, err error) problem { return diagnoseS3(err) },
		pinRemoval: func(version string) func(as func(any) bool) error {
			return func(as func(any) bool) error {
				var in *s3.DeleteObjectInput
				if as(&in) {
					in.IfMatch = aws.String(`"` + version + `"`)
				}
				return nil
			}
		},
		sweep: func(ctx context.Context, s *Store, prefix string, age time.Duration) (int, error) {
			return abortUploads(ctx, s, client, prefix, age)
		},
	}
}

func unescaped(metadata string) string {
	if text, err := url.PathUnescape(metadata); err == nil {
		return text
	}
	return metadata
}

type (
	versionKey  struct{}
	versionTold struct {
		etag string
		at   time.Time
	}
)

// withVersion has a write with the context keep what the answer tells of the object.
func withVersion(ctx context.Context) (context.Context, func() (string, time.Time, bool)) {
	var v versionTold
	return context.WithValue(ctx, versionKey{}, &v), func() (string, time.Time, bool) { return v.etag, v.at, v.etag != "" }
}

// keepVersion keeps what the answer to a write tells about the object, for who
// wrote it; blob.Writer does not.
func keepVersion(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
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
	default: // a part, of which several are under way at once
		return out, metadata, err
	}
	if v.at, ok = awsmiddleware.GetServerTime(metadata); !ok {
		v.at = time.Now()
	}
	return out, metadata, err
}

func diagnoseS3(err error) problem {
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
	return unavailable // also a 404 that does not say of what: it is not the store's
}

// abortUploads removes the parts of uploads that nobody has completed.
func abortUploads(ctx context.Context, s *Store, client *s3.Client, prefix string, age time.Duration) (int, error) {
	removed := 0
	pages := s3.NewListMultipartUploadsPaginator(client, &s3.ListMultipartUploadsInput{Bucket: &s.name, Prefix: &prefix})
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
				return client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.name, Key: u.Key, UploadId: u.UploadId})
			})
			if err != nil && diagnoseS3(err) != missing {
				return removed, err
			}
			removed++
		}
	}
	return removed, nil
}
