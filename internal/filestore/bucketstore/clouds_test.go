package bucketstore

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/cloudtest"
	"csv-pipeline/internal/filestore/s3test"
)

func put(t testing.TB, s filestore.Store, area filestore.Area, name, text string, source *filestore.Info) filestore.Info {
	t.Helper()
	w, err := s.Create(t.Context(), area, name, source)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	i, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// A file that is replaced by one of the same size while it is read differs only in its
// version.
func TestReplacedWhileRead(t *testing.T) {
	everywhere(t, func(t *testing.T, server server) {
		s := open(t, server, "replaced", "")
		s.buffers = &buffers{size: 1000, most: window}
		put(t, s, filestore.Raw, "a.csv", strings.Repeat("1", 50_000), nil)
		f, err := s.Open(t.Context(), filestore.Raw, "a.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		b := make([]byte, 10)
		if _, err := f.ReadAt(b, 20_000); err != nil || string(b) != "1111111111" {
			t.Errorf("%q, %v", b, err)
		}
		put(t, s, filestore.Raw, "a.csv", strings.Repeat("2", 50_000), nil)
		if n, err := f.ReadAt(b, 40_000); n != 0 || !errors.Is(err, errReplaced) || errors.Is(err, filestore.ErrUnavailable) {
			t.Errorf("after it was replaced: %q, %v", b[:n], err)
		}
		if err := s.Remove(t.Context(), filestore.Raw, "a.csv"); err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadAt(b, 30_000); !errors.Is(err, filestore.ErrNotExist) && !errors.Is(err, errReplaced) {
			t.Errorf("after it was removed: %v", err)
		}
	})
}

// Files of other programs have the names that those programs gave them.
func TestNamesOfOthers(t *testing.T) {
	const name = `100 % "of" Ümlaut & #1? +a=b;c@d:e'f*(g)!,$~[h]{i}|^.csv`
	everywhere(t, func(t *testing.T, server server) {
		s := open(t, server, "names", "a prefix")
		var err error
		switch key := "a prefix/raw/" + name; server := server.(type) {
		case *s3test.Server:
			_, err = server.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("names"), Key: &key, Body: strings.NewReader("text")})
		case *cloudtest.Google:
			w := server.Client(t).Bucket("names").Object(key).NewWriter(t.Context())
			_, err = io.WriteString(w, "text")
			err = errors.Join(err, w.Close())
		case *cloudtest.Azure:
			_, err = server.Client(t, "names").NewBlockBlobClient(key).UploadBuffer(t.Context(), []byte("text"), &blockblob.UploadBufferOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
		mine := put(t, s, filestore.Processed, name, "sum", nil)
		for area, text := range map[filestore.Area]string{filestore.Raw: "text", filestore.Processed: "sum"} {
			var listed []string
			for i, err := range s.List(t.Context(), area) {
				if err != nil {
					t.Fatal(err)
				}
				listed = append(listed, i.Name)
			}
			if !slices.Equal(listed, []string{name}) {
				t.Errorf("%s lists %q", area, listed)
			}
			f, err := s.Open(t.Context(), area, name)
			if err != nil {
				t.Error(err)
				continue
			}
			if got, err := io.ReadAll(f); string(got) != text || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			_ = f.Close()
		}
		if stat, err := s.Stat(t.Context(), filestore.Processed, name); err != nil || stat.ETag != mine.ETag {
			t.Errorf("%+v, %v", stat, err)
		}
		if err := s.Remove(t.Context(), filestore.Raw, name); err != nil {
			t.Error(err)
		}
	})
}

// An object that is replaced between Stat and its removal is not removed.
func TestReplacedWhileRemoved(t *testing.T) {
	everywhere(t, func(t *testing.T, server server) {
		direct := server.Bucket(t, "removal", "prefix")
		other, err := Open(t.Context(), direct)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		var removals []string
		s, err := Open(t.Context(), through(t, server, "removal", func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodDelete {
				removals = append(removals, r.Header.Get("If-Match")+r.URL.Query().Get("ifGenerationMatch"))
				put(t, other, filestore.Raw, "a.csv", "newer", nil)
			}
			return true
		}))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		i := put(t, s, filestore.Raw, "a.csv", "older", nil)
		removed, err := s.RemoveVersion(t.Context(), filestore.Raw, i)
		if len(removals) != 1 || removals[0] == "" {
			t.Errorf("the removals demand %q, not a version", removals)
		}
		if _, ok := server.(*cloudtest.Google); ok {
			return // fake-gcs-server ignores the condition
		}
		if removed || err != nil {
			t.Errorf("removed %v, %v", removed, err)
		}
		if _, err := other.Stat(t.Context(), filestore.Raw, "a.csv"); err != nil {
			t.Errorf("the newer version: %v", err)
		}
	})
}

// A request that fails with 503 is retried.
func TestUnservedOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, server server) {
		server.Bucket(t, "unserved", "")
		var refuse atomic.Bool
		s, err := Open(t.Context(), through(t, server, "unserved", func(w http.ResponseWriter, _ *http.Request) bool {
			if refuse.Swap(false) {
				w.WriteHeader(http.StatusServiceUnavailable)
				return false
			}
			return true
		}))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		refuse.Store(true)
		put(t, s, filestore.Raw, "a.csv", "text", nil)
		refuse.Store(true)
		f, err := s.Open(t.Context(), filestore.Raw, "a.csv")
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		if refuse.Load() {
			t.Error("nothing was refused")
		}
	})
}

