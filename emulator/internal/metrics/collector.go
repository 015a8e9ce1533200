package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/putrecords/putrecords"
)

// A collector reads the counters of streams when Prometheus asks for them, so counting costs
// nothing more.
type collector func() []*putrecords.Stream

var (
	labels      = []string{"account", "stream", "shard", "result"}
	recordsDesc = prometheus.NewDesc("putrecords_records_total",
		"Records that were sent to a shard. The result is stored, throttled or failed.", labels, nil)
	bytesDesc = prometheus.NewDesc("putrecords_record_bytes_total",
		"Bytes of the data and partition keys of these records.", labels, nil)
)

// Describe implements [prometheus.Collector].
func (c collector) Describe(to chan<- *prometheus.Desc) {
	to <- recordsDesc
	to <- bytesDesc
}

// Collect implements [prometheus.Collector].
func (c collector) Collect(to chan<- prometheus.Metric) {
	for _, stream := range c() {
		account := strings.Split(stream.ARN(), ":")[4]
		send := func(shard, result string, count putrecords.Count) {
			values := []string{account, stream.Name(), shard, result}
			to <- prometheus.MustNewConstMetric(recordsDesc, prometheus.CounterValue, float64(count.Records), values...)
			to <- prometheus.MustNewConstMetric(bytesDesc, prometheus.CounterValue, float64(count.Bytes), values...)
		}
		for _, stats := range stream.Stats() {
			send(stats.ShardID, "stored", stats.Stored)
			send(stats.ShardID, "throttled", stats.Throttled)
			send(stats.ShardID, "failed", stats.Failed)
		}
	}
}
