// Package views draws the pages of the inspector: the templates, which templ compiles
// to Go, and what each of them shows. It knows nothing of requests.
package views

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
)

// Assets are the scripts, styles and pictures of the pages.
//
//go:embed assets
var Assets embed.FS

// AssetsVersion is a digest of all assets. Pages ask for them by it, so that a browser
// may keep them for ever.
var AssetsVersion = func() string {
	sum := sha256.New()
	err := fs.WalkDir(Assets, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := Assets.ReadFile(name)
		sum.Write(text)
		return err
	})
	if err != nil {
		panic(err) // embedded at build time
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}()

// Frame is what every page has around its own part.
type Frame struct {
	Title    string
	Here     string    // the entry of the menu that is highlighted
	Base     string    // the path that all addresses begin with; it ends with a slash
	Origin   string    // scheme and host by which the browser came, with nothing that a shell would take for more; or ""
	Writable bool      // with a token or password, files can be changed
	LoggedIn bool      // by a session, which the page can end
	At       string    // the address of the page below Base, to which a login leads back
	Back     bool      // of the page of a problem: At is the page with the form that was sent
	Notice   string    // what the last action did
	Stale    time.Time // when the files were listed, while listing them fails
	Counts   MenuCounts
}

// MenuCounts are how many files wait and have failed, beside the entries of the menu.
type MenuCounts struct{ Waiting, Failed int64 }

// CountsOf are the counts of a status.
func CountsOf(st api.Status) MenuCounts { return MenuCounts{st.Waiting + st.Unqueued, st.Failed} }

// loginAddress is the login form, which leads back to this page.
func (p Frame) loginAddress() string {
	if p.At == "" {
		return p.Base + "login"
	}
	return p.Base + "login?" + url.Values{"next": {p.At}}.Encode()
}

// brief is a number in at most four characters, such as 12k; "" for 0.
func brief(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n < 1000:
		return format.Int(n)
	case n < 999_500:
		return format.Int((n+500)/1000) + "k"
	}
	return format.Int((n+500_000)/1_000_000) + "M"
}

// quoted is a text within single quotes of a shell.
func quoted(text string) string { return strings.ReplaceAll(text, "'", `'\''`) }

// asset is the address of a file of Assets.
func (p Frame) asset(name string) string { return p.Base + "assets/" + name + "?v=" + AssetsVersion }

// Paging is which part of a long list a page shows, and the addresses of the pages
// before and after it.
type Paging struct {
	First, Last, Total int    // from 1
	Previous, Next     string // "" where there is none
	Start, End         string // the first and the last page
}

// beyond reports whether the page begins after the last of all.
func (g Paging) beyond() bool { return g.Total > 0 && g.Last > g.Total }

// NewPaging is the paging of a page that begins after offset elements, has at most limit
// and shows so many of total. at is the address of the page that begins after an offset.
func NewPaging(offset, limit, shown, total int, at func(offset int) string) Paging {
	g := Paging{First: min(offset+1, total), Last: offset + shown, Total: total}
	g.Start, g.End = at(0), at(max(0, total-1)/limit*limit)
	if offset > 0 {
		g.Previous = at(max(0, offset-limit))
	}
	if g.Last < total {
		g.Next = at(g.Last)
	}
	return g
}

// LoginData is what the login form shows.
type LoginData struct {
	Next            string // where to go after the login
	Wrong           string // why the last attempt failed
	Token, Password bool   // which of them is accepted
}
