package embeddedlog

import (
	"encoding/json"

	bolt "go.etcd.io/bbolt"

	"github.com/putrecords/putrecords"
)

// The bucket and the key of the layout. No shard has this ID.
var layout = []byte("layout")

// SaveLayout stores the stream's shards, so that a restart continues them. Call it with
// Stream.Shards when the stream is new, and in Config.Resharded: that comes before new shards take
// records.
func (l *Log) SaveLayout(shards []putrecords.Shard) error {
	value, err := json.Marshal(shards)
	if err != nil {
		return err
	}
	return l.db.Update(func(tx *bolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists(layout)
		if err != nil {
			return err
		}
		return bucket.Put(layout, value)
	})
}

// Layout returns the shards that were stored last, for Config.Layout, or nil if there are none.
func (l *Log) Layout() (shards []putrecords.Shard, err error) {
	err = l.db.View(func(tx *bolt.Tx) error {
		bucket := tx.Bucket(layout)
		if bucket == nil {
			return nil
		}
		return json.Unmarshal(bucket.Get(layout), &shards)
	})
	return shards, err
}
