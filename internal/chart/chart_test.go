package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"csv-pipeline/internal/chart"
)

// count returns how often each element is in an SVG, which must be well-formed XML.
func count(t *testing.T, svg string) map[string]int {
	t.Helper()
	n := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		if start, ok := token.(xml.StartElement); ok {
			n[start.Name.Local]++
		}
	}
}

func TestSVG(t *testing.T) {
	c := chart.Chart{Title: `a "title" <script>`, Labels: []string{"x<y", "b", "c"}, Width: 600, Height: 200,
		Series: []chart.Series{{Name: "<b>", Values: []float64{1, 2, math.NaN()}}, {Name: "&", Values: []float64{-3, 4, 5}}}}
	c.Kind = chart.Bars
	if n := count(t, c.SVG()); n["rect"] != 5 || n["script"] != 0 {
		t.Errorf("bars: %v", n)
	}
	c.Kind, c.Legend = chart.Lines, true
	if n := count(t, c.SVG()); n["rect"] != 2 || n["path"] < 2 {
		t.Errorf("lines: %v", n)
	}
	c.Pale = []bool{true, false, false}
	if svg := c.SVG(); strings.Count(svg, "opacity") != 2 || count(t, svg)["path"] < 4 {
		t.Errorf("pale lines: %s", svg)
	}
	c.Kind, c.Legend = chart.Bars, false
	if svg := c.SVG(); strings.Count(svg, "opacity") != 2 || count(t, svg)["rect"] != 5 {
		t.Errorf("pale bars: %s", svg)
	}
	for _, empty := range []chart.Chart{{Width: 100, Height: 100}, {Width: 100, Height: 100, Labels: []string{"a"}, Series: []chart.Series{{Values: []float64{0}}}}} {
		if svg := empty.SVG(); count(t, svg)["svg"] != 1 || strings.Contains(svg, "NaN") {
			t.Error(svg)
		}
	}
}

func TestTicksCoverTheRange(t *testing.T) {
	for _, r := range [][2]float64{{0, 1}, {0, 1185}, {-7, 13}, {0, 0.003}, {0, 5e9}, {-100, -1}} {
		ticks := chart.Ticks(r[0], r[1], 5)
		if ticks[0] > r[0] || ticks[len(ticks)-1] < r[1] || len(ticks) < 3 || len(ticks) > 14 {
			t.Errorf("%v: %v", r, ticks)
		}
	}
}

// Points beside a gap have marks: of one alone there is no line.
func TestPointsBesideGaps(t *testing.T) {
	none := math.NaN()
	svg := chart.Chart{Kind: chart.Lines, Labels: make([]string, 8), Width: 600, Height: 200, Series: []chart.Series{{Values: []float64{3, none, none, 1, 2, 4, 2, none}}}}.SVG()
	if strings.Count(svg, `stroke-width="6"`) != 1 || strings.Count(svg, "h.01") != 3 || strings.Count(svg, `stroke-width="2"`) != 1 {
		t.Error(svg)
	}
}
