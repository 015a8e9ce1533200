package putrecords_test

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/putrecords/putrecords"
)

// A model is a stream written from AWS's page and this package's documentation, not from its code.
// It is slow, but plain and obviously correct: hash keys are big.Ints, routing looks at every
// shard, tokens are big.Rats, records are admitted one by one, and a log is a slice.
type model struct {
	name, account, region string
	encryption            putrecords.EncryptionType
	limits                putrecords.Limits // in force
	delay                 time.Duration     // Config.ReshardDelay
	updating              time.Duration     // how long a reshard makes the stream UPDATING
	now                   time.Time
	shards                []*modelShard   // by index
	pending               []*modelReshard // the oldest first
	faults                []*modelFault   // all faults ever injected, in order
	log                   *modelLog
	leftOver              int // calls during which shards closed
}

type modelShard struct {
	info           putrecords.Shard
	index          uint32
	created        int64 // in seconds
	first, last    *big.Int
	inService      bool      // takes records, though it may be about to close
	latest         time.Time // latest time it has seen
	records, bytes *bucketModel
	stats          putrecords.ShardStats
}

// A modelReshard is a reshard whose closing second has not passed.
type modelReshard struct {
	active            time.Time // when the stream is ACTIVE again
	closing           int64
	parents, children []*modelShard
}

// modelLimits returns the limits in force: AWS's limits replace zeros.
func modelLimits(l putrecords.Limits) putrecords.Limits {
	largest := min(cmp.Or(l.BytesPerRecord, 1<<20), cmp.Or(l.BytesPerRequest, 5<<20))
	if largest == -1 { // if one of them is unlimited, the other one counts
		largest = max(cmp.Or(l.BytesPerRecord, 1<<20), cmp.Or(l.BytesPerRequest, 5<<20))
	}
	for _, field := range []struct {
		value     *int
		published int
	}{
		{&l.RecordsPerRequest, 500},
		{&l.BytesPerRecord, 1 << 20},
		{&l.BytesPerRequest, 5 << 20},
		{&l.PartitionKeyLength, 256},
		{&l.RecordsPerSecond, 1000},
	} {
		if *field.value == 0 {
			*field.value = field.published
		}
	}
	if l.BytesPerSecond == 0 {
		l.BytesPerSecond = 1 << 20
	}
	if l.RecordBurst == 0 {
		l.RecordBurst = l.RecordsPerSecond
	}
	if l.ByteBurst == 0 && l.BytesPerSecond == -1 {
		l.ByteBurst = -1
	} else if l.ByteBurst == 0 {
		l.ByteBurst = max(l.BytesPerSecond, int64(largest))
		if largest > 1<<20 {
			l.ByteBurst = max(l.ByteBurst, 15<<20)
		}
	}
	return l
}

func newModel(config putrecords.Config, log *modelLog, now time.Time) *model {
	m := &model{
		name:       cmp.Or(config.Name, "stream"),
		account:    cmp.Or(config.AccountID, "000000000000"),
		region:     cmp.Or(config.Region, "us-east-1"),
		encryption: config.EncryptionType,
		limits:     modelLimits(config.Limits),
		delay:      config.ReshardDelay,
		updating:   config.UpdatingDelay,
		now:        now,
		log:        log,
	}
	if m.updating == 0 {
		m.updating = time.Duration(math.Ceil(m.delay.Seconds()*6/25)) * time.Second
	}
	if m.encryption == putrecords.EncryptionNone {
		m.encryption = ""
	}
	for _, info := range config.Layout {
		first, last := info.HashKeyRange.StartingHashKey.Big(), info.HashKeyRange.EndingHashKey.Big()
		index, _ := strconv.Atoi(strings.TrimPrefix(info.ShardID, "shardId-"))
		created := info.SequenceNumberRange.StartingSequenceNumber.ShardCreated
		if created == 0 { // New chooses the second: now, or the one after the parents close
			created = now.Unix()
			for _, parent := range m.shards {
				if parent.info.ShardID == info.ParentShardID || parent.info.ShardID == info.AdjacentParentShardID {
					created = max(created, parent.info.SequenceNumberRange.EndingSequenceNumber.Arrived+1)
				}
			}
		}
		sh := m.addShard(uint32(index), created, first, last, info.ParentShardID, info.AdjacentParentShardID)
		sh.info.SequenceNumberRange.EndingSequenceNumber = info.SequenceNumberRange.EndingSequenceNumber
		if info.SequenceNumberRange.EndingSequenceNumber == (putrecords.SequenceNumber{}) {
			m.open(sh, now)
		}
	}
	if len(config.Layout) == 0 {
		n := int64(max(config.Shards, 1))
		step := new(big.Int).Quo(hashSpace, big.NewInt(n))
		for i := range n {
			first := new(big.Int).Mul(step, big.NewInt(i))
			last := new(big.Int).Add(first, step)
			if i == n-1 {
				last = hashSpace
			}
			m.open(m.addShard(uint32(i), now.Unix(), first, plus(last, -1), "", ""), now)
		}
	}
	return m
}

