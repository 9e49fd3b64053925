package bucketstore

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/cloudtest"
	"csv-pipeline/internal/filestore/s3test"
)

// counted is a store behind a proxy that counts its requests.
type counted struct {
	*Store
	url *url.URL

	mu       sync.Mutex
	requests []string // "GET some/key", "LIST"
}

func newCounted(t testing.TB, server server) *counted {
	t.Helper()
	c := &counted{}
	server.Bucket(t, "counted", "")
	c.url = through(t, server, "counted", func(_ http.ResponseWriter, r *http.Request) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		if q := r.URL.Query(); q.Has("list-type") || q.Get("comp") == "list" || r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/counted/o") {
			c.requests = append(c.requests, "LIST")
		} else {
			c.requests = append(c.requests, r.Method)
		}
		return true
	})
	c.again(t)
	return c
}

// again opens the store anew, as a process does at its start.
func (c *counted) again(t testing.TB) {
	t.Helper()
	s, err := Open(t.Context(), c.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c.Store = s
	c.took()
}

// took returns the requests since the last call.
func (c *counted) took() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.requests
	c.requests = nil
	return taken
}

func (c *counted) want(t testing.TB, what string, want ...string) {
	t.Helper()
	got := c.took()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s took %d requests, %.200q, want %q", what, len(got), got, want)
	}
}

func (c *counted) put(t testing.TB, area filestore.Area, name, text string, source *filestore.Info) filestore.Info {
	t.Helper()
	return put(t, c, area, name, text, source)
}

func TestSmallFileTakesOneRequestEachWay(t *testing.T) {
	everywhere(t, func(t *testing.T, server server) {
		c := newCounted(t, server)
		raw := c.put(t, filestore.Raw, "a.csv", "text", nil)
		if got := c.took(); len(got) != 1 || got[0] != "PUT" && got[0] != "POST" {
			t.Errorf("a put took %q", got)
		}
		f, err := c.Open(t.Context(), filestore.Raw, "a.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		text := make([]byte, f.Info().Size)
		if _, err := f.ReadAt(text, 0); err != nil || string(text) != "text" || f.Info().Identity != raw.Identity {
			t.Errorf("%q, %v, %+v", text, err, f.Info())
		}
		if again, err := io.ReadAll(f); err != nil || string(again) != "text" {
			t.Errorf("%q, %v", again, err)
		}
		c.want(t, "a get", "GET")
	})
}

// Listings of Google and Azure have the Sources of results.
func TestSourcesAreListed(t *testing.T) {
	for name, start := range map[string]func(*testing.T) server{
		"Google": func(t *testing.T) server { return cloudtest.StartGoogle(t) },
		"Azure":  func(t *testing.T) server { return cloudtest.StartAzure(t) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounted(t, start(t))
			const n = pageSize + 100
			c.fill(t, n)
			c.took()
			all := c.list(t, nil)
			c.want(t, "a listing", "LIST", "LIST")
			for i := range n {
				if name := fmt.Sprintf("%05d.csv", i); all[name].Source != fmt.Sprintf("version-%d", i) || all[name].Settings != fmt.Sprintf("settings-%d", i%3) || len(all) != n {
					t.Fatalf("of %d files: %+v", len(all), all[name])
				}
			}
		})
	}
}

// fill writes so many results.
func (c *counted) fill(t testing.TB, n int) {
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := worker; i < n; i += 8 {
				raw := filestore.Info{Identity: fmt.Sprintf("version-%d", i), Settings: fmt.Sprintf("settings-%d", i%3)}
				c.put(t, filestore.Processed, fmt.Sprintf("%05d.csv", i), "x", &raw)
			}
		})
	}
	group.Wait()
}

func (c *counted) list(t testing.TB, before map[string]filestore.Info) map[string]filestore.Info {
	t.Helper()
	var known func(string) (filestore.Info, bool)
	if before != nil {
		known = func(name string) (filestore.Info, bool) { i, ok := before[name]; return i, ok }
	}
	all := map[string]filestore.Info{}
	for i, err := range c.Relist(t.Context(), filestore.Processed, known) {
		if err != nil {
			t.Fatal(err)
		}
		all[i.Name] = i
	}
	return all
}

