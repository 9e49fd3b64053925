// Command asjobs reads manifests and writes them with every ScaledJob as a plain Job of its pod
// template, for tools that know Kubernetes' own kinds only.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	sigsyaml "sigs.k8s.io/yaml"
)

func main() {
	if err := convert(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "asjobs: %v\n", err)
		os.Exit(1)
	}
}

func convert(in io.Reader, out io.Writer) error {
	documents := yaml.NewYAMLToJSONDecoder(in)
	for {
		var document map[string]any
		if err := documents.Decode(&document); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading manifests: %w", err)
		}
		if len(document) == 0 {
			continue
		}
		text, err := sigsyaml.Marshal(document)
		if err != nil {
			return fmt.Errorf("writing a manifest: %w", err)
		}
		if document["kind"] == "ScaledJob" {
			if text, err = asJob(text); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(out, "---\n%s", text); err != nil {
			return err
		}
	}
}

func asJob(text []byte) ([]byte, error) {
	var scaled kedav1alpha1.ScaledJob
	if err := sigsyaml.UnmarshalStrict(text, &scaled); err != nil {
		return nil, fmt.Errorf("reading a ScaledJob: %w", err)
	}
	return sigsyaml.Marshal(batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Name: scaled.Name, Namespace: scaled.Namespace, Labels: scaled.Labels},
		Spec:       *scaled.Spec.JobTargetRef,
	})
}
