package groupby_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"csv-pipeline/internal/groupby"
)

func Example() {
	plan, err := groupby.Compile(groupby.Spec{
		GroupBy:    []string{"item_id"},
		Aggregates: []string{"sum(price) as turnover", "count(*) as sales"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// A plan may be run over any number of inputs. Sums of decimals are exact.
	in := groupby.Input{Name: "20220101.csv", Reader: strings.NewReader("item_id,price\n2,0.10\n10,5\n2,0.20\n")}
	stats, err := plan.Run(context.Background(), in, os.Stdout, groupby.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(stats.Rows, "rows,", stats.Groups, "groups")
	// Output:
	// item_id,turnover,sales
	// 2,0.30,2
	// 10,5.00,1
	// 3 rows, 2 groups
}

// The error of a file that cannot be read tells where it is wrong.
func ExampleInputError() {
	plan, err := groupby.Compile(groupby.Spec{GroupBy: []string{"item_id"}, Aggregates: []string{"sum(quantity)"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	in := groupby.Input{Name: "20220701.csv", Reader: strings.NewReader("item_id,quantity\n1,4\n2,seven\n")}
	_, err = plan.Run(context.Background(), in, &strings.Builder{}, groupby.Options{})
	var bad *groupby.InputError
	if errors.As(err, &bad) {
		fmt.Println(err)
		fmt.Println("line", bad.Line, "column", bad.Column)
	}
	// Output:
	// 20220701.csv:3: quantity: "seven" is not a number
	// line 3 column quantity
}
