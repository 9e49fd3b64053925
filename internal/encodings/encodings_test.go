package encodings

import "testing"

func TestNamed(t *testing.T) {
	for name, want := range map[string]string{
		"UTF8": "utf-8", "latin1": "windows-1252", "sjis": "shift_jis", "cp866": "ibm866", "IBM866": "ibm866",
		"cp850": "ibm850", "CP-850": "ibm850", " ibm850 ": "ibm850", "850": "ibm850", "cp437": "ibm437", "IBM_852": "ibm852",
	} {
		e, got, ok := Named(name)
		if !ok || got != want || e == nil {
			t.Errorf("Named(%q) = %v, %q, %v, want %q", name, e, got, ok, want)
		}
	}
	for _, name := range []string{"", "cp", "klingon", "cp1", "ibm850x"} {
		if _, got, ok := Named(name); ok {
			t.Errorf("Named(%q) = %q, want none", name, got)
		}
	}
	e, _, _ := Named("cp850")
	if got, err := e.NewDecoder().String("M\x81nchen, Gen\x8ave"); err != nil || got != "München, Genève" {
		t.Errorf("got %q, %v", got, err)
	}
}
