package web

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/events"
	"csv-pipeline/internal/queue"
)

// collector exports the counts of the queue as metrics. Processors are too short-lived to be
// scraped: they count in Redis, which is read here at each scrape.
type collector struct {
	queue   *queue.Queue
	catalog *catalog.Catalog
	monitor *activity.Monitor
	events  *events.Dispatcher
	log     *zap.Logger
}

// descriptions are all that desc has made.
var descriptions []*prometheus.Desc

func desc(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("csv_pipeline_"+name, help, labels, nil)
	descriptions = append(descriptions, d)
	return d
}

var (
	upDesc       = desc("redis_up", "1 if Redis answered during this scrape, otherwise 0.")
	queueDesc    = desc("queue_files", "Files in each state of the queue.", "state")
	oldestDesc   = desc("queue_oldest_waiting_seconds", "How long the next file has been waiting, estimated; 0 if none waits.")
	storeDesc    = desc("store_files", "Files in each area of the store.", "area")
	storedDesc   = desc("store_bytes", "Size of the files in each area of the store.", "area")
	pendingDesc  = desc("store_pending_files", "Raw files without a result of their current version.")
	failuresDesc = desc("failures_total", "Files that failed for good, by kind of reason.", "kind")
	busyDesc     = desc("processing_seconds_total", "Time that processors spent on files they completed.")

	// totals are the counters that the queue keeps.
	totals = map[string]*prometheus.Desc{
		"completed": desc("files_completed_total", "Files whose result was published."),
		"claimed":   desc("claims_total", "Files taken by a processor."),
		"retried":   desc("retries_total", "Attempts that failed and are repeated later."),
		"crashed":   desc("crashes_total", "Leases that expired because their processor died."),
		"released":  desc("releases_total", "Files that a processor returned to the queue when it was told to stop."),
		"refused":   desc("refusals_total", "Updates that were refused because the file's lease had expired."),
		"offered":   desc("swept_files_total", "Files that the sweep found without a result and queued."),
		"rows":      desc("rows_total", "Rows aggregated."),
		"bytes":     desc("bytes_total", "Bytes of input aggregated."),
	}
)

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range descriptions {
		ch <- d
	}
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	if files := c.catalog.Latest(); files != nil {
		gauge(storeDesc, float64(files.Raw.Len()), "raw")
		gauge(storeDesc, float64(files.Processed.Len()), "processed")
		gauge(storedDesc, float64(files.Raw.Bytes()), "raw")
		gauge(storedDesc, float64(files.Processed.Bytes()), "processed")
		gauge(pendingDesc, float64(files.Pending))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	counts, err := c.queue.Counts(ctx)
	if err != nil {
		c.log.Warn("the metrics of the queue cannot be read for now", zap.Error(err))
		gauge(upDesc, 0)
		return
	}
	gauge(upDesc, 1)
	for state, n := range map[string]int64{"waiting": counts.Waiting, "in_flight": counts.InFlight, "delayed": counts.Delayed, "failed": counts.Failed} {
		gauge(queueDesc, float64(n), state)
	}
	if view, err := c.monitor.Recent(ctx, glance); err == nil {
		gauge(oldestDesc, view.OldestWaiting.Seconds())
	}
	for name, d := range totals {
		counter(d, float64(counts.Totals[name]))
	}
	counter(busyDesc, float64(counts.Totals["busy_us"])/1e6)
	for _, kind := range queue.Kinds {
		counter(failuresDesc, float64(counts.Totals["failed:"+kind]), kind)
	}
	counter(eventsDesc, float64(counts.Totals["changes"]))
	c.collectSinks(ctx, gauge, counter)
}