// addShard adds a shard that is not in service yet.
func (m *model) addShard(index uint32, created int64, first, last *big.Int, parent, adjacentParent string) *modelShard {
	id := fmt.Sprintf("shardId-%012d", index)
	sh := &modelShard{
		info: putrecords.Shard{
			ShardID: id, ParentShardID: parent, AdjacentParentShardID: adjacentParent,
			HashKeyRange: putrecords.HashKeyRange{StartingHashKey: hashKeyOf(first), EndingHashKey: hashKeyOf(last)},
			SequenceNumberRange: putrecords.SequenceNumberRange{
				StartingSequenceNumber: putrecords.SequenceNumber{ShardCreated: created, Arrived: created, ShardIndex: index},
			},
		},
		index: index, created: created, first: first, last: last,
		stats: putrecords.ShardStats{ShardID: id},
	}
	m.shards = append(m.shards, sh)
	return sh
}

// open puts a shard into service with full buckets. latest is the latest time it has seen.
func (m *model) open(sh *modelShard, latest time.Time) {
	sh.inService = true
	sh.latest = latest
	if l := m.limits; l.RecordsPerSecond != -1 && l.RecordBurst != -1 {
		sh.records = newBucketModel(int64(l.RecordsPerSecond), int64(l.RecordBurst), latest)
	}
	if l := m.limits; l.BytesPerSecond != -1 && l.ByteBurst != -1 {
		sh.bytes = newBucketModel(l.BytesPerSecond, l.ByteBurst, latest)
	}
}

// find returns the shard with the ID, or nil.
func (m *model) find(shardID string) *modelShard {
	for _, sh := range m.shards {
		if sh.info.ShardID == shardID {
			return sh
		}
	}
	return nil
}

// route returns the shard in service that owns the hash key.
func (m *model) route(key *big.Int) *modelShard {
	for _, sh := range m.shards {
		if sh.inService && sh.first.Cmp(key) <= 0 && key.Cmp(sh.last) <= 0 {
			return sh
		}
	}
	panic("no shard owns hash key " + key.String())
}