// There is one request for the Source of a result. A process that starts later finds it in
// the index. An outdated index does no harm.
func TestSourcesAreAskedForOnce(t *testing.T) {
	c := newCounted(t, s3test.Start(t))
	const n = worthSaving + 100 // two pages
	c.fill(t, n)
	c.took()
	first := c.list(t, nil)
	if heads := count(c.took(), "HEAD"); len(first) != n || heads != n {
		t.Fatalf("the first listing has %d files and asked %d times, want %d", len(first), heads, n)
	}
	second := c.list(t, first) // writes the index
	c.want(t, "the second listing", "LIST", "LIST", "PUT")
	c.list(t, second)
	c.want(t, "the third listing", "LIST", "LIST")

	c.again(t)
	changed := c.put(t, filestore.Processed, "00700.csv", "y", &filestore.Info{Identity: "other"})
	if err := c.Remove(t.Context(), filestore.Processed, "00800.csv"); err != nil {
		t.Fatal(err)
	}
	c.put(t, filestore.Processed, "00700a.csv", "z", &filestore.Info{Identity: "new"})
	c.took()
	later := c.list(t, nil)
	c.want(t, "a listing with the index", "GET", "HEAD", "HEAD", "LIST", "LIST")
	if len(later) != n || later["00700.csv"].Source != "other" || later["00700a.csv"].Source != "new" || later["00700.csv"].ETag != changed.ETag {
		t.Errorf("%d files, %+v, %+v", len(later), later["00700.csv"], later["00700a.csv"])
	}
	for name, i := range first {
		if now, ok := later[name]; name != "00700.csv" && name != "00800.csv" && (!ok || now.Source != i.Source || now.Settings != i.Settings || i.Settings == "") {
			t.Fatalf("%+v was %+v", now, i)
		}
	}
}

// An index that an earlier version wrote has no settings.
func TestIndexOfAnEarlierVersionIsRead(t *testing.T) {
	i, ok := parseLine("a.csv\tetag\t1\t2\tsource")
	if !ok || i.Source != "source" || i.Settings != "" {
		t.Errorf("%+v, %v", i, ok)
	}
	i.Settings = "settings"
	if again, ok := parseLine(strings.TrimSuffix(formatLine(i), "\n")); !ok || again != i {
		t.Errorf("%+v becomes %+v, %v", i, again, ok)
	}
}

// In a listing, a result looks the same after it was replaced by the same bytes in the same
// second. After one Stat its Source is right.
func TestSourceThatWasAskedForWins(t *testing.T) {
	c := newCounted(t, s3test.Start(t))
	c.put(t, filestore.Processed, "a.csv", "x", &filestore.Info{Identity: "one"})
	before := c.list(t, nil)
	now := before["a.csv"]
	now.Source = "of an earlier version"
	if _, err := c.Stat(t.Context(), filestore.Processed, "a.csv"); err != nil {
		t.Fatal(err)
	}
	if all := c.list(t, map[string]filestore.Info{"a.csv": now}); all["a.csv"].Source != "one" {
		t.Errorf("%+v", all["a.csv"])
	}
}

func count(all []string, what string) int {
	n := 0
	for _, s := range all {
		if s == what {
			n++
		}
	}
	return n
}

// RemoveStale removes the parts of an upload whose writer died, and nothing else.
func TestRemoveStaleEndsUploads(t *testing.T) {
	server := s3test.Start(t)
	c := newCounted(t, server)
	for _, key := range []string{"prefix/raw/dead.csv", "elsewhere/raw/alive.csv"} {
		if _, err := server.Client().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("counted"), Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := c.RemoveStale(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if n, err := c.RemoveStale(t.Context(), 0); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	left, err := server.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("counted")})
	if err != nil || len(left.Uploads) != 1 || aws.ToString(left.Uploads[0].Key) != "elsewhere/raw/alive.csv" {
		t.Errorf("%+v, %v", left, err)
	}
}
