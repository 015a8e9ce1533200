// Package metrics reports to Prometheus what an emulator's streams store and how long requests
// take.
package metrics

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/putrecords/putrecords"
)

// Metrics are the metrics of an emulator. They are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	seconds  *prometheus.HistogramVec
}

// New returns metrics. Each time they are read, they cover the streams that streams returns.
func New(streams func() []*putrecords.Stream) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "putrecords_request_duration_seconds",
			Help:    "How long requests took, from when their headers had arrived until they were answered.",
			Buckets: []float64{.0001, .0003, .001, .003, .01, .03, .1, .3, 1, 3, 10},
		}, []string{"operation", "code"}),
	}
	m.registry.MustRegister(m.seconds, collector(streams))
	return m
}

// Handler answers with the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Measure measures the requests that it passes to next.
func (m *Metrics) Measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now() //nolint:forbidigo // not a stream's time
		answer := &statusWriter{w, http.StatusOK}
		next.ServeHTTP(answer, r)
		seconds := time.Since(start).Seconds() //nolint:forbidigo // not a stream's time
		m.seconds.WithLabelValues(operationOf(r), strconv.Itoa(answer.status)).Observe(seconds)
	})
}

// A statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// operationOf returns the operation of a request, or "other". Clients choose the header, so using
// it as it is would take memory without bound.
func operationOf(r *http.Request) string {
	if _, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operations[name] {
		return name
	}
	return "other"
}

// operations are those of Kinesis Data Streams.
var operations = map[string]bool{
	"AddTagsToStream":               true,
	"CreateStream":                  true,
	"DecreaseStreamRetentionPeriod": true,
	"DeleteResourcePolicy":          true,
	"DeleteStream":                  true,
	"DeregisterStreamConsumer":      true,
	"DescribeAccountSettings":       true,
	"DescribeLimits":                true,
	"DescribeStream":                true,
	"DescribeStreamConsumer":        true,
	"DescribeStreamSummary":         true,
	"DisableEnhancedMonitoring":     true,
	"EnableEnhancedMonitoring":      true,
	"GetRecords":                    true,
	"GetResourcePolicy":             true,
	"GetShardIterator":              true,
	"IncreaseStreamRetentionPeriod": true,
	"ListShards":                    true,
	"ListStreamConsumers":           true,
	"ListStreams":                   true,
	"ListTagsForResource":           true,
	"ListTagsForStream":             true,
	"MergeShards":                   true,
	"PutRecord":                     true,
	"PutRecords":                    true,
	"PutResourcePolicy":             true,
	"RegisterStreamConsumer":        true,
	"RemoveTagsFromStream":          true,
	"SplitShard":                    true,
	"StartStreamEncryption":         true,
	"StopStreamEncryption":          true,
	"SubscribeToShard":              true,
	"TagResource":                   true,
	"UntagResource":                 true,
	"UpdateAccountSettings":         true,
	"UpdateMaxRecordSize":           true,
	"UpdateShardCount":              true,
	"UpdateStreamMode":              true,
	"UpdateStreamWarmThroughput":    true,
}
