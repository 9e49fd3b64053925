package events_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"go.uber.org/zap"

	"csv-pipeline/internal/events"
	"csv-pipeline/internal/queue"
)

func TestMistakesInAConfigurationNameTheField(t *testing.T) {
	const url = "http: {url: 'http://a'}"
	for config, want := range map[string]string{
		"sinks: [{name: A, " + url + "}]":                                "sinks[0].name: ",
		"sinks: [{name: a, " + url + "}, {name: a, " + url + "}]":        "sinks[1].name: ",
		"sinks: [{name: a, types: [done], " + url + "}]":                 "sinks[0].types[0]: \"done\": expected one of result.done, file.failed",
		"sinks: [{name: a, files: ['['], " + url + "}]":                  "sinks[0].files[0]: ",
		"sinks: [{name: a, from: here, " + url + "}]":                    "sinks[0].from: ",
		"sinks: [{name: a}]":                                             "sinks[0].http, redis: ",
		"sinks: [{name: a, http: {url: 'ftp://a'}}]":                     "sinks[0].http.url: ",
		"sinks: [{name: a, http: {url: 'http://u:secret@a'}}]":           "sinks[0].http.url: ",
		"sinks: [{name: a, http: {url: 'http://a', mode: batch}}]":       "sinks[0].http.mode: ",
		"sinks: [{name: a, http: {url: 'http://a', parallel: 1000}}]":    "sinks[0].http.parallel: ",
		"sinks: [{name: a, http: {url: 'http://a', timeout: soon}}]":     "sinks[0].http.timeout: expected a time such as 10s",
		"sinks: [{name: a, http: {url: 'http://a', timeout: 10}}]":       "sinks[0].http.timeout: expected a time such as 10s",
		"source: not a uri":                                              "source: ",
		"sinks: [{name: a, http: {adress: 'http://a'}}]":                 "unknown field \"adress\"",
		"sinks: [{name: a, redis: {url: 'http://a', list: b}}]":          "sinks[0].redis.url: ",
		"sinks: [{name: a, redis: {url: 'redis://:secret@a', list: b}}]": "sinks[0].redis.url: ",
		"sinks: [{name: a, redis: {passwordFile: x, list: b}}]":          "sinks[0].redis.url: ",
		"sinks: [{name: a, redis: {}}]":                                  "sinks[0].redis.list, redis.stream: ",
		"sinks: [{name: a, redis: {list: b, maxLen: 5}}]":                "sinks[0].redis.maxLen: ",
		"sinks: [{name: a, types: [file.failed], redis: {list: b}}]":     "sinks[0].types: ",
		"giveUpAfter: 1 day":                                             "giveUpAfter: expected a time such as 10s",
		"stuckAfter: 0s":                                                 "stuckAfter: expected a time such as 10s",
	} {
		_, err := events.Parse([]byte(config))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s\ngot  %v\nwant %s", config, err, want)
		}
	}
}

func TestSecretsThatCannotBeUsedAreToldAtTheStart(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(bad, []byte("whsec_short"), 0o600))
	for _, field := range []string{"http: {url: 'http://a', signingSecretFile: %q}", "http: {url: 'http://a', caFile: %q}", "redis: {url: 'rediss://a', list: b, caFile: %q}"} {
		for _, file := range []string{bad, "/does/not/exist"} {
			c, err := events.Parse([]byte("sinks: [{name: a, " + fmt.Sprintf(field, file) + "}]"))
			must(t, err)
			_, err = events.Open(c, queue.New(nil, list, queue.Options{}), nil, zap.NewNop())
			if err == nil || !strings.Contains(err.Error(), "sinks[0].") || !strings.Contains(err.Error(), "File: ") {
				t.Errorf("%s: %v", fmt.Sprintf(field, file), err)
			}
		}
	}
}

func TestAPipelineIsNoSinkOfItsOwn(t *testing.T) {
	c, err := events.Parse([]byte("sinks: [{name: a, redis: {list: " + list + "}}]"))
	must(t, err)
	if _, err := events.Open(c, queue.New(nil, list, queue.Options{}), nil, zap.NewNop()); err == nil || !strings.Contains(err.Error(), "sinks[0].redis.list: ") {
		t.Error(err)
	}
}

// What the chart writes is what an inspector takes.
func TestTheChartsConfigurationIsTaken(t *testing.T) {
	text, err := os.ReadFile("../../tests/chart/testdata/golden/events.yaml")
	must(t, err)
	for object := range strings.SplitSeq(string(text), "\n--- ") {
		if !strings.HasPrefix(strings.TrimPrefix(object, "--- "), "# ConfigMap/rel-csv-pipeline-events") {
			continue
		}
		var config struct{ Data map[string]string }
		must(t, yaml.Unmarshal([]byte(object[strings.Index(object, "\n")+1:]), &config))
		c, err := events.Parse([]byte(config.Data["events.yaml"]))
		must(t, err)
		if len(c.Sinks) != 3 || c.Source != "/sales/pipeline" || c.Sinks[0].HTTP.SigningSecretFile == "" || c.Sinks[2].Redis.PasswordFile == "" {
			t.Errorf("read %+v", c)
		}
		return
	}
	t.Error("the chart renders no configuration of events")
}
