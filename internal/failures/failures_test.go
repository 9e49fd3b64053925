package failures

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// Reasons of different files are the same without what is special to each file.
func TestReasonsAreTheSameWithoutWhatIsSpecialToAFile(t *testing.T) {
	reason := func(e groupby.InputError) queue.DeadLetter {
		return queue.DeadLetter{Name: e.Name, Reason: e.Error(), Kind: queue.KindMalformed, Place: queue.Place{Line: e.Line, Column: e.Column, Field: e.Field}}
	}
	long := "é" + string(slices.Repeat([]byte("x"), 200))
	for want, letters := range map[string][]queue.DeadLetter{
		"quantity: … is not a number": {
			reason(groupby.InputError{Name: "a.csv", Line: 17, Column: "quantity", Field: "seven", Problem: "is not a number"}),
			reason(groupby.InputError{Name: "2022/01/01.csv", Line: 2, Column: "quantity", Field: `7 "or" 8`, Problem: "is not a number"}),
			reason(groupby.InputError{Name: "b.csv", Line: 2, Column: "quantity", Field: long, Problem: "is not a number"}),
			reason(groupby.InputError{Name: "odd: name:2: x.csv", Line: 3, Column: "quantity", Field: "1:2: 3", Problem: "is not a number"}),
		},
		`no column "total2": the header has "a1", "b"`: {
			reason(groupby.InputError{Name: "a.csv", Line: 1, Problem: `no column "total2": the header has "a1", "b"`}),
			reason(groupby.InputError{Name: "b.csv", Problem: `no column "total2": the header has "a1", "b"`}),
		},
		"… fields, expected … as in the first record": {
			reason(groupby.InputError{Name: "a.csv", Line: 7, Problem: "3 fields, expected 2 as in the first record"}),
			reason(groupby.InputError{Name: "a.csv", Line: 7, Problem: "12 fields, expected 1,000 as in the first record"}),
		},
		"it has bytes that are not UTF-8: column #2 of sha256": {
			reason(groupby.InputError{Name: "a.csv", Line: 7, Problem: "it has bytes that are not UTF-8: column #2 of sha256"}),
		},
		"write the result of …: … is full": {
			{Name: "x.csv", Reason: "write the result of x.csv: x_aggregated_sales.csv is full"},
			{Name: "y/z.csv", Reason: "write the result of y/z.csv: y/z_aggregated_sales.csv is full"},
		},
		`… is not the name of a CSV file`: {
			{Name: "no.txt", Reason: `"no.txt" is not the name of a CSV file`},
			{Name: "a\x00b", Reason: `"a\x00b" is not the name of a CSV file`},
		},
	} {
		for _, l := range letters {
			if got := Normal(l); got != want {
				t.Errorf("%q became %q, want %q", l.Reason, got, want)
			}
		}
	}
}

func failed(name, reason string, at int64) queue.DeadLetter {
	return queue.DeadLetter{Name: name, Reason: name + ": " + reason, Kind: queue.KindMalformed, At: time.UnixMilli(at).UTC()}
}

// Whatever filter there is, the index finds what Matches, which actions ask, says of each letter.
func TestFilters(t *testing.T) {
	grouper := Grouper{Dataset: func(name string) string { return map[bool]string{true: "shop"}[name[0] == 's'] }}
	letters := []queue.DeadLetter{failed("a.csv", "Too long", 1), failed("s1.csv", "Too long", 3), failed("s2.csv", "Too long", 5), failed("Long.csv", "empty", 4), failed("b.csv", "empty", 2)}
	b := builder{grouper: grouper, places: map[cause]int32{}}
	for _, l := range letters {
		b.add(l)
	}
	index := b.finish()
	shop := grouper.Of(letters[1]).ID
	for _, c := range []struct {
		filter Filter
		want   []string
	}{
		{Filter{}, []string{"s2.csv", "Long.csv", "s1.csv", "b.csv", "a.csv"}},
		{Filter{Group: shop}, []string{"s2.csv", "s1.csv"}},
		{Filter{Group: shop, Until: time.UnixMilli(3)}, []string{"s1.csv"}},
		{Filter{Group: shop, Text: "S2"}, []string{"s2.csv"}},
		{Filter{Text: "long"}, []string{"s2.csv", "Long.csv", "s1.csv", "a.csv"}},
		{Filter{Text: "empty", Until: time.UnixMilli(2)}, []string{"b.csv"}},
		{Filter{Group: "none"}, []string{}},
	} {
		got := []string{}
		for _, l := range index.Find(c.filter) {
			got = append(got, l.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v finds %q, want %q", c.filter, got, c.want)
		}
		for _, l := range letters {
			if is := grouper.Matches(l, c.filter); is != slices.Contains(c.want, l.Name) {
				t.Errorf("%+v matches %s: %v", c.filter, l.Name, is)
			}
		}
	}
	groups := index.Count(index.Find(Filter{Text: "long"}))
	got := ""
	for _, g := range groups {
		got += fmt.Sprintf("%s/%s %d %s %d; ", g.Dataset, g.Reason, g.Files, g.Example, g.Newest.UnixMilli())
	}
	if want := "shop/Too long 2 s2.csv 5; /empty 1 Long.csv 4; /Too long 1 a.csv 1; "; got != want {
		t.Errorf("the groups are %s, want %s", got, want)
	}
}

// The cache has each change at once.
func TestCacheFollowsTheQueue(t *testing.T) {
	ctx := t.Context()
	q := queue.New(redistest.Start(t).Client(t), "csvs-to-process", queue.Options{})
	c := NewCache(q, Grouper{})
	defer c.Close()
	fail := func(name, reason string) {
		t.Helper()
		if err := q.Push(ctx, name); err != nil {
			t.Fatal(err)
		}
		claim, err := q.Claim(ctx, "w")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := claim.Fail(ctx, queue.Failure{Reason: name + ": " + reason, Kind: queue.KindMalformed}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(when string, letters, groups int) {
		t.Helper()
		x, err := c.Recent(ctx)
		if err != nil || len(x.Letters) != letters || len(x.Groups) != groups {
			t.Fatalf("%s: %+v, %v, want %d letters in %d groups", when, x, err, letters, groups)
		}
	}
	expect("at first", 0, 0)
	c.last.took = time.Minute // as where Redis was busy
	fail("a.csv", "empty")
	fail("b.csv", "empty")
	expect("two failed", 2, 1)
	before, err := c.Recent(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.Recent(ctx); err != nil || again != before {
		t.Error("an index was made although nothing had changed")
	}
	fail("a.csv", "too long") // as many as before
	expect("one failed otherwise", 2, 2)
	if _, err := q.Requeue(ctx, "a.csv"); err != nil {
		t.Fatal(err)
	}
	expect("one is tried again", 1, 1)
}
