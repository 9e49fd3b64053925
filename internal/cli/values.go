package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// value is a flag whose text must pass parse; it keeps the text's canonical form.
type value[T any] struct {
	target *T
	parse  func(string) (T, error)
	format func(T) string
	kind   string
}

func (v value[T]) String() string {
	if v.target == nil {
		return ""
	}
	return v.format(*v.target)
}

func (v value[T]) Type() string { return v.kind }

func (v value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err != nil {
		return err
	}
	*v.target = parsed
	return nil
}

// Int64 defines a whole number between least and most.
func Int64(fs *pflag.FlagSet, target *int64, name string, standard, least, most int64, usage string) {
	*target = standard
	fs.Var(value[int64]{target, func(text string) (int64, error) {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("expected a whole number from %d to %d", least, most)
		}
		return n, nil
	}, func(n int64) string { return strconv.FormatInt(n, 10) }, "int"}, name, usage)
}

// Duration defines a time span between least and most.
func Duration(fs *pflag.FlagSet, target *time.Duration, name string, standard, least, most time.Duration, usage string) {
	*target = standard
	fs.Var(value[time.Duration]{target, func(text string) (time.Duration, error) {
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil || d < least || d > most {
			return 0, fmt.Errorf("expected a duration from %v to %v, such as 90s or 5m", least, most)
		}
		return d, nil
	}, time.Duration.String, "duration"}, name, usage)
}

// Date defines a calendar day, YYYY-MM-DD, at midnight UTC.
func Date(fs *pflag.FlagSet, target *time.Time, name string, standard time.Time, usage string) {
	*target = standard
	fs.Var(value[time.Time]{target, func(text string) (time.Time, error) {
		day, err := time.Parse(time.DateOnly, strings.TrimSpace(text))
		if err != nil {
			return time.Time{}, fmt.Errorf("expected a date such as 2022-01-01")
		}
		return day, nil
	}, func(t time.Time) string { return t.Format(time.DateOnly) }, "date"}, name, usage)
}

// Choice defines a flag that is one of the choices, by their names.
func Choice[T fmt.Stringer](fs *pflag.FlagSet, target *T, name string, standard T, choices []T, usage string) {
	*target = standard
	fs.Var(value[T]{target, func(text string) (T, error) {
		names := make([]string, len(choices))
		for i, choice := range choices {
			if names[i] = choice.String(); names[i] == strings.TrimSpace(text) {
				return choice, nil
			}
		}
		return *new(T), fmt.Errorf("expected one of %s", strings.Join(names, ", "))
	}, T.String, "choice"}, name, usage)
}

// list is a repeatable flag; each text may hold several values.
type list struct {
	target  *[]string
	split   func(string) ([]string, error)
	changed *bool
}

func (l list) String() string {
	if l.target == nil {
		return ""
	}
	return strings.Join(*l.target, ", ")
}

func (l list) Type() string { return "list" }

func (l list) Set(text string) error {
	items, err := l.split(text)
	if err != nil {
		return err
	}
	if !*l.changed {
		*l.target, *l.changed = nil, true
	}
	*l.target = append(*l.target, items...)
	return nil
}

// List defines a repeatable flag; split takes each text apart. The first text
// given replaces the standard values, the following ones add to it.
func List(fs *pflag.FlagSet, target *[]string, name string, standard []string, split func(string) ([]string, error), usage string) {
	*target = standard
	fs.Var(list{target, split, new(bool)}, name, usage)
}