// A removed bucket is an outage, and does not mean that its files were removed.
func TestBucketRemoved(t *testing.T) {
	everywhere(t, func(t *testing.T, server server) {
		s := open(t, server, "removed", "")
		defer s.Close()
		var err error
		switch server := server.(type) {
		case *s3test.Server:
			_, err = server.Client().DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("removed")})
		case *cloudtest.Google:
			err = server.Client(t).Bucket("removed").Delete(t.Context())
		case *cloudtest.Azure:
			_, err = server.Client(t, "removed").Delete(t.Context(), nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		// Google's client does not say whether the object or the bucket is missing.
		if _, ok := server.(*cloudtest.Google); !ok {
			if _, err := s.Open(t.Context(), filestore.Raw, "a.csv"); !errors.Is(err, filestore.ErrUnavailable) {
				t.Error(err)
			}
		}
		w, err := s.Create(t.Context(), filestore.Raw, "a.csv", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(); !errors.Is(err, filestore.ErrUnavailable) {
			t.Error(err)
		}
		for _, err := range s.List(t.Context(), filestore.Raw) {
			if !errors.Is(err, filestore.ErrUnavailable) {
				t.Error(err)
			}
		}
	})
}

// A store that cannot be reached is reported as unavailable after some retries.
func TestOutage(t *testing.T) {
	longestPause = 10 * time.Millisecond
	defer func() { longestPause = 5 * time.Second }()
	everywhere(t, func(t *testing.T, server server) {
		u := server.Bucket(t, "outage", "")
		s, err := Open(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		put(t, s, filestore.Raw, "a.csv", "text", nil)
		server.Kill()
		_, openErr := s.Open(t.Context(), filestore.Raw, "a.csv")
		_, statErr := s.Stat(t.Context(), filestore.Raw, "a.csv")
		w, err := s.Create(t.Context(), filestore.Processed, "a.csv", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, commitErr := w.Commit()
		for what, err := range map[string]error{"open": openErr, "stat": statErr, "commit": commitErr} {
			if !errors.Is(err, filestore.ErrUnavailable) {
				t.Errorf("%s: %v, want ErrUnavailable", what, err)
			}
		}
		var usage *cli.UsageError
		if _, err := Open(t.Context(), u); err == nil || errors.As(err, &usage) {
			t.Errorf("a store that cannot be reached: %v", err)
		}
	})
}

func TestMistakesAreNamed(t *testing.T) {
	refused := func(t *testing.T, u *url.URL, want string) {
		t.Helper()
		var usage *cli.UsageError
		if _, err := Open(t.Context(), u); !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a UsageError that says %q", u, err, want)
		}
	}
	everywhere(t, func(t *testing.T, server server) {
		u := server.Bucket(t, "there", "")
		missing := *u
		missing.Host = "not-there"
		refused(t, &missing, "there is no such bucket")
		other := *u
		other.RawQuery = "colour=red"
		refused(t, &other, "colour")
		if _, ok := server.(*cloudtest.Azure); ok {
			t.Setenv("AZURE_STORAGE_KEY", "d3Jvbmc=")
			refused(t, u, "refuses the credentials")
			t.Setenv("AZURE_STORAGE_KEY", "not base64")
			refused(t, u, "there are no credentials")
		}
	})
}

// through is the URL of a store behind a proxy. The proxy forwards the requests for which
// pass returns true.
func through(t testing.TB, server server, bucket string, pass func(http.ResponseWriter, *http.Request) bool) *url.URL {
	t.Helper()
	var target string
	switch server := server.(type) {
	case *s3test.Server:
		target = server.Address
	case *cloudtest.Google:
		target = server.Address
	case *cloudtest.Azure:
		target = server.Address
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: target})
			if _, ok := server.(*s3test.Server); ok {
				r.Out.Host = r.In.Host // it is signed
			}
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pass(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(proxy.Close)
	address := strings.TrimPrefix(proxy.URL, "http://")
	switch server := server.(type) {
	case *cloudtest.Google:
		server.Environment(t, address)
		return server.URL(bucket, "prefix")
	case *cloudtest.Azure:
		return server.URL(address, bucket, "prefix")
	}
	return s3test.URL(address, bucket, "prefix")
}
