package views

import (
	"strings"

	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
)

// questionPart is a part of a question: its name in words, and what is said.
type questionPart struct{ name, text string }

// questionLines are the parts of a question that are said.
func questionLines(q api.Question) (parts []questionPart) {
	say := func(name, text string) {
		if text != "" {
			parts = append(parts, questionPart{name, text})
		}
	}
	if len(q.Command) > 0 {
		say("the command", strings.Join(q.Command, " "))
	} else {
		say("select", strings.Join(q.Select, ", "))
		say("group by", strings.Join(q.GroupBy, ", "))
		say("compute", strings.Join(q.Aggregate, ", "))
	}
	say("where", q.Where)
	say("having", q.Having)
	say("order by", strings.Join(q.OrderBy, ", "))
	if q.Limit > 0 {
		say("limit", format.Int(q.Limit))
	}
	say("read with", q.Input)
	say("as", string(q.Format))
	return parts
}

// answeredTitle says whose question it is that is shown of a result.
func answeredTitle(d FileData) string {
	title := "What was asked"
	if d.Settings != api.SettingsCurrent {
		title = "What is asked by now"
	}
	if d.Question.Dataset != "" {
		title += ", as of the dataset " + format.Visible(d.Question.Dataset)
	}
	return title
}

// againCommand is the command that has a raw file done again, for a shell.
func againCommand(raw, flag string) string {
	glob := strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(raw)
	return "enqueue --outdated " + flag + "'" + strings.ReplaceAll(glob, "'", `'\''`) + "'"
}
