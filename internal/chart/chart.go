// Package chart draws SVG charts, for pages without JavaScript and for download.
// Colours are attributes that a page's style sheet may override: the n-th series
// has the class s0 to s9, texts and axes have the classes text and axis.
package chart

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// Kind is how values are drawn.
type Kind string

// The kinds.
const (
	Lines Kind = "lines"
	Bars  Kind = "bars" // stacked where there are several series
)

// Series is what one colour shows.
type Series struct {
	Name   string
	Values []float64 // NaN: none
}

// Chart is what is to be drawn.
type Chart struct {
	Title         string // for those who cannot see it
	Kind          Kind
	Labels        []string // of the points along the x axis
	Pale          []bool   // the points that are not whole; nil: none
	Series        []Series
	Width, Height int
	Legend        bool
}

// Palette is the colours of the series, told apart by people with the common kinds
// of colour blindness: after B. Wong, "Points of view: Color blindness", Nature
// Methods 8 (2011), darkened to stand out from white by 3 to 1.
var Palette = []string{"#0072b2", "#d55e00", "#00876a", "#b0579a", "#8a6d00", "#2e8fc0", "#5f5f5f", "#a03c3c", "#4b4fb5", "#6b7f1e"}

const (
	left, right, top, bottom = 58, 12, 12, 30
	legendLine               = 20
)

