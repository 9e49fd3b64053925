package main

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/service"
)

// exampleSettings are settings for files with other columns.
const exampleSettings = "GROUP_BY=store AGGREGATE='sum(amount)'"

// greeting is what standalone prints when it has started.
type greeting struct {
	config
	home
	command   string // the command line that started it
	page      string // the address of its page
	demoFails error  // why there are no demo files; nil if there are, or if none are wanted
}

func (g greeting) print(w io.Writer) {
	fmt.Fprintf(w, "csv-pipeline is at %s\n", g.page)
	if g.folder != "" {
		fmt.Fprintf(w, "Copy a CSV file into %s and its result appears in %s: cp my.csv %s\n",
			slashed(g.folder, "raw"), slashed(g.folder, "processed"), cli.Quote(slashed(g.folder, "raw")))
	} else {
		fmt.Fprintf(w, "A CSV file that is put below raw/ of %s has its result below processed/.\n", g.store)
	}
	fmt.Fprintf(w, "It computes: %s\n", asked(g.question))
	if g.configured != "" {
		fmt.Fprintf(w, "For the columns of your files, name them in %s, as groupBy and aggregate; then stop it and start it again: %s\n", g.configured, g.command)
	} else {
		fmt.Fprintf(w, "For the columns of your files, stop it and name them: %s %s\n", exampleSettings, g.command)
	}
	if g.folder != "" {
		enqueue := cli.Quote(os.Args[0]) + " enqueue --outdated"
		if g.store != defaultStore {
			enqueue += " --store-url " + cli.Quote(g.store)
		}
		fmt.Fprintf(w, "Then have the results that were made with other settings made again, while it runs: %s\n", enqueue)
	}
	if g.demoFails != nil {
		fmt.Fprintf(w, "No demo files are made, they do not suit that: %v\n", g.demoFails)
	}
	secret := g.token
	if file := cmp.Or(g.tokenFile, g.auth.TokenFile); file != "" {
		secret = "$(cat " + cli.Quote(file) + ")"
	}
	if secret != "" {
		fmt.Fprintf(w, "To upload: curl -H \"Authorization: Bearer %s\" -T my.csv %s/files/raw/\n", secret, g.page)
	}
	if g.token != "" {
		fmt.Fprintf(w, "To upload, retry and drop files on the page, log in with the token %s\n", g.token)
	}
	fmt.Fprintln(w, "Ctrl-C ends it.")
}

// command returns what is typed to start this program again with the flags that were given, by
// flags or by the environment.
func command(getenv cli.Getenv, given []*pflag.Flag) string {
	if _, made := getenv("MAKELEVEL"); made { // make passes no flags
		words := ""
		for _, f := range given {
			words += cli.EnvName(f.Name) + "=" + cli.Quote(f.Value.String()) + " "
		}
		return words + "make run"
	}
	words := cli.Quote(os.Args[0])
	for _, f := range given {
		if words += " --" + f.Name; f.Value.Type() != "bool" || f.Value.String() != "true" {
			words += "=" + cli.Quote(f.Value.String())
		}
	}
	return words
}

func slashed(folder, area string) string {
	return filepath.Join(folder, area) + string(filepath.Separator)
}

// address returns the URL that a person types into a browser.
func address(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// asked is the question as the environment says it.
func asked(flags service.QuestionFlags) string {
	c, err := flags.Config()
	if err != nil {
		return err.Error() // which has been told before
	}
	if words := c.Command.Words; len(words) > 0 {
		return "what this makes of a file: " + strings.Join(words, " ")
	}
	if len(c.Select) > 0 {
		return "SELECT=" + cli.Quote(strings.Join(c.Select, ", "))
	}
	if len(c.GroupBy)+len(c.Aggregate) == 0 {
		c.Spec = query.Default
	}
	return fmt.Sprintf("GROUP_BY=%s AGGREGATE=%s", cli.Quote(strings.Join(c.GroupBy, ", ")), cli.Quote(strings.Join(c.Aggregate, ", ")))
}
