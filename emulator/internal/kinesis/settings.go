package kinesis

import "github.com/putrecords/putrecords/kinesishttp"

// handleSettings adds the operations that change a stream's settings. The stream is UPDATING for
// StateDelay, and descriptions show the old settings until then. An operation that would change
// nothing succeeds at once.
func (s *Service) handleSettings(h *kinesishttp.Handler) {
	handle(s, h, "DecreaseStreamRetentionPeriod", s.decreaseRetention)
	handle(s, h, "DisableEnhancedMonitoring", s.disableMonitoring)
	handle(s, h, "EnableEnhancedMonitoring", s.enableMonitoring)
	handle(s, h, "IncreaseStreamRetentionPeriod", s.increaseRetention)
	handle(s, h, "StartStreamEncryption", s.startEncryption)
	handle(s, h, "StopStreamEncryption", s.stopEncryption)
	handle(s, h, "UpdateMaxRecordSize", s.updateMaxRecordSize)
	handle(s, h, "UpdateStreamMode", s.updateStreamMode)
}
