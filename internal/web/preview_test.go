package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/web/api"
)

type preview struct {
	Name, Result, Dataset, Values, Late string
	Exists, Partial, Readable, AsItIs   bool
	Problems                            []string
	Outcomes                            []struct {
		Title, Problem     string
		RowsRead, Rejected int
		Columns            []string
		Rows               [][]string
	}
}

// What the result of a file would be is told without storing the file, and is what it is then.
func TestAFileIsTriedWithoutStoringIt(t *testing.T) {
	s := asking(t, query.Spec{GroupBy: []string{"item"}, Aggregate: []string{"sum(price) as total"}})
	const text = "item,price\na,1.5\nb,2\na,3\n"
	var p preview
	s.do(t, http.MethodPost, "/api/v1/preview?name=shop/my.csv", text).decode(t, &p)
	if p.Result != "shop/my_aggregated_sales.csv" || p.Exists || !p.Readable || !p.AsItIs || len(p.Outcomes) != 1 || fmt.Sprint(p.Outcomes[0].Columns, p.Outcomes[0].Rows) != "[item total] [[a 4.5] [b 2.0]]" {
		t.Errorf("%+v", p)
	}
	if files, err := os.ReadDir(filepath.Join(s.folder, "raw")); err != nil || len(files) != 0 {
		t.Errorf("stored are %v, %v", files, err)
	}
	s.put(t, "shop/my.csv", text)
	s.work(t)
	if got, err := os.ReadFile(filepath.Join(s.folder, "processed", "shop", "my_aggregated_sales.csv")); err != nil || string(got) != "item,total\na,4.5\nb,2.0\n" {
		t.Errorf("%q, %v", got, err)
	}
	// Now there is a file of this name, and of the new one only the beginning is tried: its last
	// line is not whole.
	s.do(t, http.MethodPost, "/api/v1/preview?name=shop/my.csv&partial=1", text+"c,\"not who").decode(t, &p)
	if !p.Exists || !p.Partial || !p.Readable || fmt.Sprint(p.Outcomes[0].Rows) != "[[a 4.5] [b 2.0]]" {
		t.Errorf("%+v", p)
	}
	s.do(t, http.MethodPost, "/api/v1/preview?name=german.csv", "item;price\na;1.234,5\nb;2,25\n").decode(t, &p)
	if p.AsItIs || !strings.Contains(p.Values, `decimalChar: ","`) || fmt.Sprint(p.Outcomes[0].Rows) != "[[a 1234.50] [b 2.25]]" {
		t.Errorf("%+v", p)
	}
	// What has no result is not called readable.
	for _, text := range []string{`[{"item": "a", "price": 1}]`, "article,cost\na,1\n"} {
		p = preview{}
		s.do(t, http.MethodPost, "/api/v1/preview?name=other.csv", text).decode(t, &p)
		if p.Readable || p.AsItIs || len(p.Outcomes) == 0 || p.Outcomes[0].Problem == "" {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

// TestAPreviewIsWhatThePipelineMakes: it says of the settings of the pipeline what they do, whatever
// other ones would read of the file.
func TestAPreviewIsWhatThePipelineMakes(t *testing.T) {
	skip := dialect.Settings{OnBadRow: dialect.Skip, MaxBadShare: 0.5}
	for name, c := range map[string]struct {
		input    dialect.Settings
		text     string
		readable bool
		asItIs   bool
		values   string // a part of them
		outcomes string // the rows and how many are rejected, of each
		verdict  string
	}{
		"a row is left out": {skip, "store,amount\nA,1\nB,abc\nC,3\n", true, true, "", "[[A 1] [C 3]] 1; ",
			"The settings of the pipeline read it, and leave out 1 row that they do not read."},
		"a row that other settings read": {skip, "store,amount\nA,1\nB,NA\nC,3\n", true, true, `missingValues: ["NA"]`, "[[A 1] [C 3]] 1; [[A 1] [B ] [C 3]] 0; ",
			"and leave out 1 row that they do not read. The settings below would read it otherwise."},
		"a short row": {skip, "store,amount\nA,1\nB\nC,3\n", true, true, "raggedRows: pad", "[[A 1] [C 3]] 1; [[A 1] [B ] [C 3]] 0; ", "leave out 1 row"},
		"too many":    {skip, "store,amount\nA,1\nB,abc\nC,abc\n", false, false, "", "[[A 1] [B ] [C ]] 0; problem; ", "It has several readings"},
		"no row":      {dialect.Settings{}, "store,amount\nA,1\nB,abc\nC,3\n", false, false, "", "[[A 1] [B ] [C 3]] 0; problem; ", "It has several readings"},
		"every cell":  {skip, "store,amount\nA,1\nB,2\nC,3\n", true, true, "", "[[A 1] [B 2] [C 3]] 0; ", "The settings of the pipeline read every cell."},
		"an encoding that is not told": {dialect.Settings{}, "store,amount\n\xa3\xf3d\x9f,1\n", true, true, "", "[[£ódŸ 1]] 0; [[Łódź 1]] 0; ",
			"The settings of the pipeline read it. It may be meant otherwise:"},
		"with other settings alone": {dialect.Settings{}, "store;amount\nA;1,5\n", true, false, `decimalChar: ","`, "[[A 1.5]] 0; ", "The settings below read every cell."},
		"without the columns":       {skip, "shop,amount\nA,1\n", false, false, "", "problem; ", "No result can be made of it:"},
	} {
		t.Run(name, func(t *testing.T) {
			s := asking(t, query.Spec{GroupBy: []string{"store"}, Aggregate: []string{"sum(amount) as total"}, Input: c.input})
			var p preview
			s.do(t, http.MethodPost, "/api/v1/preview?name=a.csv", c.text).decode(t, &p)
			outcomes := ""
			for _, o := range p.Outcomes {
				if o.Problem == "" {
					outcomes += fmt.Sprint(o.Rows, " ", o.Rejected, "; ")
				} else {
					outcomes += "problem; "
				}
			}
			if p.Readable != c.readable || p.AsItIs != c.asItIs || !strings.Contains(p.Values, c.values) || outcomes != c.outcomes || p.AsItIs && len(p.Problems) > 0 {
				t.Errorf("%s\n%+v", outcomes, p)
			}
			s.put(t, "a.csv", c.text)
			expectParts(t, s.get(t, "/files/raw/a.csv", "Accept", asBrowser).body, c.verdict)
			s.work(t)
			var made api.FileDetail
			s.get(t, "/api/v1/files/raw/a.csv").decode(t, &made)
			if (made.State == api.StateDone) != p.AsItIs {
				t.Errorf("of the pipeline it is %s: %s", made.State, made.Reason)
			}
		})
	}
}

// A form without JavaScript is answered with a page.
func TestTheFormTriesFiles(t *testing.T) {
	s := asking(t, query.Spec{GroupBy: []string{"item"}, Aggregate: []string{"sum(price) as total"}})
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range []string{"a.csv", `C:\x\b.csv`} {
		part, _ := w.CreateFormFile("file", name)
		_, _ = part.Write([]byte("item,price\n" + name[len(name)-5:] + ",7\n"))
	}
	_ = w.Close()
	r := s.do(t, http.MethodPost, "/upload/preview", b.String(), "Content-Type", w.FormDataContentType(), "Accept", asBrowser)
	if r.StatusCode != http.StatusOK {
		t.Fatal(r.Status)
	}
	expectParts(t, r.body, "a_aggregated_sales.csv", "b_aggregated_sales.csv", "Nothing was stored", "a.csv</td>", "b.csv</td>")
}

// Trials are bounded, and no program is run for one.
func TestTrialsAreBounded(t *testing.T) {
	s := asking(t, query.Spec{GroupBy: []string{"item"}, Aggregate: []string{"count(*) as n"}})
	long := "item\n" + strings.Repeat("x\n", 2<<20)
	for where, want := range map[string]int{
		"/api/v1/preview?name=a.csv":           http.StatusRequestEntityTooLarge,
		"/api/v1/preview?name=../a.csv":        http.StatusBadRequest,
		"/api/v1/preview":                      http.StatusBadRequest,
		"/api/v1/preview?name=a.csv&partial=2": http.StatusBadRequest,
	} {
		text := "item\nx\n"
		if want == http.StatusRequestEntityTooLarge {
			text = long
		}
		if r := s.do(t, http.MethodPost, where, text); r.StatusCode != want || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: %s %s", where, r.Status, r.body)
		}
	}
	mark := filepath.Join(t.TempDir(), "ran")
	s = asking(t, query.Spec{Command: query.Command{Words: []string{"touch", mark}}})
	s.put(t, "waiting.csv", "item\nx\n")
	var p preview
	s.do(t, http.MethodPost, "/api/v1/preview?name=a.csv", "item\nx\n").decode(t, &p)
	page := s.get(t, "/files/raw/waiting.csv", "Accept", asBrowser).body
	if _, err := os.Stat(mark); err == nil || len(p.Outcomes) != 0 || !strings.Contains(p.Late, "program") || !strings.Contains(page, "a program makes the result") {
		t.Errorf("the program ran, or that it did not is not said: %v %+v", err, p)
	}
}
