package docs

import (
	"slices"
	"strings"
	"testing"
)

// TestImagesHoldOneBinary: each image is a base that has no shell, and one program without any
// library, run by somebody who is not root.
func TestImagesHoldOneBinary(t *testing.T) {
	stages, name := map[string][]string{}, ""
	for line := range strings.Lines(strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", " ")) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if words[0] == "FROM" {
			name = words[len(words)-1]
		}
		stages[name] = append(stages[name], strings.Join(words, " "))
	}
	has := func(stage, line string) {
		t.Helper()
		if !slices.Contains(stages[stage], line) {
			t.Errorf("the stage %q has no %s: %q", stage, line, stages[stage])
		}
	}
	has("", "ARG BASE_IMAGE=gcr.io/distroless/static:nonroot")
	has("base", "FROM ${BASE_IMAGE} AS base")
	has("base", "USER 65532:65532")
	if !strings.Contains(strings.Join(stages["build"], "\n"), "CGO_ENABLED=0") {
		t.Error("the programs are not static")
	}
	for stage, lines := range stages {
		if stage == "" || stage == "build" {
			continue
		}
		programs := 0
		for _, line := range lines {
			switch words := strings.Fields(line); words[0] {
			case "RUN", "ADD":
				t.Errorf("the stage %s changes the base: %s", stage, line)
			case "USER":
				if words[1] != "65532:65532" {
					t.Errorf("the stage %s: %s", stage, line)
				}
			case "COPY":
				if !strings.HasSuffix(line, " /data /data") {
					programs++
				}
			}
		}
		if stage == "base" || strings.HasPrefix(stage, "$") {
			if programs != 0 {
				t.Errorf("the stage %s has %d programs", stage, programs)
			}
			continue
		}
		has(stage, "FROM base AS "+stage)
		has(stage, "COPY --from=build /out/"+stage+" /"+stage)
		has(stage, `ENTRYPOINT ["/`+stage+`"]`)
		if programs != 1 {
			t.Errorf("the stage %s has %d programs", stage, programs)
		}
	}
	if len(stages) < 7 {
		t.Errorf("there are only the stages %v", stages)
	}
}
