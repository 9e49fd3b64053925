package web

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"csv-pipeline/internal/queue"
)

// collector shows the queue's counts as metrics. Processors live too briefly to be
// scraped: they count in Redis, which is asked here when somebody scrapes.
type collector struct {
	queue *queue.Queue
	log   *zap.Logger
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("csv_pipeline_"+name, help, labels, nil)
}

var (
	upDesc       = desc("redis_up", "Whether Redis answered when these metrics were asked for.")
	filesDesc    = desc("queue_files", "Files in each state of the queue.", "state")
	failuresDesc = desc("failures_total", "Files that were given up, by kind of reason.", "kind")
	busyDesc     = desc("processing_seconds_total", "Time that processors spent on files they completed.")

	// totals are the queue's own counters.
	totals = map[string]*prometheus.Desc{
		"completed": desc("files_completed_total", "Files whose result was published."),
		"claimed":   desc("claims_total", "Files taken by a processor."),
		"retried":   desc("retries_total", "Tries that failed and were put off."),
		"crashed":   desc("crashes_total", "Leases that ran out because their processor died."),
		"released":  desc("releases_total", "Files given back by a processor that was told to stop."),
		"refused":   desc("refusals_total", "Claims that a processor ended after it had lost them."),
		"rows":      desc("rows_total", "Rows aggregated."),
		"bytes":     desc("bytes_total", "Bytes of input aggregated."),
	}
)

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range totals {
		ch <- d
	}
	for _, d := range []*prometheus.Desc{upDesc, filesDesc, failuresDesc, busyDesc} {
		ch <- d
	}
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	counts, err := c.queue.Counts(ctx)
	if err != nil {
		c.log.Warn("the queue's metrics are missing for now", zap.Error(err))
		ch <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, 0)
		return
	}
	ch <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, 1)
	for state, n := range map[string]int64{"waiting": counts.Waiting, "in_flight": counts.InFlight, "delayed": counts.Delayed, "failed": counts.Failed} {
		ch <- prometheus.MustNewConstMetric(filesDesc, prometheus.GaugeValue, float64(n), state)
	}
	for name, d := range totals {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(counts.Totals[name]))
	}
	ch <- prometheus.MustNewConstMetric(busyDesc, prometheus.CounterValue, float64(counts.Totals["busy_us"])/1e6)
	for _, kind := range []string{queue.KindMalformed, queue.KindName, queue.KindMissing, queue.KindError, queue.KindPoison} {
		ch <- prometheus.MustNewConstMetric(failuresDesc, prometheus.CounterValue, float64(counts.Totals["failed:"+kind]), kind)
	}
}
