// Command gitops says of objects of a cluster what Argo CD would say, by Argo CD's own library. It is a module of its
// own because that library needs all of Kubernetes.
//
// It reads JSON objects {"config": …, "live": …} from standard input: an object as it was applied, and as the cluster
// has it. For each it prints a line: kind/name, Synced or OutOfSync, and the health, which is None for kinds without.
// The exit code is 1 if an object is out of sync, or its health is neither Healthy nor None.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/diff"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func main() {
	ok, err := judge(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func judge(in io.Reader, out io.Writer) (ok bool, err error) {
	ok = true
	for pairs := json.NewDecoder(in); ; {
		var pair struct{ Config, Live unstructured.Unstructured }
		if err := pairs.Decode(&pair); errors.Is(err, io.EOF) {
			return ok, nil
		} else if err != nil {
			return false, err
		}
		difference, err := diff.Diff(&pair.Config, &pair.Live)
		if err != nil {
			return false, err
		}
		condition, err := health.GetResourceHealth(&pair.Live, nil)
		if err != nil {
			return false, err
		}
		sync, state := "Synced", "None"
		if difference.Modified {
			sync = fmt.Sprintf("OutOfSync\napplied %s\nlive    %s\n", difference.PredictedLive, difference.NormalizedLive)
		}
		if condition != nil {
			state = string(condition.Status)
			ok = ok && condition.Status == health.HealthStatusHealthy
		}
		ok = ok && !difference.Modified
		fmt.Fprintf(out, "%s/%s %s %s\n", pair.Live.GetKind(), pair.Live.GetName(), sync, state)
	}
}
