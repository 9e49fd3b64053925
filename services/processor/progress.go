package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"csv-pipeline/internal/groupby"
)

// patience is how long a person is left without a sign that something is done.
const patience = 2 * time.Second

// progress shows on a terminal how far the reading of so many bytes is, once it has taken a
// while. It returns what is to be told and what ends it; neither does anything elsewhere.
func progress(stderr io.Writer, total int64) (tell func(groupby.Progress), end func()) {
	f, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || total <= 0 {
		return nil, func() {}
	}
	began := time.Now()
	var bar *progressbar.ProgressBar
	tell = func(p groupby.Progress) {
		if bar == nil {
			if time.Since(began) < patience {
				return
			}
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(f), progressbar.OptionShowBytes(true),
				progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true))
		}
		_ = bar.Set64(min(p.Bytes, total))
	}
	return tell, func() {
		if bar != nil {
			_ = bar.Clear()
		}
	}
}
