package dialect

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"csv-pipeline/internal/groupby"
)

// BenchmarkRewrite rewrites what the engine does not read as it is, in one goroutine.
func BenchmarkRewrite(b *testing.B) {
	columns := []groupby.Column{{Name: "region", Role: groupby.Text, Seen: true}, {Name: "price", Role: groupby.Number}, {Name: "qty", Role: groupby.Number}}
	for name, c := range map[string]struct {
		settings Settings
		write    func(id int, region, city, price string, qty int) string
	}{
		"decimal comma": {Settings{DecimalChar: ","}, func(id int, region, city, price string, qty int) string {
			return fmt.Sprintf("%d;%s;%s;%s;%d;some text here\n", id, region, city, strings.Replace(price, ".", ",", 1), qty)
		}},
		"quoted": {Settings{Trim: true}, func(id int, region, city, price string, qty int) string {
			return fmt.Sprintf("\"%d\",\"%s\",\"%s\",\"%s\",\"%d\",\"some text here\"\n", id, region, city, price, qty)
		}},
		"backslash": {Settings{EscapeChar: `\`}, func(id int, region, city, price string, qty int) string {
			return fmt.Sprintf("\"%d\",\"%s\",\"%s\",\"%s\",\"%d\",\"some \\\"text here\"\n", id, region, city, price, qty)
		}},
	} {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			var text strings.Builder
			text.WriteString(strings.Replace(strings.NewReplacer(`"`, "", "north", "region").Replace("id,region,city,price,qty,note\n"), ",", map[bool]string{true: ";", false: ","}[name == "decimal comma"], -1))
			for i := range 200000 {
				text.WriteString(c.write(i, fmt.Sprint("north", r.IntN(20)), fmt.Sprint("Town ", r.IntN(500)), fmt.Sprintf("%.2f", r.Float64()*1000), r.IntN(50)))
			}
			d, err := c.settings.Compile()
			if err != nil {
				b.Fatal(err)
			}
			reading, err := d.Open(context.Background(), File{Name: "f.csv", ReaderAt: strings.NewReader(text.String()), Size: int64(text.Len())}, columns)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				var read atomic.Int64
				_, s, err := reading.Rewrite(context.Background(), Cells(columns), nil, 1, nil, &read)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, s); err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		})
	}
}
