package query

import (
	"strings"
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

// TestARowIsNoHeader: a cell that is named as a column is asked for does not make its row the header.
func TestARowIsNoHeader(t *testing.T) {
	for text, c := range map[string]struct{ key, aggregate, want string }{
		"shop,qty\na,5\nb,1\nb,7\n":                              {"1", "count(*)", `no column "1"`},
		"month,city,sales\nJan,Rome,5\nFeb,Oslo,6\nMar,Rome,7\n": {"Rome", "count(*)", `no column "Rome"`},
		"day,state\n2024-01-01,open\n2024-01-02,closed\n":        {"open", "count(*)", `no column "open"`},
		"Account,12345\nDate,Amount\n2024-01-01,5\n":             {"Date", "sum(Amount)", "Date,sum_Amount\n2024-01-01,5\n"},
		"Region,Sales,Sales\nRegion,2019,2020\nnorth,5,6\n":      {"Region", `sum("2019")`, "Region,sum_2019\nnorth,5\n"},
		"Report of 2024,,\nday,shop,n\n1,a,5\n":                  {"shop", "sum(n)", "shop,sum_n\na,5\n"},
		"name,n\nx,1\n\nday,shop,n2\n1,a,5\n":                    {"shop", "sum(n2)", "shop,sum_n2\na,5\n"},
		"Total for 3 shops,9.5\nshop,sales\na,4.5\nb,5\n":        {"shop", "max(sales)", "shop,max_sales\na,4.5\nb,5.0\n"},
	} {
		if got := ask(t, Spec{GroupBy: []string{c.key}, Aggregate: []string{c.aggregate}}, []byte(text), 1); !strings.Contains(got.result+got.err, c.want) {
			t.Errorf("%q by %s: %+v, want %q", text, c.key, got, c.want)
		}
	}
}