// rejection returns the error for a rejected request.
func rejection(code putrecords.ErrorCode, format string, args ...any) error {
	return &putrecords.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// numberText prints a sequence number by converting its hexadecimal digits.
func numberText(n putrecords.SequenceNumber) string {
	digits := fmt.Sprintf("2%09x%x%016x00%09x%08x2", n.ShardCreated, n.ShardIndex%16, n.Position, n.Arrived, n.ShardIndex)
	value, ok := new(big.Int).SetString(digits, 16)
	if !ok {
		panic(digits)
	}
	return fmt.Sprintf("%056d", value)
}

// Resharding.

// reach completes the pending reshards whose closing second has passed.
func (m *model) reach(now time.Time) {
	var pending []*modelReshard
	for _, r := range m.pending {
		if now.Unix() <= r.closing {
			pending = append(pending, r)
			continue
		}
		latest := r.parents[0].latest
		for _, parent := range r.parents {
			parent.inService = false
			if parent.latest.After(latest) {
				latest = parent.latest
			}
		}
		for _, child := range r.children {
			m.open(child, latest)
		}
	}
	m.pending = pending
}

// status returns what the newest reshard, if it is pending, makes of the stream.
func (m *model) status() putrecords.StreamStatus {
	if n := len(m.pending); n > 0 && m.now.Before(m.pending[n-1].active) {
		return "UPDATING"
	}
	return "ACTIVE"
}

func (m *model) SplitShard(shardID string, newStartingHashKey putrecords.HashKey) error {
	parents, err := m.toReshard(shardID)
	if err != nil {
		return err
	}
	parent, key := parents[0], newStartingHashKey.Big()
	if key.Cmp(plus(parent.first, 1)) <= 0 || key.Cmp(parent.last) >= 0 {
		return rejection("InvalidArgumentException", "NewStartingHashKey %d used in SplitShard() on shard %s in stream %s "+
			"under account %s is not both greater than one plus the shard's StartingHashKey %d and less than the shard's EndingHashKey %d.",
			key, shardID, m.name, m.account, parent.first, parent.last)
	}
	m.replace(parents, [][2]*big.Int{{parent.first, plus(key, -1)}, {key, parent.last}})
	return nil
}

func (m *model) MergeShards(shardID, adjacentShardID string) error {
	parents, err := m.toReshard(shardID, adjacentShardID)
	if err != nil {
		return err
	}
	if plus(parents[0].last, 1).Cmp(parents[1].first) != 0 {
		return rejection("InvalidArgumentException", "Shards %s and %s in stream %s under account %s are not an adjacent pair of shards "+
			"eligible for merging", shardID, adjacentShardID, m.name, m.account)
	}
	m.replace(parents, [][2]*big.Int{{parents[0].first, parents[1].last}})
	return nil
}

// toReshard returns the shards with these IDs, or the reason why they cannot be resharded.
func (m *model) toReshard(shardIDs ...string) (parents []*modelShard, err error) {
	m.reach(m.now)
	if m.status() == "UPDATING" {
		return nil, rejection("ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state UPDATING",
			m.name, m.account)
	}
	for _, id := range shardIDs {
		if m.find(id) == nil {
			return nil, rejection("ResourceNotFoundException", "Could not find shard %s in stream %s under account %s.",
				id, m.name, m.account)
		}
	}
	for _, id := range shardIDs {
		if !m.find(id).info.SequenceNumberRange.EndingSequenceNumber.IsZero() {
			return nil, rejection("InvalidArgumentException", "Shard %s in stream %s under account %s has already been merged or split, "+
				"and thus is not eligible for merging or splitting.", id, m.name, m.account)
		}
		parents = append(parents, m.find(id))
	}
	return parents, nil
}

// replace begins to replace the parents with children that own the given hash keys.
func (m *model) replace(parents []*modelShard, hashKeys [][2]*big.Int) {
	closing := m.now.Add(m.delay).Unix()
	for _, parent := range parents {
		closing = max(closing, parent.latest.Unix(), parent.created)
	}
	adjacentParent := ""
	for i, parent := range parents {
		parent.info.SequenceNumberRange.EndingSequenceNumber = putrecords.SequenceNumber{
			ShardCreated: parent.created, Position: 1<<63 - 1, Arrived: closing, ShardIndex: parent.index,
		}
		if i == 1 {
			adjacentParent = parent.info.ShardID
		}
	}
	r := &modelReshard{active: m.now.Add(m.updating), closing: closing, parents: parents}
	for _, keys := range hashKeys {
		index := m.shards[len(m.shards)-1].index + 1
		child := m.addShard(index, closing+1, keys[0], keys[1], parents[0].info.ShardID, adjacentParent)
		r.children = append(r.children, child)
	}
	m.pending = append(m.pending, r)
	if m.delay == 0 {
		m.reach(time.Unix(closing+1, 0)) // immediately
	}
}

// Faults.

type modelFault struct {
	putrecords.Fault
	hits    int
	removed bool
}

func (f *modelFault) code() putrecords.ErrorCode { return cmp.Or(f.Code, "InternalFailure") }

// whole reports whether the fault fails whole requests.
func (f *modelFault) whole() bool {
	return f.WholeRequest || f.code() != "InternalFailure" && f.code() != "ProvisionedThroughputExceededException"
}

func (f *modelFault) matches(r *modelRecord) bool {
	usedUp := f.Count != -1 && f.hits == max(f.Count, 1)
	return !f.removed && !usedUp && (f.Match == nil || f.Match(r.attempt()))
}

// atKMS reports whether the fault comes from KMS, which a dry run does not ask.
func (f *modelFault) atKMS() bool {
	return slices.Contains([]putrecords.ErrorCode{"KMSDisabledException", "KMSNotFoundException", "KMSOptInRequired"}, f.code())
}

// faultMessages are AWS's messages for the codes, if they are the same for all streams.
var faultMessages = map[putrecords.ErrorCode]string{
	"DryRunOperationException": "DryRunOperation validation succeeded while calling PutRecords operation.: " +
		"Request would have succeeded, but DryRun flag is set.",
	"UnrecognizedClientException": "No account found for the given parameters",
	"KMSOptInRequired":            "The AWS access key ID needs a subscription for the service.",
	"ValidationException":         "ValidationException", // AWS has no message
	"SomethingElse":               "SomethingElse",
}

// message returns the message of the fault for a record of the shard.
func (m *model) message(f *modelFault, sh *modelShard) string {
	if f.Message != "" {
		return f.Message
	}
	switch f.code() {
	case "ProvisionedThroughputExceededException":
		return m.rateExceeded(sh)
	case "InternalFailure":
		if f.whole() {
			return ""
		}
		return "Internal service failure."
	case "AccessDeniedException":
		return fmt.Sprintf("User: arn:%s:iam::%s:user/producer is not authorized to perform: kinesis:PutRecords on resource: %s "+
			"because no identity-based policy allows the kinesis:PutRecords action",
			partitionOf(m.region), m.account, arnOf(m.region, m.account, m.name))
	case "KMSDisabledException":
		return fmt.Sprintf("arn:%s:kms:%s:%s:key/00000000-0000-0000-0000-000000000000 is disabled.",
			partitionOf(m.region), m.region, m.account)
	case "KMSNotFoundException":
		return fmt.Sprintf("Alias arn:%s:kms:%s:%s:alias/aws/kinesis is not found.", partitionOf(m.region), m.region, m.account)
	case "ResourceNotFoundException":
		return fmt.Sprintf("Stream %s under account %s not found.", m.name, m.account)
	case "ResourceInUseException":
		return fmt.Sprintf("Stream %s under account %s not ACTIVE, instead in state UPDATING", m.name, m.account)
	}
	return faultMessages[f.code()]
}

func (m *model) rateExceeded(sh *modelShard) string {
	return fmt.Sprintf("Rate exceeded for shard %s in stream %s under account %s.", sh.info.ShardID, m.name, m.account)
}

// A modelRecord is a record that is being processed.
type modelRecord struct {
	index  int
	entry  putrecords.RequestEntry
	key    *big.Int
	shard  *modelShard
	result putrecords.ResultEntry
	stored bool
}

func (r *modelRecord) attempt() putrecords.Attempt {
	return putrecords.Attempt{
		Index: r.index, PartitionKey: *r.entry.PartitionKey, HashKey: hashKeyOf(r.key),
		ShardID: r.shard.info.ShardID, Bytes: bytesOf(r.entry),
	}
}

func (r *modelRecord) count() putrecords.Count {
	return putrecords.Count{Records: 1, Bytes: int64(bytesOf(r.entry))}
}

// failWhole returns the error of the first fault that fails the whole request, either before or
// after its records are stored. Before, faults at KMS have a turn of their own.
func (m *model) failWhole(records []*modelRecord, afterAppend, atKMS bool) error {
	for _, f := range m.faults {
		for _, r := range records {
			if f.whole() && f.AfterAppend == afterAppend && (afterAppend || f.atKMS() == atKMS) && r.stored == afterAppend && f.matches(r) {
				f.hits++
				return &putrecords.Error{Code: f.code(), Message: m.message(f, r.shard)}
			}
		}
	}
	return nil
}

// failSingle applies faults to single records, either before or after they are stored.
func (m *model) failSingle(records []*modelRecord, afterAppend bool) {
	for _, r := range records {
		for _, f := range m.faults {
			if f.whole() || f.AfterAppend != afterAppend || r.stored != afterAppend || !f.matches(r) {
				continue
			}
			f.hits++
			r.result = putrecords.ResultEntry{ErrorCode: f.code(), ErrorMessage: m.message(f, r.shard)}
			if !afterAppend && f.code() == "InternalFailure" {
				add(&r.shard.stats.Failed, r.count())
			} else if !afterAppend {
				add(&r.shard.stats.Throttled, r.count())
			}
			break
		}
	}
}

func add(c *putrecords.Count, other putrecords.Count) {
	c.Records += other.Records
	c.Bytes += other.Bytes
}

// Storing.

// PutRecords answers a request. The log causes the given trouble. interrupt runs in the first call
// of Append, with the ID of its shard.
func (m *model) PutRecords(in *putrecords.Input, trouble trouble, interrupt func(shardID string)) (*putrecords.Output, error) {
	if err := m.validate(in, true); err != nil {
		return nil, err
	}
	now := m.now
	m.reach(now)
	var records []*modelRecord
	for i, e := range in.Records {
		key := hashKeyOfEntry(e)
		records = append(records, &modelRecord{index: i, entry: e, key: key, shard: m.route(key)})
	}
	if err := m.failWhole(records, false, false); err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, &putrecords.Error{Code: "DryRunOperationException", Message: faultMessages["DryRunOperationException"]}
	}
	if err := m.failWhole(records, false, true); err != nil {
		return nil, err
	}
	m.failSingle(records, false)
	m.store(records, now, trouble, interrupt)
	if err := m.failWhole(records, true, false); err != nil {
		return nil, err
	}
	m.failSingle(records, true)
	out := &putrecords.Output{EncryptionType: m.encryption}
	for _, r := range records {
		out.Records = append(out.Records, r.result)
		if r.result.ErrorCode != "" {
			out.FailedRecordCount++
		}
	}
	return out, nil
}

