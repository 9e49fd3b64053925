package views

import (
	"strings"

	"csv-pipeline/internal/web/format"
)

// UploadedData is what became of the files of a form that were not all stored.
type UploadedData struct {
	Stored  []string
	Refused []RefusedUpload
	CutOff  bool   // files after the last one that was refused are not known
	Back    string // address of the page with the form
}

// RefusedUpload is a file that was not stored, and why. The name may be unknown: "".
type RefusedUpload struct{ Name, Why string }

// reason is why a file was not stored, beside its name.
func (f RefusedUpload) reason() string {
	return strings.TrimSuffix(f.Why, ": "+format.Visible(f.Name))
}

// title says how many files are stored.
func (d UploadedData) title() string {
	if len(d.Stored) == 0 {
		return "Nothing was stored"
	}
	return "Not all files were stored"
}

// Detail says for programs what became of the files.
func (d UploadedData) Detail() string {
	if len(d.Stored) == 0 && len(d.Refused) == 1 {
		return d.Refused[0].Why
	}
	text := "not stored: "
	for i, f := range d.Refused {
		if i > 0 {
			text += ", "
		}
		if f.Name != "" {
			text += format.Visible(f.Name) + " "
		}
		text += "(" + f.reason() + ")"
	}
	if d.CutOff {
		text += " and all after it"
	}
	if len(d.Stored) > 0 {
		text += "; stored: " + format.Visible(strings.Join(d.Stored, ", "))
	}
	return text
}

// DropData is the question whether failed files are to be dropped, for browsers without the script that
// asks it.
type DropData struct {
	Files  int
	Names  []string    // of the first of them
	Fields [][2]string // of the form that asked: names and values
}
