package kinesis

import (
	"context"
	"slices"
	"strings"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/internal/constraint"
	"github.com/putrecords/putrecords/kinesishttp"
)

// allMetrics stands for all shardLevelMetrics in a request.
const allMetrics = "ALL"

// shardLevelMetrics are the metrics of enhanced monitoring, in the order in which AWS's message
// lists them. Our answers list them in the same order; AWS's order there is unknown.
var shardLevelMetrics = []string{
	"IteratorAgeMilliseconds",
	"IncomingBytes",
	"WriteProvisionedThroughputExceeded",
	"OutgoingRecords",
	"ReadProvisionedThroughputExceeded",
	"IncomingRecords",
	"OutgoingBytes",
}

type monitoringInput struct {
	ShardLevelMetrics []string
	StreamARN         *string
	StreamName        *string
}

type monitoringOutput struct {
	CurrentShardLevelMetrics []string // before
	DesiredShardLevelMetrics []string // after
	StreamARN                string
	StreamName               string
}

func (s *Service) enableMonitoring(_ context.Context, r *kinesishttp.Request, in *monitoringInput) (any, error) {
	return s.setMonitoring(r, in, func(metric string, enabled bool) bool { return enabled || in.names(metric) })
}

func (s *Service) disableMonitoring(_ context.Context, r *kinesishttp.Request, in *monitoringInput) (any, error) {
	return s.setMonitoring(r, in, func(metric string, enabled bool) bool { return enabled && !in.names(metric) })
}

// names reports whether the request names a metric.
func (in *monitoringInput) names(metric string) bool {
	return slices.Contains(in.ShardLevelMetrics, metric) || slices.Contains(in.ShardLevelMetrics, allMetrics)
}

// setMonitoring enables the metrics for which desired returns true.
func (s *Service) setMonitoring(r *kinesishttp.Request, in *monitoringInput, desired func(metric string, enabled bool) bool) (any, error) {
	var v violations
	v.addMetrics(in.ShardLevelMetrics)
	v.AddAddress(in.StreamName, in.StreamARN)
	st, err := s.lookUpValid(r, v, in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	out := monitoringOutput{StreamARN: st.ARN(), StreamName: st.Name()}
	err = st.change(func(next *store.Stream) (bool, error) {
		current := next.Settings.ShardLevelMetrics
		next.Settings.ShardLevelMetrics = nil
		for _, metric := range shardLevelMetrics {
			if desired(metric, slices.Contains(current, metric)) {
				next.Settings.ShardLevelMetrics = append(next.Settings.ShardLevelMetrics, metric)
			}
		}
		out.CurrentShardLevelMetrics, out.DesiredShardLevelMetrics = current, next.Settings.ShardLevelMetrics
		return !slices.Equal(current, next.Settings.ShardLevelMetrics), nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// addMetrics reports problems with the names of metrics.
func (v *violations) addMetrics(metrics []string) {
	const path = "shardLevelMetrics"
	value := "Value '[" + strings.Join(metrics, ", ") + "]'"
	known := append([]string{allMetrics}, shardLevelMetrics...)
	v.AddMissing(path, metrics == nil)
	if metrics != nil && len(metrics) == 0 {
		v.Add(value, path, constraint.NotEmpty)
	}
	if len(metrics) > len(shardLevelMetrics) {
		v.Add(value, path, constraint.AtMost+"7")
	}
	if slices.ContainsFunc(metrics, func(metric string) bool { return !slices.Contains(known, metric) }) {
		v.Add(value, path, "Member must satisfy constraint: [Member must satisfy enum value set: ["+strings.Join(known, ", ")+"]]")
	}
}
