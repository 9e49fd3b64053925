package main

import (
	"path/filepath"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/service"
)

// compile makes the questions. Where no format is said, the name of --out tells it.
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
	for _, name := range c.files {
		if asked := questions.Format(filepath.Base(name)); named && asked != format && !c.each {
			return nil, cli.Usagef("--out %s ends in %s, and the format of the result of %s is %s: expected the same of both", c.out, format, name, asked)
		}
	}
	return questions, nil
}

// specs are those of a Config and of its datasets.
func specs(c *query.Config) []*query.Spec {
	all := []*query.Spec{&c.Spec}
	for i := range c.Datasets {
		all = append(all, &c.Datasets[i].Spec)
	}
	return all
}
