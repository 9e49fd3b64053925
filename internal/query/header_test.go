package query

import (
	"testing"
)

// TestHeadersWithoutANameOrWithDelimitersTooMany keep all rows below them where no column goes by
// its name.
func TestHeadersWithoutANameOrWithDelimitersTooMany(t *testing.T) {
	for text, want := range map[string]string{
		"name,city,\nAnn,Rome,x\nBob,Oslo,y\nCyd,Bonn,z\n":                 "3",
		"a,,c\n1,2,3\n4,5,6\n":                                             "2",
		"\"name\",\"amount\",\"\"\nAnn,1,x\nBob,2,y\n":                     "2",
		"name,qty\nAnn,1,,\nBob,2,,\nCyd,3,,\n":                            "3",
		"name,qty,,\nAnn,1\nBob,2\nCyd,3\n":                                "3",
		"My list,,\nname,city,\nAnn,Rome,x\nBob,Oslo,y\n":                  "2",
		"Report,January,\nname,city,amount\nAnn,Rome,5\nBob,Oslo,6\n":      "2",
		"Report,,\nname,city,kind\nAnn,Rome,x\nBob,Oslo,y\n":               "2",
		"Made by,Ann,,\nname,city,kind,size\nAnn,Rome,x,L\nBob,Oslo,y,S\n": "2",
	} {
		if got := ask(t, Spec{Aggregate: []string{"count(*) as n"}}, []byte(text), 1); got.result != "n\n"+want+"\n" {
			t.Errorf("%q: got %+v, want %s rows", text, got, want)
		}
	}
}

// TestTitleOfTheNameOfAColumn is not taken for the header where a table is below it.
func TestTitleOfTheNameOfAColumn(t *testing.T) {
	for text, want := range map[string]string{
		"Sales\nDate,Region,Sales\n2024-01-01,N,5\n2024-01-02,S,6\n":         "2,6",
		"Sales\nDate;Region;Sales\n2024-01-01;N;5\n2024-01-02;S;6\n":         "2,6",
		"Sales\n\nDate\tRegion\tSales\n2024-01-01\tN\t5\n2024-01-02\tS\t6\n": "2,6",
		"Sales\n5\n6\n":                     "2,6",
		"Sales\n\"Date,Region,Sales\"\n6\n": "2,\"Date,Region,Sales\"",
		"Sales\nDate,Region\n6\n":           "2,\"Date,Region\"",
	} {
		if got := ask(t, Spec{Aggregate: []string{"count(Sales) as n", "max(Sales) as m"}}, []byte(text), 1); got.result != "n,m\n"+want+"\n" {
			t.Errorf("%q: got %+v, want %s", text, got, want)
		}
	}
}