// store stores the records that have no result yet. It handles one shard after another, in the
// order in which their first records appear in the request. If shards close meanwhile, their
// records go to the children in the request's order.
func (m *model) store(records []*modelRecord, now time.Time, trouble trouble, interrupt func(string)) {
	for round := range 10 { // one reshard at most interrupts a call, so few rounds are enough
		m.reach(now)
		var groups [][]*modelRecord
		for _, r := range records {
			if r.result != (putrecords.ResultEntry{}) {
				continue
			}
			r.shard = m.route(r.key)
			i := slices.IndexFunc(groups, func(group []*modelRecord) bool { return group[0].shard == r.shard })
			if i < 0 {
				i = len(groups)
				groups = append(groups, nil)
			}
			groups[i] = append(groups[i], r)
		}
		if len(groups) == 0 {
			return
		}
		if round > 0 {
			m.leftOver++
		}
		for _, group := range groups {
			if m.takes(group[0].shard, now) && m.storeGroup(group, now, trouble, interrupt) {
				interrupt = func(string) {}
			}
		}
	}
	panic("records are left over again and again")
}

// takes reports whether the shard takes records at this time.
func (m *model) takes(sh *modelShard, now time.Time) bool {
	for _, r := range m.pending {
		if slices.Contains(r.parents, sh) && now.Unix() > r.closing {
			return false
		}
	}
	return sh.inService
}

