package web_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/web"
)

// bank is a file as spreadsheets write it: windows-1252, semicolons, a preamble, decimal commas.
func bank(t *testing.T, rows int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("Umsätze;\r\n\r\nTag;Empfänger;Betrag\r\n")
	for i := range rows {
		fmt.Fprintf(&b, "%02d.01.2024;Bäckerei %d;-1.%03d,50\r\n", i%28+1, i%3, i%1000)
	}
	text, err := charmap.Windows1252.NewEncoder().String(b.String())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// asking starts a site whose pipeline has a question.
func asking(t *testing.T, spec query.Spec) *site {
	t.Helper()
	questions, err := query.Config{Spec: spec}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Questions, c.ReadingTime = questions, time.Minute })
	s.questions = questions
	return s
}

var perMonth = query.Spec{GroupBy: []string{"month(Tag) as month"}, Aggregate: []string{"sum(Betrag) as total", "count(*) as n"}}

func expectParts(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}

// TestFailedFileShowsTheSettingsThatReadIt, and what would come of it with them.
func TestFailedFileShowsTheSettingsThatReadIt(t *testing.T) {
	s := asking(t, perMonth)
	s.put(t, "bank.csv", bank(t, 4))
	s.work(t)
	page := s.get(t, "/files/raw/bank.csv", "Accept", asBrowser)
	if page.StatusCode != http.StatusOK {
		t.Fatal(page.StatusCode)
	}
	expectParts(t, page.body, "Failed", "is not a", "How this file is read", "Windows-1252 text with semicolons between the fields, the header in line 3, CRLF line ends.",
		"decimalChar: &#34;,&#34;", "groupChar: &#34;.&#34;", "dateFormats: [&#34;%d.%m.%Y&#34;]", "The settings below read every cell.",
		"What comes of it with these settings", "Made from all 4 rows of the file.", ">2024-01</td>", ">-4008.00</td>",
		">Empfänger</a>", ">Bäckerei 2</td>")
}

// TestPreviewIsWhatComesOfTheFile once the settings are those of the pipeline.
func TestPreviewIsWhatComesOfTheFile(t *testing.T) {
	spec := perMonth
	spec.Input = dialect.Settings{DecimalChar: ",", GroupChar: ".", DateFormats: []string{"%d.%m.%Y"}}
	s := asking(t, spec)
	s.put(t, "bank.csv", bank(t, 4))
	page := s.get(t, "/files/raw/bank.csv", "Accept", asBrowser)
	expectParts(t, page.body, "The settings of the pipeline read every cell.", "What comes of it", ">-4008.00</td>")
	s.work(t)
	if result := s.get(t, "/files/processed/bank_aggregated_sales.csv"); !strings.Contains(result.body, "2024-01,-4008.00,4") {
		t.Errorf("the result is %q", result.body)
	}
	if page := s.get(t, "/files/raw/bank.csv", "Accept", asBrowser); strings.Contains(page.body, "What comes of it") {
		t.Error("a file with a result has a preview")
	}
}

// TestSeveralReadingsAreAllPreviewed: none is chosen.
func TestSeveralReadingsAreAllPreviewed(t *testing.T) {
	s := asking(t, query.Spec{GroupBy: []string{"lot"}, Aggregate: []string{"sum(tons) as total"}})
	s.put(t, "tons.csv", "lot;tons\na;1.234\na;500\n")
	page := s.get(t, "/files/raw/tons.csv", "Accept", asBrowser)
	expectParts(t, page.body, "It has several readings", "<code>decimalChar: &#34;.&#34;</code>", "What comes of it if 1.234 is 1.234", ">501.234</td>", "What comes of it if 1.234 is 1234", ">1734</td>")
}

func TestPreviewOfALargeFileIsOfItsBeginning(t *testing.T) {
	s := asking(t, perMonth)
	s.put(t, "bank.csv", bank(t, 200_000))
	page := s.get(t, "/files/raw/bank.csv", "Accept", asBrowser)
	expectParts(t, page.body, "A sample: made from the first ", "Looked at: 1.0 MiB of ", ">2024-01</td>")
}

// TestPageOfAFileThatTakesTooLong is there all the same, and says so.
func TestPageOfAFileThatTakesTooLong(t *testing.T) {
	s := start(t, func(c *web.Config) { c.ReadingTime = time.Nanosecond })
	s.put(t, "bank.csv", "a;b\n1;2\n")
	expectParts(t, s.get(t, "/files/raw/bank.csv", "Accept", asBrowser).body, "There was no time to look at more of this file", ">b</a>")
}

func TestPackedAndForeignFilesHaveAPage(t *testing.T) {
	s := asking(t, perMonth)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(bank(t, 4))); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	s.put(t, "bank.csv.gz", packed.String())
	s.put(t, "book.csv", "PK\x03\x04 and so on")
	s.put(t, "empty.csv", "")
	s.put(t, "other.csv", "a,b\n1,<script>alert(1)</script>\n")
	expectParts(t, s.get(t, "/files/raw/bank.csv.gz", "Accept", asBrowser).body, "packed by gzip", ">-4008.00</td>", ">Bäckerei 2</td>")
	expectParts(t, s.get(t, "/files/raw/book.csv", "Accept", asBrowser).body, "How this file is read", "the zip archive is damaged")
	expectParts(t, s.get(t, "/files/raw/empty.csv", "Accept", asBrowser).body, "The file is empty")
	other := s.get(t, "/files/raw/other.csv", "Accept", asBrowser).body
	expectParts(t, other, "no column &#34;Tag&#34;", "&lt;script&gt;alert(1)&lt;/script&gt;")
	if strings.Contains(other, "<script>alert") {
		t.Error("a cell is not escaped")
	}
}
