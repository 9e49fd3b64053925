package web

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

var (
	eventsDesc    = desc("events_total", "Events that happened.")
	unsentDesc    = desc("events_undelivered", "Events that a sink has not been told of, also those that it does not want.", "sink")
	unsentAgeDesc = desc("events_oldest_undelivered_seconds", "Age of the oldest event that is being delivered to a sink; 0 if there is none.", "sink")
	sentDesc      = desc("events_delivered_total", "Events that a sink took.", "sink")
	refusedDesc   = desc("events_refused_total", "Deliveries of events that failed.", "sink")
	givenUpDesc   = desc("events_given_up_total", "Events that were given up, because a sink did not take them for too long.", "sink")
	lostDesc      = desc("events_lost_total", "Events that Redis removed before a sink was told of them, because it keeps only so many.", "sink")
)

// collectSinks exports how sinks do; it is a part of Collect.
func (c *collector) collectSinks(ctx context.Context, gauge, counter func(d *prometheus.Desc, v float64, labels ...string)) {
	sinks, err := c.events.Sinks(ctx)
	if err != nil {
		c.log.Warn("the metrics of the sinks cannot be read for now", zap.Error(err))
		return
	}
	for _, s := range sinks {
		age := 0.0
		if !s.Oldest.IsZero() {
			age = max(0, time.Since(s.Oldest).Seconds())
		}
		gauge(unsentDesc, float64(s.Lag), s.Name)
		gauge(unsentAgeDesc, age, s.Name)
		counter(sentDesc, float64(s.Delivered), s.Name)
		counter(refusedDesc, float64(s.Refused), s.Name)
		counter(givenUpDesc, float64(s.GivenUp), s.Name)
		counter(lostDesc, float64(s.Lost), s.Name)
	}
}
