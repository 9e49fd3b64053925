//go:build e2e

package e2e

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// image is an image as the chart's values take it.
type image struct {
	Registry   string `json:"registry"`
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
}

func (i image) String() string {
	if i.Registry == "" {
		return i.Repository + ":" + i.Tag
	}
	return i.Registry + "/" + i.Repository + ":" + i.Tag
}

// parseImage takes registry/repository:tag apart as Docker does.
func parseImage(reference string) image {
	var parsed image
	if colon := strings.LastIndex(reference, ":"); colon > strings.LastIndex(reference, "/") {
		reference, parsed.Tag = reference[:colon], reference[colon+1:]
	}
	first, rest, several := strings.Cut(reference, "/")
	if several && (first == "localhost" || strings.ContainsAny(first, ".:")) {
		parsed.Registry, reference = first, rest
	}
	parsed.Repository = reference
	return parsed
}

// imageSet is the services' images, and how many bytes each may have.
type imageSet struct {
	buckets bool
	largest float64
	built   map[string]image
}

var (
	forVolumes = &imageSet{largest: 20e6}
	// forBuckets has the clients of three clouds.
	forBuckets = &imageSet{largest: 40e6, buckets: true}
)

// build builds the images and copies them to the cluster's nodes, once for all tests.
// A tag names the content, so that a cluster that has an older image of the name does not run that one.
func (s *imageSet) build(t *testing.T) map[string]image {
	t.Helper()
	if s.built != nil {
		return s.built
	}
	images := map[string]image{}
	var references []string
	for _, service := range []string{"generator", "processor", "inspector"} {
		args := []string{"build", "--quiet", "--target", service, "--build-arg", "VERSION=e2e", "--build-arg", "BUCKETS=" + strconv.FormatBool(s.buckets)}
		for _, name := range []string{"GO_IMAGE", "BASE_IMAGE", "GOPROXY"} {
			if value := os.Getenv(name); value != "" {
				args = append(args, "--build-arg", name+"="+value)
			}
		}
		id := run(t, "docker", append(args, ".")...)
		is := image{"localhost", "csv-pipeline/" + service, "e2e-" + strings.TrimPrefix(id, "sha256:")[:12]}
		run(t, "docker", "tag", id, is.String())
		images[service], references = is, append(references, is.String())

		size, err := strconv.ParseFloat(run(t, "docker", "image", "inspect", "--format", "{{.Size}}", id), 64)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("image %s, buckets %t: %.1f MB", service, s.buckets, size/1e6)
		if size >= s.largest {
			t.Errorf("the image of the %s is not below %.0f MB", service, s.largest/1e6)
		}
	}
	loadImages(t, references)
	s.built = images
	return images
}

// breakImage makes an image of another one that cannot start, and copies it to the cluster's nodes.
func breakImage(t *testing.T, working image) image {
	t.Helper()
	broken := image{working.Registry, working.Repository, working.Tag + "-broken"}
	runWith(t, "FROM "+working.String()+"\nENTRYPOINT [\"/broken\"]\n", "docker", "build", "--quiet", "--tag", broken.String(), "-")
	loadImages(t, []string{broken.String()})
	return broken
}

func loadImages(t *testing.T, references []string) {
	t.Helper()
	if command := os.Getenv("LOAD_IMAGES"); command != "" {
		run(t, "sh", append([]string{"-c", command + ` "$@"`, "sh"}, references...)...)
		return
	}
	context := run(t, "kubectl", "config", "current-context")
	if name, isKind := strings.CutPrefix(context, "kind-"); isKind {
		run(t, "kind", append([]string{"load", "docker-image", "--name", name}, references...)...)
		return
	}
	if _, err := tryRun(t.Context(), "", "minikube", "--profile", context, "status"); err == nil {
		run(t, "minikube", append([]string{"--profile", context, "image", "load"}, references...)...)
		return
	}
	t.Fatalf("the cluster %q is neither kind nor minikube: set LOAD_IMAGES to a command that takes names of images and copies them to its nodes", context)
}
