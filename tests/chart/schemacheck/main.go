// Command schemacheck checks a YAML file against a JSON schema.
//
//	schemacheck SCHEMA.json FILE.yaml
//
// It exits 1 with every place where the file departs from the schema, and 2 on wrong usage.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	if len(args) != 2 {
		fmt.Fprintln(stderr, "usage: schemacheck SCHEMA.json FILE.yaml")
		return 2
	}
	if err := check(args[0], args[1]); err != nil {
		fmt.Fprintf(stderr, "schemacheck: %v\n", err)
		return 1
	}
	return 0
}

func check(schemaPath, filePath string) error {
	schema, err := jsonschema.NewCompiler().Compile(schemaPath)
	if err != nil {
		return fmt.Errorf("reading the schema: %w", err)
	}
	text, err := os.ReadFile(filePath)
	if err != nil {
		return fmt.Errorf("reading the file: %w", err)
	}
	// Strict: a key that is there twice is an error too.
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return fmt.Errorf("%s: %w", filePath, err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return fmt.Errorf("%s: %w", filePath, err)
	}
	if err := schema.Validate(document); err != nil {
		return fmt.Errorf("%s: %w", filePath, err)
	}
	return nil
}
