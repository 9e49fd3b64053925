package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"
)

type settings struct {
	host  string
	port  int64
	lease time.Duration
	start time.Time
	sums  []string
	dry   bool
	level zapcore.Level
}

func parse(t *testing.T, env map[string]string, args ...string) (settings, []string, string, error) {
	t.Helper()
	var s settings
	fs := NewFlags()
	fs.StringVar(&s.host, "redis-host", "localhost", "where Redis is")
	Int64(fs, &s.port, "redis-port", 6379, 1, 65535, "its port")
	Duration(fs, &s.lease, "lease", 30*time.Second, time.Second, time.Hour, "how long")
	Date(fs, &s.start, "start", time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), "first day")
	List(fs, &s.sums, "aggregate", []string{"sum(quantity)"}, func(v string) ([]string, error) { return strings.Split(v, ","), nil }, "what")
	fs.BoolVar(&s.dry, "dry-run", false, "only look")
	Own(fs, "dry-run")
	Choice(fs, &s.level, "log-level", zapcore.InfoLevel, []zapcore.Level{zapcore.InfoLevel, zapcore.WarnLevel}, "which lines")
	var out bytes.Buffer
	getenv := func(k string) (string, bool) { v, ok := env[k]; return v, ok }
	rest, err := Parse(Command{Name: "thing do", Args: "FILE", About: "Does a thing.", MaxArgs: 1, Flags: fs}, args, getenv, &out)
	return s, rest, out.String(), err
}

func TestFlagsWinOverEnvironmentOverDefaults(t *testing.T) {
	env := map[string]string{"REDIS_HOST": "from-env", "REDIS_PORT": "1000", "LEASE": "", "AGGREGATE": "a,b", "LOG_LEVEL": "warn"}
	s, rest, _, err := parse(t, env, "--redis-host", "from-flag", "file.csv", "--start=2023-02-03")
	if err != nil {
		t.Fatal(err)
	}
	want := settings{"from-flag", 1000, 30 * time.Second, time.Date(2023, 2, 3, 0, 0, 0, 0, time.UTC), []string{"a", "b"}, false, zapcore.WarnLevel}
	if s.host != want.host || s.port != want.port || s.lease != want.lease || !s.start.Equal(want.start) || strings.Join(s.sums, "+") != "a+b" || s.level != want.level {
		t.Errorf("got %+v, want %+v", s, want)
	}
	if len(rest) != 1 || rest[0] != "file.csv" {
		t.Errorf("rest = %q", rest)
	}
}

func TestRepeatedListFlagsReplaceTheDefault(t *testing.T) {
	s, _, _, err := parse(t, nil, "--aggregate=x", "--aggregate=y,z")
	if err != nil || strings.Join(s.sums, "+") != "x+y+z" {
		t.Errorf("got %q, %v", s.sums, err)
	}
}

func TestMistakesNameTheVariableAndWhatItTakes(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		want []string
	}{
		"environment":  {env: map[string]string{"REDIS_PORT": "tcp://10.0.0.1:6379"}, want: []string{"REDIS_PORT", `"tcp://10.0.0.1:6379"`, "1 to 65535"}},
		"out of range": {args: []string{"--redis-port=0"}, want: []string{"redis-port", "1 to 65535"}},
		"duration":     {args: []string{"--lease=soon"}, want: []string{"lease", "1s to 1h0m0s"}},
		"date":         {env: map[string]string{"START": "1/2/22"}, want: []string{"START", "2022-01-01"}},
		"choice":       {env: map[string]string{"LOG_LEVEL": "loud"}, want: []string{"LOG_LEVEL", `"loud"`, "info, warn"}},
		"unknown flag": {args: []string{"--colour"}, want: []string{"--colour", "--help"}},
		"argument":     {args: []string{"a", "b"}, want: []string{`"b"`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := parse(t, c.env, c.args...)
			var usage *UsageError
			if !errors.As(err, &usage) {
				t.Fatalf("got %v, want a UsageError", err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not name %q", err, part)
				}
			}
			var stderr bytes.Buffer
			if code := ExitCode(err, &stderr); code != ExitUsage {
				t.Errorf("exit code %d, want %d", code, ExitUsage)
			}
		})
	}
}

func TestHelpNamesEveryFlagAndItsVariable(t *testing.T) {
	_, _, help, err := parse(t, nil, "--help")
	if !errors.Is(err, errHelp) || ExitCode(err, &bytes.Buffer{}) != ExitOK {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"Does a thing.", "thing do FILE", "--redis-host", "$REDIS_HOST", "$AGGREGATE", "(default 6379)", "$CSV_PIPELINE_DRY_RUN", "Exit codes", "130", "143"} {
		if !strings.Contains(help, part) {
			t.Errorf("help lacks %q:\n%s", part, help)
		}
	}
}

func TestVersionIsThatOfTheProgram(t *testing.T) {
	_, _, text, err := parse(t, map[string]string{"VERSION": "false", "REDIS_PORT": "none"}, "--version")
	if !errors.Is(err, errHelp) || text != "thing "+Version+"\n" {
		t.Errorf("%v, printed %q", err, text)
	}
	if _, _, text, err := parse(t, map[string]string{"VERSION": "true"}, "file.csv"); err != nil || text != "" {
		t.Errorf("a variable asks for the version: %v, %q", err, text)
	}
}

func TestVariablesOfOtherProgramsDoNotReachWhatOneRunDoes(t *testing.T) {
	if s, _, _, err := parse(t, map[string]string{"DRY_RUN": "true"}); err != nil || s.dry {
		t.Errorf("DRY_RUN: %v, %v", s.dry, err)
	}
	if s, _, _, err := parse(t, map[string]string{"CSV_PIPELINE_DRY_RUN": "true"}); err != nil || !s.dry {
		t.Errorf("CSV_PIPELINE_DRY_RUN: %v, %v", s.dry, err)
	}
	_, _, _, err := parse(t, map[string]string{"CSV_PIPELINE_DRY_RUN": "perhaps"})
	if err == nil || !strings.Contains(err.Error(), "CSV_PIPELINE_DRY_RUN") {
		t.Errorf("it does not name the variable: %v", err)
	}
}
