package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/service"
)

// check is the subcommand that says of a configuration what it will do.
func check(args []string, getenv cli.Getenv, stdout io.Writer) error {
	fs := cli.NewFlags()
	var question service.QuestionFlags
	question.RegisterFlags(fs)
	names, err := cli.Parse(cli.Command{
		Name: "processor check",
		Args: "[flags] [NAME...]",
		About: `Says what the settings will do, before they are installed: the columns of the results, what is read
of the files and how, and what is likely not meant. Of names of files it says which dataset they
are of. It opens no file: processor describe does.

It ends with 2 where the settings are wrong, and says in which part and where.`,
		Examples: `processor check --config sales.yaml
processor check --config sales.yaml bank-2024.csv shop.csv
processor check --group-by region --aggregate 'sum(price * quantity) as revenue' --where "status = 'paid'"`,
		MaxArgs: -1,
		Flags:   fs,
	}, args, getenv, stdout)
	if err != nil {
		return err
	}
	questions, err := question.Compile()
	if err != nil {
		return err
	}
	var b strings.Builder
	sections := questions.Check()
	for i, s := range sections {
		if len(sections) > 1 {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintln(&b, s.Title)
		}
		for _, line := range s.Lines {
			fmt.Fprintln(&b, line)
		}
		for _, warning := range s.Warnings {
			fmt.Fprintln(&b, "warning: "+warning)
		}
	}
	for i, name := range names {
		if i == 0 {
			b.WriteByte('\n')
		}
		dataset := "of no dataset"
		if _, of := questions.For(name); of != "" {
			dataset = "dataset " + of
		}
		fmt.Fprintf(&b, "%s: %s\n", name, dataset)
	}
	_, err = io.WriteString(stdout, b.String())
	return err
}

// explain prints what would be done to answer the question of files.
func explain(ctx context.Context, out io.Writer, questions *query.Questions, names []string) error {
	question, _ := questions.ForPath(names[0])
	for _, line := range question.Explain() {
		fmt.Fprintln(out, line)
	}
	inputs, err := openInputs(ctx, names)
	defer inputs.close()
	if err != nil {
		return err
	}
	for i, name := range names {
		file, done, err := inputs.open[i]()
		if err != nil {
			return err
		}
		found, plain, err := question.Look(ctx, file)
		done()
		if err != nil {
			return err
		}
		way := "rewritten"
		if plain {
			way = "plain, as far as its beginning tells"
		}
		fmt.Fprintf(out, "%-9s%s: %s\n", "file:", name, strings.Join(append([]string{way}, found...), "; "))
	}
	return nil
}