// storeGroup stores the records of one shard and reports whether any of them reached the log.
func (m *model) storeGroup(group []*modelRecord, now time.Time, trouble trouble, interrupt func(string)) bool {
	sh := group[0].shard
	if now.After(sh.latest) {
		sh.latest = now
	}
	var admitted []*modelRecord
	for _, r := range group {
		size := int64(bytesOf(r.entry))
		if !holds(sh.records, 1, sh.latest) || !holds(sh.bytes, size, sh.latest) {
			r.result = putrecords.ResultEntry{ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: m.rateExceeded(sh)}
			add(&sh.stats.Throttled, r.count())
			continue
		}
		take(sh.records, 1)
		take(sh.bytes, size)
		admitted = append(admitted, r)
	}
	if len(admitted) == 0 {
		return false
	}
	latest := sh.latest
	interrupt(sh.info.ShardID)
	for _, r := range admitted {
		if trouble.fails(sh.index) {
			r.result = putrecords.ResultEntry{ErrorCode: "InternalFailure", ErrorMessage: "Internal service failure."}
			add(&sh.stats.Failed, r.count())
			continue
		}
		number := m.log.append(sh, r.entry, latest)
		r.result = putrecords.ResultEntry{SequenceNumber: numberText(number), ShardID: sh.info.ShardID}
		r.stored = true
		add(&sh.stats.Stored, r.count())
	}
	return true
}

// holds reports whether a bucket holds n tokens. A nil bucket is unlimited.
func holds(b *bucketModel, n int64, now time.Time) bool {
	if b == nil {
		return true
	}
	b.advance(now)
	return b.holds(n)
}

// take takes n tokens from a bucket. A nil bucket is unlimited.
func take(b *bucketModel, n int64) {
	if b != nil {
		b.take(n)
	}
}

// A modelLog is the log of a stream and of the streams restarted on it.
type modelLog struct {
	retention time.Duration // -1 is forever
	discards  bool
	newest    time.Time
	positions map[string]uint64 // last position of each shard
	records   map[string][]putrecords.Record
}

func (l *modelLog) append(sh *modelShard, e putrecords.RequestEntry, arrived time.Time) putrecords.SequenceNumber {
	id := sh.info.ShardID
	l.positions[id]++
	number := putrecords.SequenceNumber{
		ShardCreated: sh.created, Position: l.positions[id], Arrived: max(arrived.Unix(), sh.created), ShardIndex: sh.index,
	}
	if l.discards {
		return number
	}
	record := putrecords.Record{SequenceNumber: number, PartitionKey: *e.PartitionKey, Data: slices.Clone(e.Data), Arrived: arrived}
	if e.ExplicitHashKey != nil {
		record.ExplicitHashKey = *e.ExplicitHashKey
	}
	l.records[id] = append(l.records[id], record)
	if arrived.After(l.newest) {
		l.newest = arrived
	}
	return number
}

// kept returns the records of a shard that are within the retention.
func (l *modelLog) kept(shardID string) []putrecords.Record {
	var records []putrecords.Record
	for _, r := range l.records[shardID] {
		if l.retention == -1 || l.newest.Sub(r.Arrived) <= l.retention {
			records = append(records, r)
		}
	}
	return records
}
