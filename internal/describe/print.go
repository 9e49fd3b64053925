package describe

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"csv-pipeline/internal/dialect"
)

// Unreadable is the description of a file that is no CSV file, or none that can be read at all.
func Unreadable(file dialect.File, why error) *Description {
	return &Description{File: file.Name, Size: file.Size, Columns: []Column{}, Input: map[string]any{}, Choices: []Choice{}, Notes: []string{}, Problems: []string{why.Error()}}
}

// Verdict says in a sentence whether the settings read the file.
func (d *Description) Verdict() string {
	switch {
	case d.Readable && len(d.Input) == 0:
		return d.File + " is read as it is: no setting is needed"
	case d.Readable:
		return d.File + " is read with these settings"
	case len(d.Problems) == 1:
		return d.Problems[0]
	case len(d.Problems) > 1:
		return fmt.Sprintf("%s: it cannot be read for %d reasons", d.File, len(d.Problems))
	case len(d.Choices) == 1:
		return d.Choices[0].About + ": expected one of the settings above"
	}
	return fmt.Sprintf("%s: %d things have several readings: expected a choice for each", d.File, len(d.Choices))
}

// Print writes the description as a text for people.
func (d *Description) Print(out io.Writer) error {
	w := &strings.Builder{}
	fmt.Fprintf(w, "%s\n", shown(d.File))
	if d.Layout.Found == "" {
		for _, problem := range d.Problems {
			fmt.Fprintf(w, "  cannot be read: %s\n", shown(problem))
		}
		_, err := io.WriteString(out, w.String())
		return err
	}
	fmt.Fprintf(w, "  %s\n  %s.\n\n", shown(d.Layout.Found), d.read())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  COLUMN\tTYPE\tEMPTY\tUNREADABLE\tEXAMPLES\n")
	for _, c := range d.Columns {
		examples := make([]string, len(c.Examples))
		for i, example := range c.Examples {
			examples[i] = short(example, 24)
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", short(c.Name, 40), strings.TrimSpace(c.Type+" "+strings.Join(c.Formats, " or ")), share(c.Empty), share(c.Unreadable), strings.Join(examples, " · "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	list := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintf(w, "\n%s\n", title)
		for _, line := range lines {
			fmt.Fprintf(w, "  %s\n", shown(line))
		}
	}
	list("Found:", d.Notes)
	list("Cannot be read:", d.Problems)
	if len(d.Choices) > 0 {
		fmt.Fprintf(w, "\nYours to say:\n")
		for _, c := range d.Choices {
			fmt.Fprintf(w, "  %s\n", shown(c.About))
			for _, o := range c.Options {
				flags := o.Flags
				if flags == "" {
					flags = "(no setting)"
				}
				fmt.Fprintf(w, "    %s: %s\n", shown(o.Means), flags)
			}
		}
	}
	switch {
	case len(d.Input) > 0:
		title := "Settings that read every cell"
		if !d.Readable || d.LeftOut > 0 {
			title = "Settings that read the rest"
		}
		fmt.Fprintf(w, "\n%s, as flags:\n  %s\n\nas values of the chart:\n%s\nfor files that are named so, with processor: or --config:\n%s", title, d.Flags, indented(d.Values), indented(d.Dataset))
	case d.Readable:
		fmt.Fprintf(w, "\nEvery cell is read as it is: no setting is needed.\n")
	}
	_, err := io.WriteString(out, w.String())
	return err
}

// read says how much of the file was read.
func (d *Description) read() string {
	rows := plural(int(d.Rows), "row", "rows")
	if d.Sampled {
		parts := "its beginning, middle and end"
		if d.Layout.Container != "" || strings.HasPrefix(d.Layout.Encoding, "utf-16") {
			parts = "its beginning"
		}
		return fmt.Sprintf("%s of %s were read: %d of %d bytes; --all reads every row", rows, parts, d.BytesRead, d.Size)
	}
	return fmt.Sprintf("%s, %s: all was read", rows, plural(int(d.Size), "byte", "bytes"))
}

func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}

// share is a share in percent; 0 is left out, and a small one is not 0.
func share(x float64) string {
	switch {
	case x == 0:
		return "-"
	case x < 0.001:
		return "< 0.1 %"
	}
	return strconv.FormatFloat(100*x, 'f', 1, 64) + " %"
}

func short(text string, most int) string {
	runes := []rune(shown(text))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

// shown is a text without what moves a terminal's cursor.
func shown(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return text
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
