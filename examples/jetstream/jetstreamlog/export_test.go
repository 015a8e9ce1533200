package jetstreamlog

import "time"

// Unfence makes the log store groups whether or not their shard is closed.
func (l *Log) Unfence() { l.engine.unfenced = true }

// SetClosingDelay sets how long the numbers of closed shards go on.
func (l *Log) SetClosingDelay(d time.Duration) { l.closingDelay = d }
