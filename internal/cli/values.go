package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// value is the pflag.Value of a flag whose text is parsed by a function.
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

// Int64 defines a flag that is a whole number from minimum to maximum.
func Int64(fs *pflag.FlagSet, target *int64, name string, byDefault, minimum, maximum int64, usage string) {
	*target = byDefault
	fs.Var(value[int64]{target, func(text string) (int64, error) {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || n < minimum || n > maximum {
			return 0, fmt.Errorf("expected a whole number from %d to %d", minimum, maximum)
		}
		return n, nil
	}, func(n int64) string { return strconv.FormatInt(n, 10) }, "int"}, name, usage)
}

// Duration defines a flag that is a duration from minimum to maximum.
func Duration(fs *pflag.FlagSet, target *time.Duration, name string, byDefault, minimum, maximum time.Duration, usage string) {
	*target = byDefault
	fs.Var(value[time.Duration]{target, func(text string) (time.Duration, error) {
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil || d < minimum || d > maximum {
			return 0, fmt.Errorf("expected a duration from %v to %v, such as 90s or 5m", minimum, maximum)
		}
		return d, nil
	}, time.Duration.String, "duration"}, name, usage)
}

// Date defines a flag that is a day, YYYY-MM-DD. Its value is midnight UTC.
func Date(fs *pflag.FlagSet, target *time.Time, name string, byDefault time.Time, usage string) {
	*target = byDefault
	fs.Var(value[time.Time]{target, func(text string) (time.Time, error) {
		day, err := time.Parse(time.DateOnly, strings.TrimSpace(text))
		if err != nil {
			return time.Time{}, fmt.Errorf("expected a date such as 2022-01-01")
		}
		return day, nil
	}, func(t time.Time) string { return t.Format(time.DateOnly) }, "date"}, name, usage)
}

// Choice defines a flag that is the name of one of the choices.
func Choice[T fmt.Stringer](fs *pflag.FlagSet, target *T, name string, byDefault T, choices []T, usage string) {
	*target = byDefault
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

// list is the pflag.Value of a flag that may be repeated. Each text may hold several values.
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

// List defines a flag that may be repeated. split divides each text into values. The first
// text replaces the default, the following ones add to it.
func List(fs *pflag.FlagSet, target *[]string, name string, byDefault []string, split func(string) ([]string, error), usage string) {
	*target = byDefault
	fs.Var(list{target, split, new(bool)}, name, usage)
}
