package catalog_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
)

// gated is a folder whose listings can be stopped: each file of raw/ passes the gate.
type gated struct {
	filestore.Store
	gate  atomic.Pointer[chan struct{}] // nil: open
	deaf  bool                          // a stopped listing ignores its context, as a system call does
	walks atomic.Int32
}

func (g *gated) List(ctx context.Context, area filestore.Area) iter.Seq2[filestore.Info, error] {
	if area == filestore.Raw {
		g.walks.Add(1)
	}
	return func(yield func(filestore.Info, error) bool) {
		for info, err := range g.Store.List(ctx, area) {
			if gate := g.gate.Load(); gate != nil && area == filestore.Raw {
				ended := ctx.Done()
				if g.deaf {
					ended = nil
				}
				select {
				case <-*gate:
				case <-ended:
					yield(filestore.Info{}, ctx.Err())
					return
				}
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

func (g *gated) hold() (release func()) {
	gate := make(chan struct{})
	g.gate.Store(&gate)
	return func() {
		g.gate.Store(nil)
		close(gate)
	}
}

// remote is a gated folder that is listed as a bucket is.
type remote struct{ *gated }

func (r remote) Relist(ctx context.Context, area filestore.Area, _ func(string) (filestore.Info, bool)) iter.Seq2[filestore.Info, error] {
	return r.List(ctx, area)
}
func (remote) Rest(...int) time.Duration { return time.Second }

func folder(t *testing.T, names ...string) *gated {
	t.Helper()
	store, err := dirstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	for _, name := range names {
		put(t, store, filestore.Raw, name, "x", nil)
	}
	return &gated{Store: store}
}

type looked struct {
	files *catalog.Snapshot
	err   error
}

func recent(ctx context.Context, c *catalog.Catalog) <-chan looked {
	got := make(chan looked, 1)
	go func() {
		s, err := c.Recent(ctx)
		got <- looked{s, err}
	}()
	return got
}

// Fifty requests at once share one walk, and one that is cancelled does not end it.
func TestFirstLooksShareAWalk(t *testing.T) {
	for kind, as := range map[string]func(*gated) filestore.Store{
		"folder": func(g *gated) filestore.Store { return g }, "bucket": func(g *gated) filestore.Store { return remote{g} },
	} {
		t.Run(kind, func(t *testing.T) {
			g := folder(t, "a.csv")
			synctest.Test(t, func(t *testing.T) {
				files := catalog.New(as(g))
				defer files.Close()
				release := g.hold()
				impatient, leave := context.WithCancel(t.Context())
				first := recent(impatient, files)
				synctest.Wait()
				var others []<-chan looked
				for range 50 {
					others = append(others, recent(t.Context(), files))
				}
				synctest.Wait()
				leave()
				if got := <-first; !errors.Is(got.err, context.Canceled) {
					t.Errorf("who left got %+v", got)
				}
				release()
				for _, other := range others {
					if got := <-other; got.err != nil || got.files.Raw.Len() != 1 {
						t.Fatalf("%+v", got)
					}
				}
				if n := g.walks.Load(); n != 1 {
					t.Errorf("%d walks", n)
				}
			})
		})
	}
}

// While a walk hangs, the catalog returns the last snapshot and the reason; when the store
// answers again, it returns new ones.
func TestAWalkThatHangs(t *testing.T) {
	for kind, c := range map[string]struct {
		deaf bool
		as   func(*gated) filestore.Store
	}{
		"folder": {true, func(g *gated) filestore.Store { return g }},
		"bucket": {false, func(g *gated) filestore.Store { return remote{g} }},
	} {
		t.Run(kind, func(t *testing.T) {
			g := folder(t, "a.csv")
			g.deaf = c.deaf
			synctest.Test(t, func(t *testing.T) {
				files := catalog.New(c.as(g))
				defer files.Close()
				release := g.hold()
				if _, err := files.Recent(t.Context()); !isStalled(err) {
					t.Errorf("with nothing to show: %v", err)
				}
				if err := files.Check(); !isStalled(err) {
					t.Errorf("the check says: %v", err)
				}
				release()
				synctest.Wait()
				before, err := files.Refresh(t.Context())
				if err != nil || files.Check() != nil {
					t.Fatal(err, files.Check())
				}

				put(t, g.Store, filestore.Raw, "b.csv", "x", nil)
				release = g.hold()
				time.Sleep(time.Minute) // of the bubble: it is not fresh any more
				for range 2 {
					if s, err := files.Recent(t.Context()); err != nil || s != before {
						t.Fatalf("it does not go on with the last picture: %v, %v", s, err)
					}
					if _, err := files.Refresh(t.Context()); !isStalled(err) {
						t.Fatalf("a look at a store that hangs: %v", err)
					}
				}
				if err := files.Check(); !isStalled(err) {
					t.Errorf("the check says: %v", err)
				}
				if s, err := files.Due(t.Context()); !isStalled(err) {
					t.Errorf("the sweep gets %v, %v", s, err)
				}
				release()
				synctest.Wait()
				if s, err := files.Refresh(t.Context()); err != nil || s.Raw.Len() != 2 || files.Check() != nil {
					t.Errorf("the store is back: %v, %v, %v", s, err, files.Check())
				}
			})
		})
	}
}

// A walk may take any time as long as it finds files.
func TestASlowWalkGoesOn(t *testing.T) {
	g := folder(t, "a.csv", "b.csv", "c.csv", "d.csv")
	synctest.Test(t, func(t *testing.T) {
		files := catalog.New(g)
		defer files.Close()
		gate := make(chan struct{})
		g.gate.Store(&gate)
		got := recent(t.Context(), files)
		for range 4 {
			time.Sleep(files.Limit * 9 / 10) // of the bubble
			gate <- struct{}{}
		}
		if got := <-got; got.err != nil || got.files.Raw.Len() != 4 {
			t.Errorf("%+v", got)
		}
	})
}

// Where listing the store takes long, a request gets what there is, at once, and the next walk
// goes on in the background.
func TestNoRequestWaitsForASlowWalk(t *testing.T) {
	g := &gated{Store: listed{raw: make([]filestore.Info, 20_000)}}
	synctest.Test(t, func(t *testing.T) {
		files := catalog.New(g)
		defer files.Close()
		release := g.hold()
		first := recent(t.Context(), files)
		time.Sleep(time.Second) // of the bubble: that is how long the walk takes
		release()
		if got := <-first; got.err != nil || got.files.Took != time.Second {
			t.Fatalf("%+v", got)
		}
		time.Sleep(time.Minute) // of the bubble: it is not fresh any more
		release = g.hold()
		asked := time.Now()
		old, err := files.Recent(t.Context())
		if waited := time.Since(asked); err != nil || waited != 0 {
			t.Errorf("a request waited %v: %v", waited, err)
		}
		synctest.Wait()
		release()
		synctest.Wait()
		if latest := files.Latest(); !latest.At.Equal(asked) || old.At.Equal(asked) {
			t.Errorf("the latest was taken at %v, what the request got at %v, the request came at %v", latest.At, old.At, asked)
		}
	})
}

// Close ends the walk.
func TestCloseEndsTheWalk(t *testing.T) {
	g := folder(t, "a.csv")
	synctest.Test(t, func(t *testing.T) {
		files := catalog.New(g)
		g.hold()
		got := recent(t.Context(), files)
		synctest.Wait()
		files.Close()
		if got := <-got; !errors.Is(got.err, context.Canceled) {
			t.Errorf("%+v", got)
		}
	}) // which fails if a goroutine is left
}

// Refresh returns what was there when it was called.
func TestRefreshBeginsAfterTheCall(t *testing.T) {
	g := folder(t, "a.csv")
	synctest.Test(t, func(t *testing.T) {
		files := catalog.New(g)
		defer files.Close()
		release := g.hold()
		recent(t.Context(), files)
		synctest.Wait()
		put(t, g.Store, filestore.Raw, "b/late.csv", "x", nil)
		got := make(chan looked, 1)
		go func() {
			s, err := files.Refresh(t.Context())
			got <- looked{s, err}
		}()
		synctest.Wait()
		release()
		fresh := <-got
		if fresh.err != nil {
			t.Fatal(fresh.err)
		}
		var names []string
		for info := range fresh.files.Raw.All() {
			names = append(names, info.Name)
		}
		if !slices.Equal(names, []string{"a.csv", "b/late.csv"}) {
			t.Errorf("%v", names)
		}
	})
}

func isStalled(err error) bool {
	return err != nil && strings.Contains(err.Error(), "the store listed no file for ")
}
