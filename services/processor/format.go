package main

import (
	"os"
	"path/filepath"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/service"
)

// compile makes the questions. Where no format is said, the name of --out tells it, and one
// that tells none is refused.
func (c aggregateConfig) compile() (*query.Questions, error) {
	config, err := c.question.Config()
	if err != nil {
		return nil, err
	}
	format, named := filestore.FormatOf(c.out)
	if named {
		for _, spec := range specs(&config) {
			if spec.Output.Format == "" {
				spec.Output.Format = format
			}
		}
	}
	questions, err := service.CompileQuestions(config)
	if err != nil {
		return nil, err
	}
	if err := questions.FindPrograms(); err != nil {
		return nil, cli.Usagef("--command (COMMAND): %v", err)
	}
	ending := filepath.Ext(c.out)
	if c.each || ending == "" || isSpecial(c.out) {
		return questions, nil
	}
	for _, name := range c.files {
		question, _ := questions.ForPath(name)
		if !named && question.Spec().Output.Format == "" && !question.IsCommand() {
			return nil, cli.Usagef("--out %s ends in %s, which names no format: expected .csv, .jsonl or .parquet, or --output-format that says what to write there", c.out, ending)
		}
		if asked := question.Format(); named && asked != format {
			return nil, cli.Usagef("--out %s ends in %s, and the format of the result of %s is %s: expected the same of both", c.out, format, name, asked)
		}
	}
	return questions, nil
}

// isSpecial says whether there is a device, a pipe or a folder.
func isSpecial(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && !fi.Mode().IsRegular()
}

// specs are those of a Config and of its datasets.
func specs(c *query.Config) []*query.Spec {
	all := []*query.Spec{&c.Spec}
	for i := range c.Datasets {
		all = append(all, &c.Datasets[i].Spec)
	}
	return all
}
