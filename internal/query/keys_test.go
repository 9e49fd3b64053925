package query

import (
	"strings"
	"testing"

	"csv-pipeline/internal/filestore"
)

const shop = "k,v,ok\na,1,true\nb,2,false\nb,2,true\n,3,\n"

// TestExpressionsOfKeys are results of their own, beside aggregates and without any.
func TestExpressionsOfKeys(t *testing.T) {
	for _, c := range []struct {
		spec       Spec
		text, want string
	}{
		{Spec{GroupBy: []string{"v"}, Aggregate: []string{"v*2 as vv"}}, shop, "v,vv\n1,2\n2,4\n3,6\n"},
		{Spec{GroupBy: []string{"k"}, Aggregate: []string{"upper(k) as u", "count(*)"}}, shop, "k,u,count\n,,1\na,A,1\nb,B,2\n"},
		{Spec{GroupBy: []string{"k"}, Aggregate: []string{"k as u"}}, shop, "k,u\n,\na,a\nb,b\n"},
		{Spec{GroupBy: []string{"k", "v"}, Aggregate: []string{"k || '-' || v as both"}, Having: "both <> 'b-2'", OrderBy: []string{"both desc"}}, shop, "k,v,both\na,1,a-1\n"},
		{Spec{GroupBy: []string{"v * 10 as w"}, Aggregate: []string{"w + 1 as x", "(v * 10) / 4 as y"}}, shop, "w,x,y\n10,11,2.5\n20,21,5\n30,31,7.5\n"},
		{Spec{GroupBy: []string{"k"}, Aggregate: []string{"case when k = 'a' then 'first' else 'other' end as c"}, Limit: 2}, shop, "k,c\n,other\na,first\n"},
		{Spec{GroupBy: []string{"tag"}, Aggregate: []string{"month(tag) as m"}, Input: german}, bank, "tag,m\n01.02.2025,2025-02\n15.01.2023,2023-01\n31.12.2024,2024-12\n"},
		{Spec{GroupBy: []string{"betrag"}, Aggregate: []string{"betrag * 2 as b"}, Input: german}, bank, "betrag,b\n\"-99,05\",-198.10\n\"1.234,50\",2469.00\n\"20,00\",40.00\n"},
		{Spec{GroupBy: []string{"k"}, Aggregate: []string{"k * 2 as x"}}, shop, `write the result of f.csv: x: "a" is not a number`},
		{Spec{GroupBy: []string{"k"}, Aggregate: []string{"v is null as x"}}, shop, `aggregate: "v is null as x": v is in no aggregate and not in groupBy: expected one such as sum(v)`},
		{Spec{Aggregate: []string{"v*2 as vv"}}, shop, `aggregate: "v*2 as vv": no aggregate: expected one such as sum(quantity)`},
	} {
		if got := askedOf(t, c.spec, c.text); got != c.want {
			t.Errorf("%q by %q: %q, want %q", c.spec.Aggregate, c.spec.GroupBy, got, c.want)
		}
	}
	spec := Spec{GroupBy: []string{"v"}, Aggregate: []string{"v*2 as vv", "k is null as x"}, Output: Output{Format: filestore.JSONLines}}
	spec.GroupBy = append(spec.GroupBy, "k")
	if got := askedOf(t, spec, "k,v\na,1.5\n"); got != `{"v":1.5,"k":"a","vv":3.0,"x":false}`+"\n" {
		t.Errorf("JSON Lines: %q", got)
	}
}

// askedOf is the result of a question, or the error.
func askedOf(t *testing.T, spec Spec, text string) string {
	t.Helper()
	if _, err := Compile(spec); err != nil {
		return err.Error()
	}
	got, _ := found(t, spec, text)
	return got
}

// TestTrueAndFalse of a column are texts, and a result that is a condition is compared as one.
func TestTrueAndFalse(t *testing.T) {
	by := func(having string) Spec {
		return Spec{GroupBy: []string{"k = 'b' as isb"}, Aggregate: []string{"count(*) as n", "count(*) > 1 as many"}, Having: having}
	}
	all := func(where string) Spec { return Spec{Aggregate: []string{"count(*) as n"}, Where: where} }
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{all("ok"), "no condition: expected one such as quantity > 0; for a column of true and false, ok = 'true'"},
		{all("v > 1 and not ok"), "no condition: expected one such as quantity > 0; for a column of true and false, ok = 'true'"},
		{all("ok = true"), "a condition in the place of a value: true and false of a column are texts: expected 'true'"},
		{all("case ok when false then 1 else 2 end = 1"), "a condition in the place of a value: true and false of a column are texts: expected 'false'"},
		{all("ok in (true)"), "a condition in the place of a value: true and false of a column are texts: expected 'true'"},
		{all("coalesce(ok, false) = 'x'"), "a condition beside other values: expected either: true and false of a column are texts: expected 'false'"},
		{all("ok is true"), "is goes with null: for a column of true and false, expected = 'true'"},
		{all("ok is not 'x'"), "is goes with null: expected <> 'x'"},
		{all("v is 1"), "is goes with null: expected = 1"},
		{all("ok is not false"), "is goes with null: for a column of true and false, expected <> 'false'"},
		{all("ok = 'true'"), "n\n2\n"},
		{all("ok <> 'false'"), "n\n2\n"},
		{all("ok in ('true')"), "n\n2\n"},
		{all("coalesce(ok, 'false') = 'false'"), "n\n2\n"},
		{by("isb"), "no condition: expected one such as quantity > 0; for a column of true and false, isb = 'true'"},
		{by("isb = true"), "a condition in the place of a value: true and false of a column are texts: expected 'true'"},
		{by("isb = 'true'"), "isb,n,many\ntrue,2,true\n"},
		{by("isb = 'false'"), "isb,n,many\nfalse,1,false\n"},
		{by("isb is null"), "isb,n,many\n,1,false\n"},
		{by("many = 'true'"), "isb,n,many\ntrue,2,true\n"},
		{by("many in ('false') and isb <> 'true'"), "isb,n,many\nfalse,1,false\n"},
		{by("k = 'b'"), "isb,n,many\ntrue,2,true\n"},
	} {
		got := askedOf(t, c.spec, shop)
		if message, _, placed := strings.Cut(got, "\n  "); placed {
			_, got, _ = strings.Cut(message, ": ")
		}
		if got != c.want {
			t.Errorf("where %q having %q: %q, want %q", c.spec.Where, c.spec.Having, got, c.want)
		}
	}
}