// SVG draws the chart. All texts are escaped.
func (c Chart) SVG() string {
	var b strings.Builder
	plotW, plotH := float64(c.Width-left-right), float64(c.Height-top-bottom)
	height := c.Height
	if c.Legend {
		height += legendLine * ((len(c.Series) + 2) / 3)
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s" font-family="system-ui,sans-serif" font-size="12">`,
		c.Width, height, c.Width, height, html.EscapeString(c.Title))
	low, high := c.bounds()
	ticks := Ticks(low, high, 5)
	low, high = min(low, ticks[0]), max(high, ticks[len(ticks)-1])
	y := func(v float64) float64 { return top + plotH*(1-(v-low)/(high-low)) }
	for _, tick := range ticks {
		fmt.Fprintf(&b, `<path class="axis" d="M%d %.1fH%d" stroke="#d5dae1" fill="none"/><text class="text" x="%d" y="%.1f" text-anchor="end" fill="#5b6675">%s</text>`,
			left, y(tick), c.Width-right, left-8, y(tick)+4, Format(tick))
	}
	n := len(c.Labels)
	slot := plotW / float64(max(1, n))
	x := func(i int) float64 { return left + slot*(float64(i)+0.5) }
	if n > 0 {
		widest := 1
		for _, l := range c.Labels {
			widest = max(widest, len([]rune(l)))
		}
		every := max(1, int(math.Ceil(float64(8*min(widest, 20)+12)/slot)))
		for i := 0; i < n; i += every {
			fmt.Fprintf(&b, `<text class="text" x="%.1f" y="%d" text-anchor="middle" fill="#5b6675">%s</text>`,
				x(i), c.Height-10, html.EscapeString(cut(c.Labels[i], 20)))
		}
	}
	if c.Kind == Lines {
		c.lines(&b, x, y)
	} else {
		c.bars(&b, slot, x, y)
	}
	if c.Legend {
		for i, s := range c.Series {
			at := left + (i%3)*(c.Width-left)/3
			down := c.Height + (i/3)*legendLine + 4
			fmt.Fprintf(&b, `<rect class="s%d" x="%d" y="%d" width="10" height="10" rx="2" fill="%s"/><text class="text" x="%d" y="%d" fill="#5b6675">%s</text>`,
				i%len(Palette), at, down, Palette[i%len(Palette)], at+16, down+9, html.EscapeString(cut(s.Name, 30)))
		}
	}
	b.WriteString("</svg>")
	return b.String()
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func (c Chart) bounds() (low, high float64) {
	for i := range c.Labels {
		var up, down float64
		for _, s := range c.Series {
			v := s.Values[i]
			switch {
			case math.IsNaN(v):
			case c.Kind == Lines:
				low, high = min(low, v), max(high, v)
			case v < 0:
				down += v
			default:
				up += v
			}
		}
		low, high = min(low, down), max(high, up)
	}
	if low == high {
		high = low + 1
	}
	return low, high
}

func (c Chart) lines(b *strings.Builder, x func(int) float64, y func(float64) float64) {
	for s, series := range c.Series {
		var whole, pale, ends strings.Builder
		there := func(i int) bool { return i >= 0 && i < len(series.Values) && !math.IsNaN(series.Values[i]) }
		gap := true
		for i, v := range series.Values {
			if math.IsNaN(v) {
				gap = true
				continue
			}
			// Of a point alone there is no line, and of a few it is too short to see.
			if i > 0 && !there(i-1) || i < len(series.Values)-1 && !there(i+1) || len(series.Values) == 1 {
				fmt.Fprintf(&ends, "M%.1f %.1fh.01", x(i), y(v))
			}
			switch {
			case gap:
				fmt.Fprintf(c.pen(i, &whole, &pale), "M%.1f %.1f", x(i), y(v))
			case c.pale(i - 1), c.pale(i):
				fmt.Fprintf(&pale, "M%.1f %.1fL%.1f %.1f", x(i-1), y(series.Values[i-1]), x(i), y(v))
				if !c.pale(i) {
					fmt.Fprintf(&whole, "M%.1f %.1f", x(i), y(v))
				}
			default:
				fmt.Fprintf(&whole, "L%.1f %.1f", x(i), y(v))
			}
			gap = false
		}
		for _, part := range []struct {
			d, opacity string
			width      int
		}{{pale.String(), ` opacity="0.35"`, 2}, {whole.String(), "", 2}, {ends.String(), "", 6}} {
			if part.d != "" {
				fmt.Fprintf(b, `<path class="line s%d" d="%s" stroke="%s"%s fill="none" stroke-width="%d" stroke-linejoin="round" stroke-linecap="round"><title>%s</title></path>`,
					s%len(Palette), part.d, Palette[s%len(Palette)], part.opacity, part.width, html.EscapeString(series.Name))
			}
		}
	}
}

func (c Chart) pale(i int) bool { return i < len(c.Pale) && c.Pale[i] }

func (c Chart) pen(i int, whole, pale *strings.Builder) *strings.Builder {
	if c.pale(i) {
		return pale
	}
	return whole
}

func (c Chart) bars(b *strings.Builder, slot float64, x func(int) float64, y func(float64) float64) {
	width := max(0.5, min(slot*0.72, 64))
	for i, label := range c.Labels {
		var up, down float64
		opacity := ""
		if c.pale(i) {
			opacity = ` opacity="0.35"`
		}
		for s, series := range c.Series {
			v := series.Values[i]
			if math.IsNaN(v) || v == 0 {
				continue
			}
			from := up
			if v < 0 {
				from = down
				down += v
			} else {
				up += v
			}
			upper, lower := y(max(from, from+v)), y(min(from, from+v))
			fmt.Fprintf(b, `<rect class="s%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"%s><title>%s</title></rect>`,
				s%len(Palette), x(i)-width/2, upper, width, max(0.5, lower-upper), Palette[s%len(Palette)], opacity,
				html.EscapeString(strings.TrimPrefix(label+" · "+series.Name+": ", " · ")+Exact(v)))
		}
	}
}

// Ticks returns about n round numbers from below low to above high: steps of 1, 2
// or 5 times a power of ten.
func Ticks(low, high float64, n int) []float64 {
	raw := (high - low) / float64(n)
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{2, 2.5, 2} {
		if step < raw {
			step *= f
		}
	}
	var ticks []float64
	for i := math.Floor(low / step); ; i++ {
		ticks = append(ticks, i*step)
		if i*step >= high || len(ticks) > 4*n {
			return ticks
		}
	}
}

// Format is a short text of an axis value: 1500 becomes 1.5k.
func Format(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= unit.size {
			return strconv.FormatFloat(v/unit.size, 'g', 4, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// Exact is the shortest exact text.
func Exact(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
