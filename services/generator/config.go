package main

import (
	"io"
	"math"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/sales"
	"csv-pipeline/internal/service"
)

// config is what every subcommand needs.
type config struct {
	place    service.Place
	logLevel zapcore.Level
}

func (c *config) register(fs *pflag.FlagSet) {
	c.place.RegisterFlags(fs)
	service.LogLevelFlag(fs, &c.logLevel, zapcore.InfoLevel)
}

type generateConfig struct {
	config
	params sales.Params
}

func parseGenerate(args []string, getenv cli.Getenv, stdout io.Writer) (c generateConfig, err error) {
	var months, days, seed int64
	fs := cli.NewFlags()
	cli.Date(fs, &c.params.Start, "start", time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), "first day")
	cli.Int64(fs, &months, "months", 6, 1, 1200, "how many months, with a file for each day")
	cli.Int64(fs, &days, "days", 0, 0, 36500, "how many days, instead of months; 0: all days of the months")
	cli.Int64(fs, &c.params.Rows, "rows", 200, 0, 1e12, "how many rows each file has")
	cli.Int64(fs, &c.params.Items, "items", 5, 1, math.MaxInt64, "the largest item ID; the smallest is 1")
	cli.Int64(fs, &c.params.MaxQuantity, "max-quantity", 10, 1, math.MaxInt64, "the largest quantity; the smallest is 1")
	cli.Int64(fs, &seed, "seed", 1, 0, math.MaxInt64, "seed of the random numbers; the same seed makes the same bytes")
	cli.Own(fs, "start", "months", "days", "rows", "items", "max-quantity", "seed")
	c.register(fs)
	_, err = cli.Parse(cli.Command{
		Name: "generator",
		Args: "[flags]\n  generator enqueue [flags] [GLOB...]\n  generator selftest [flags]",
		About: `Writes CSV files of sales for a demonstration, one for each day, and queues their names.

Each file has the header timestamp,item_id,quantity and appears whole in raw/. Running it
again is harmless: files that are there already stay as they are, and nothing is queued twice.
'generator enqueue' queues files that are there already, of any origin.
'generator selftest' sends a file with a known result through the pipeline.`,
		Examples: `generator --store-url ./data
generator --start 2024-02-01 --days 7 --rows 1000000
generator enqueue --store-url ./data '2022*.csv'`,
		Flags: fs,
	}, args, getenv, stdout)
	c.params.Seed, c.params.Days = uint64(seed), int(days)
	if days == 0 {
		c.params.Days = sales.Months(c.params.Start, int(months))
	}
	return c, err
}
