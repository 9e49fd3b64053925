package views

import (
	"time"

	"github.com/a-h/templ"
)

// These are templates that many others use. The compiler would copy all that they draw into each of
// those: 100 KB of the program.

//go:noinline
func when(t time.Time) templ.Component { return timeText(t) }

//go:noinline
func zoned(t time.Time) templ.Component { return zonedText(t) }

//go:noinline
func rawLink(base, name string) templ.Component { return rawLinkText(base, name) }

//go:noinline
func menu(p Frame, here, where, text string) templ.Component { return menuText(p, here, where, text) }

//go:noinline
func tile(class, where, text string, n int64) templ.Component { return tileText(class, where, text, n) }

//go:noinline
func act(p Frame, b button) templ.Component { return actText(p, b) }
