package notification

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"go.uber.org/zap/zaptest"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/bucketstore"
	"csv-pipeline/internal/filestore/s3test"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

func TestParse(t *testing.T) {
	umlaut := []object{{Bucket: "b", Key: "raw/Umsätze 1+1.csv"}}
	for name, c := range map[string]struct {
		text string
		want []object
		fail bool
	}{
		"S3":          {text: `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"raw/Ums%C3%A4tze+1%2B1.csv","size":3}}}]}`, want: umlaut},
		"MinIO":       {text: `[{"Event":[{"eventName":"s3:ObjectCreated:CompleteMultipartUpload","s3":{"bucket":{"name":"b"},"object":{"key":"raw%2FUms%C3%A4tze+1%2B1.csv"}}}],"EventTime":"2026-01-01T00:00:00Z"}]`, want: umlaut},
		"SNS":         {text: `{"Type":"Notification","Message":"{\"Records\":[{\"eventName\":\"ObjectCreated:Copy\",\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"raw/Ums%C3%A4tze+1%2B1.csv\"}}}]}"}`, want: umlaut},
		"EventBridge": {text: `{"detail-type":"Object Created","detail":{"bucket":{"name":"b"},"object":{"key":"raw/Umsätze 1+1.csv"}}}`, want: umlaut},
		"removal":     {text: `{"Records":[{"eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"raw/x.csv"}}}]}`},
		"S3's test":   {text: `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`, fail: true},
		"a bare name": {text: `20220101.csv`, fail: true},
		"bad key":     {text: `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"object":{"key":"%zz"}}}]}`, fail: true},
	} {
		got, err := parse(c.text)
		if !reflect.DeepEqual(got, c.want) || (err != nil) != c.fail {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// A real MinIO tells a real Redis of what is put into a bucket; the names of raw
// files arrive in the queue, each at least once, and nothing else does.
func TestMinIOTellsOfFiles(t *testing.T) {
	redis := redistest.Start(t)
	rdb := redis.Client(t)
	q := queue.New(rdb, "csvs-to-process", queue.Options{})
	server := s3test.StartMinIO(t, "MINIO_NOTIFY_REDIS_ENABLE_PIPELINE=on", "MINIO_NOTIFY_REDIS_ADDRESS_PIPELINE="+redis.Addr(),
		"MINIO_NOTIFY_REDIS_FORMAT_PIPELINE=access", "MINIO_NOTIFY_REDIS_KEY_PIPELINE="+q.EventsKey())
	store, err := bucketstore.Open(t.Context(), server.Bucket(t, "files", "some/prefix"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = server.Client().PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: aws.String("files"),
		NotificationConfiguration: &types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{{
			QueueArn: aws.String("arn:minio:sqs::PIPELINE:redis"), Events: []types.Event{"s3:ObjectCreated:*"},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var raw filestore.Info
	for _, name := range []string{"2022/Umsätze 1+1.csv", "notes.md", "a.csv"} {
		raw = put(t, store, filestore.Raw, name, nil)
	}
	put(t, store, filestore.Processed, "a_aggregated_sales.csv", &raw)

	r := Reader{Queue: q, Store: store, Log: zaptest.NewLogger(t)}
	for taken := 0; taken < 4; {
		// Moved to where it is, a message is only waited for.
		if err := rdb.BLMove(t.Context(), q.EventsKey(), q.EventsKey(), "right", "right", 30*time.Second).Err(); err != nil {
			t.Fatalf("after %d of 4 messages: %v", taken, err)
		}
		n, err := r.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		taken += n
	}
	got, err := rdb.LRange(t.Context(), "csvs-to-process", 0, -1).Result()
	slices.Sort(got)
	if want := []string{"2022/Umsätze 1+1.csv", "a.csv"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q waits, want %q (%v)", got, want, err)
	}
	if left, err := q.Events(t.Context(), 100); len(left) != 0 || err != nil {
		t.Errorf("left over: %q, %v", left, err)
	}
}

// What cannot be read does not stand in the way.
func TestMessagesThatCannotBeReadAreDropped(t *testing.T) {
	rdb := redistest.Start(t).Client(t)
	q := queue.New(rdb, "csvs-to-process", queue.Options{})
	for _, text := range []string{"nonsense",
		`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"notes.md"}}}]}`,
		`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"x.csv"}}}]}`,
	} {
		if err := rdb.RPush(t.Context(), "{csvs-to-process}:events", text).Err(); err != nil {
			t.Fatal(err)
		}
	}
	r := Reader{Queue: q, Store: everything{}, Log: zaptest.NewLogger(t)}
	if n, err := r.Once(t.Context()); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	if got := rdb.LRange(t.Context(), "csvs-to-process", 0, -1).Val(); !slices.Equal(got, []string{"x.csv"}) {
		t.Errorf("%q waits", got)
	}
}

// everything is a store in which every object is a raw file.
type everything struct{}

func (everything) RawName(_, key string) (string, bool) { return key, true }

func put(t *testing.T, s filestore.Store, area filestore.Area, name string, source *filestore.Info) filestore.Info {
	t.Helper()
	w, err := s.Create(t.Context(), area, name, source)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	info, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return info
}
