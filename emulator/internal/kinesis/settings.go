package kinesis

import "github.com/putrecords/putrecords/kinesishttp"

// handleSettings adds the operations that change a stream's settings. The stream is UPDATING for
// StateDelay, and descriptions show the old settings until then. An operation that would change
// nothing succeeds at once.
func (s *Service) handleSettings(h *kinesishttp.Handler) {
	handle(h, "DecreaseStreamRetentionPeriod", s.decreaseRetention)
	handle(h, "DisableEnhancedMonitoring", s.disableMonitoring)
	handle(h, "EnableEnhancedMonitoring", s.enableMonitoring)
	handle(h, "IncreaseStreamRetentionPeriod", s.increaseRetention)
	handle(h, "StartStreamEncryption", s.startEncryption)
	handle(h, "StopStreamEncryption", s.stopEncryption)
	handle(h, "UpdateMaxRecordSize", s.updateMaxRecordSize)
	handle(h, "UpdateStreamMode", s.updateStreamMode)
}
