package putrecords_test

import (
	"cmp"
	"context"
	"crypto/md5"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// The model: what a stream is, written from AWS's page and this package's documentation, and not from its code. It is meant to be
// plain and obviously right, and is slow: hash keys are big.Ints, found by looking at every shard, tokens are big.Rats, taken
// record by record, and a log is a slice.
type model struct {
	name, account, region string
	encryption            putrecords.EncryptionType
	limits                putrecords.Limits // in force
	delay                 time.Duration     // of reshards
	now                   time.Time
	shards                []*modelShard // by index
	pending               *modelReshard // nil if none is
	faults                []*modelFault // all that were ever injected, in that order
	log                   *modelLog
	leftOver              int // calls in the middle of which shards closed
}

type modelShard struct {
	info           putrecords.Shard
	index          uint32
	created        int64 // second
	first, last    *big.Int
	inService      bool      // takes records, if perhaps not much longer
	latest         time.Time // the latest time it has seen
	records, bytes *bucketModel
	stats          putrecords.ShardStats
}

// A modelReshard is a reshard until its closing second has passed.
type modelReshard struct {
	closing           int64
	parents, children []*modelShard
}

// modelLimits returns the limits in force: what AWS publishes for a zero.
func modelLimits(l putrecords.Limits) putrecords.Limits {
	largest := min(cmp.Or(l.BytesPerRecord, 1<<20), cmp.Or(l.BytesPerRequest, 5<<20))
	if largest == -1 { // one of them is unlimited, and the other one counts
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
		now:        now,
		log:        log,
	}
	if m.encryption == putrecords.EncryptionNone {
		m.encryption = ""
	}
	for _, info := range config.Layout {
		first, last := info.HashKeyRange.StartingHashKey.Big(), info.HashKeyRange.EndingHashKey.Big()
		index, _ := strconv.Atoi(strings.TrimPrefix(info.ShardID, "shardId-"))
		created := info.SequenceNumberRange.StartingSequenceNumber.ShardCreated
		if created == 0 { // left to New: now, but after the parents
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

var hashSpace = new(big.Int).Lsh(big.NewInt(1), 128)

func plus(n *big.Int, k int64) *big.Int { return new(big.Int).Add(n, big.NewInt(k)) }

func hashKeyOf(n *big.Int) (key putrecords.HashKey) {
	n.FillBytes(key[:])
	return key
}

// addShard adds a shard, which does not take records yet.
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

// open puts a shard into service, which has seen the given time, and whose buckets are full.
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

func (m *model) find(shardID string) *modelShard {
	for _, sh := range m.shards {
		if sh.info.ShardID == shardID {
			return sh
		}
	}
	return nil
}

func (m *model) route(key *big.Int) *modelShard {
	for _, sh := range m.shards {
		if sh.inService && sh.first.Cmp(key) <= 0 && key.Cmp(sh.last) <= 0 {
			return sh
		}
	}
	panic("no shard owns hash key " + key.String())
}

func (m *model) refusal(code putrecords.ErrorCode, format string, args ...any) error {
	return &putrecords.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// numberText prints a sequence number from its hexadecimal digits.
func numberText(n putrecords.SequenceNumber) string {
	digits := fmt.Sprintf("2%09x%x%016x00%09x%08x2", n.ShardCreated, n.ShardIndex%16, n.Position, n.Arrived, n.ShardIndex)
	value, ok := new(big.Int).SetString(digits, 16)
	if !ok {
		panic(digits)
	}
	return fmt.Sprintf("%056d", value)
}

// Resharding.

// reach completes a pending reshard if its closing second has passed.
func (m *model) reach(now time.Time) {
	if m.pending == nil || now.Unix() <= m.pending.closing {
		return
	}
	latest := m.pending.parents[0].latest
	for _, parent := range m.pending.parents {
		parent.inService = false
		if parent.latest.After(latest) {
			latest = parent.latest
		}
	}
	for _, child := range m.pending.children {
		m.open(child, latest)
	}
	m.pending = nil
}

func (m *model) SplitShard(shardID string, newStartingHashKey putrecords.HashKey) error {
	parents, err := m.toReshard(shardID)
	if err != nil {
		return err
	}
	parent, key := parents[0], newStartingHashKey.Big()
	if key.Cmp(plus(parent.first, 1)) <= 0 || key.Cmp(parent.last) >= 0 {
		return m.refusal("InvalidArgumentException", "NewStartingHashKey %d used in SplitShard() on shard %s in stream %s "+
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
		return m.refusal("InvalidArgumentException", "Shards %s and %s in stream %s under account %s are not an adjacent pair of shards "+
			"eligible for merging", shardID, adjacentShardID, m.name, m.account)
	}
	m.replace(parents, [][2]*big.Int{{parents[0].first, parents[1].last}})
	return nil
}

// toReshard returns the shards that are to be resharded, if they may be.
func (m *model) toReshard(shardIDs ...string) (parents []*modelShard, err error) {
	m.reach(m.now)
	if m.pending != nil {
		return nil, m.refusal("ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state UPDATING",
			m.name, m.account)
	}
	for _, id := range shardIDs {
		if m.find(id) == nil {
			return nil, m.refusal("ResourceNotFoundException", "Could not find shard %s in stream %s under account %s.",
				id, m.name, m.account)
		}
	}
	for _, id := range shardIDs {
		if !m.find(id).inService {
			return nil, m.refusal("InvalidArgumentException", "Shard %s in stream %s under account %s has already been merged or split, "+
				"and thus is not eligible for merging or splitting.", id, m.name, m.account)
		}
		parents = append(parents, m.find(id))
	}
	return parents, nil
}

// replace begins to replace parents by children with the given hash keys.
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
	m.pending = &modelReshard{closing: closing, parents: parents}
	for _, keys := range hashKeys {
		index := m.shards[len(m.shards)-1].index + 1
		child := m.addShard(index, closing+1, keys[0], keys[1], parents[0].info.ShardID, adjacentParent)
		m.pending.children = append(m.pending.children, child)
	}
	if m.delay == 0 {
		m.reach(time.Unix(closing+1, 0)) // at once
	}
}

// Validation.

var (
	hashKeySyntax = regexp.MustCompile(`^(0|([1-9]\d{0,38}))$`)
	nameSyntax    = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	arnSyntax     = regexp.MustCompile(`^arn:aws.*:kinesis:.*:\d{12}:stream/\S+$`)
)

func above(n, limit int) bool { return limit != -1 && n > limit }

// clauses returns what violates a constraint on the members of a request.
func (m *model) clauses(in *putrecords.Input) (clauses []string) {
	violated := func(value, path, constraint string) {
		clauses = append(clauses, fmt.Sprintf("%s at '%s' failed to satisfy constraint: Member must %s", value, path, constraint))
	}
	const atMost = "have length less than or equal to "
	switch {
	case in.Records == nil:
		violated("Value null", "records", "not be null")
	case len(in.Records) == 0:
		violated("Value '[]'", "records", "have length greater than or equal to 1")
	case above(len(in.Records), m.limits.RecordsPerRequest):
		violated("Value", "records", atMost+strconv.Itoa(m.limits.RecordsPerRequest))
	}
	for i, e := range in.Records {
		path := fmt.Sprintf("records.%d.member.", i+1)
		switch {
		case e.PartitionKey == nil:
			violated("Value null", path+"partitionKey", "not be null")
		case *e.PartitionKey == "":
			violated("Value ''", path+"partitionKey", "have length greater than or equal to 1")
		case above(utf8.RuneCountInString(*e.PartitionKey), m.limits.PartitionKeyLength):
			violated("Value '"+*e.PartitionKey+"'", path+"partitionKey", atMost+strconv.Itoa(m.limits.PartitionKeyLength))
		}
		if e.ExplicitHashKey != nil && !hashKeySyntax.MatchString(*e.ExplicitHashKey) {
			violated("Value '"+*e.ExplicitHashKey+"'", path+"explicitHashKey", `satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$`)
		}
		if e.Data == nil {
			violated("Value null", path+"data", "not be null")
		} else if above(bytesOf(e), m.limits.BytesPerRecord) {
			violated("Value", path+"data", atMost+strconv.Itoa(m.limits.BytesPerRecord))
		}
	}
	for _, member := range []struct {
		path, pattern string
		value         *string
		syntax        *regexp.Regexp
		length        int
	}{
		{"streamName", `[a-zA-Z0-9_.-]+`, in.StreamName, nameSyntax, 128},
		{"streamARN", `arn:aws.*:kinesis:.*:\d{12}:stream/\S+`, in.StreamARN, arnSyntax, 2048},
	} {
		if member.value == nil {
			continue
		}
		value := "Value '" + *member.value + "'"
		if !member.syntax.MatchString(*member.value) {
			violated(value, member.path, "satisfy regular expression pattern: "+member.pattern)
		}
		if *member.value == "" {
			violated(value, member.path, "have length greater than or equal to 1")
		}
		if utf8.RuneCountInString(*member.value) > member.length {
			violated(value, member.path, atMost+strconv.Itoa(member.length))
		}
	}
	return clauses
}

func bytesOf(e putrecords.RequestEntry) int {
	if e.PartitionKey == nil {
		return len(e.Data)
	}
	return len(e.Data) + len(*e.PartitionKey)
}

// validate makes the checks of a request in AWS's order. Those that need a stream are left out for Limits.Validate.
func (m *model) validate(in *putrecords.Input, withStream bool) error {
	if clauses := m.clauses(in); len(clauses) == 1 {
		return m.refusal("ValidationException", "1 validation error detected: %s", clauses[0])
	} else if len(clauses) > 1 {
		clauses = clauses[:min(len(clauses), 10)]
		return m.refusal("ValidationException", "%d validation errors detected: %s", len(clauses), strings.Join(clauses, "; "))
	}
	var name string
	if in.StreamName == nil && in.StreamARN == nil {
		return m.refusal("InvalidArgumentException", "Stream arn and stream name can't be empty at the same time")
	}
	if in.StreamName != nil {
		name = *in.StreamName
	}
	if in.StreamARN != nil {
		parts := strings.Split(*in.StreamARN, ":") // arn:aws:kinesis:region:account:stream/name
		inARN := strings.TrimPrefix(parts[5], "stream/")
		if in.StreamName != nil && name != inARN {
			return m.refusal("InvalidArgumentException", "Input stream name %s doesn't match the inferred name in stream arn %s",
				name, inARN)
		}
		name = inARN
		if withStream && parts[3] != m.region {
			return m.refusal("InvalidArgumentException", "The region specified in the ARN '%s' does not match the endpoint region",
				*in.StreamARN)
		}
		if withStream && parts[4] != m.account {
			return m.refusal("UnrecognizedClientException", "No account found for the given parameters")
		}
	}
	if withStream && name != m.name {
		return m.refusal("ResourceNotFoundException", "Stream %s under account %s not found.", name, m.account)
	}
	size := 0
	for _, e := range in.Records {
		if e.ExplicitHashKey != nil && hashKeyOfEntry(e).Cmp(hashSpace) >= 0 {
			return m.refusal("InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "+
				"Specified value was %s", *e.ExplicitHashKey)
		}
		size += bytesOf(e)
	}
	if above(size, m.limits.BytesPerRequest) {
		mib := strings.TrimRight(big.NewRat(int64(m.limits.BytesPerRequest), 1<<20).FloatString(20), "0")
		return m.refusal("InvalidArgumentException", "Records size exceeds %s MB limit", strings.TrimSuffix(mib, "."))
	}
	return nil
}

// hashKeyOfEntry returns the hash key of a record that violates no constraint.
func hashKeyOfEntry(e putrecords.RequestEntry) *big.Int {
	if e.ExplicitHashKey != nil {
		n, _ := new(big.Int).SetString(*e.ExplicitHashKey, 10)
		return n
	}
	key := new(big.Int)
	putrecords.WithMD5(func() {
		digest := md5.Sum([]byte(*e.PartitionKey))
		key.SetBytes(digest[:])
	})
	return key
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

// faultTexts are AWS's texts for the codes, where they are the same for every stream.
var faultTexts = map[putrecords.ErrorCode]string{
	"InternalFailure": "Internal service failure.",
	"DryRunOperationException": "DryRunOperation validation succeeded while calling PutRecords operation.: " +
		"Request would have succeeded, but DryRun flag is set.",
	"UnrecognizedClientException": "No account found for the given parameters",
	"AccessDeniedException":       "Specifies that you do not have the permissions required to perform this operation.",
	"KMSDisabledException":        "The request was rejected because the specified customer master key (CMK) isn't enabled.",
	"KMSNotFoundException":        "The request was rejected because the specified entity or resource can't be found.",
	"KMSOptInRequired":            "The AWS access key ID needs a subscription for the service.",
	"ValidationException":         "ValidationException", // AWS has none
	"SomethingElse":               "SomethingElse",
}

// text returns the text of the fault's answer to a record of the shard.
func (m *model) text(f *modelFault, sh *modelShard) string {
	if f.Message != "" {
		return f.Message
	}
	switch f.code() {
	case "ProvisionedThroughputExceededException":
		return m.rateExceeded(sh)
	case "ResourceNotFoundException":
		return fmt.Sprintf("Stream %s under account %s not found.", m.name, m.account)
	case "ResourceInUseException":
		return fmt.Sprintf("Stream %s under account %s not ACTIVE, instead in state UPDATING", m.name, m.account)
	}
	return faultTexts[f.code()]
}

func (m *model) rateExceeded(sh *modelShard) string {
	return fmt.Sprintf("Rate exceeded for shard %s in stream %s under account %s.", sh.info.ShardID, m.name, m.account)
}

// A modelRecord is a record on its way.
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

// failWhole returns the answer of the first fault that fails the request, before it is stored or after.
func (m *model) failWhole(records []*modelRecord, afterAppend bool) error {
	for _, f := range m.faults {
		for _, r := range records {
			if f.whole() && f.AfterAppend == afterAppend && r.stored == afterAppend && f.matches(r) {
				f.hits++
				return &putrecords.Error{Code: f.code(), Message: m.text(f, r.shard)}
			}
		}
	}
	return nil
}

// failSingle answers single records with faults, before they are stored or after.
func (m *model) failSingle(records []*modelRecord, afterAppend bool) {
	for _, r := range records {
		for _, f := range m.faults {
			if f.whole() || f.AfterAppend != afterAppend || r.stored != afterAppend || !f.matches(r) {
				continue
			}
			f.hits++
			r.result = putrecords.ResultEntry{ErrorCode: f.code(), ErrorMessage: m.text(f, r.shard)}
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

// PutRecords answers a request. The log makes the given trouble, and interrupt runs in the first call of Append, with its shard.
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
	if err := m.failWhole(records, false); err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, &putrecords.Error{Code: "DryRunOperationException", Message: faultTexts["DryRunOperationException"]}
	}
	m.failSingle(records, false)
	m.store(records, now, trouble, interrupt)
	if err := m.failWhole(records, true); err != nil {
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

// store stores the records without an answer, shard by shard, in the order in which the request names the shards. The records of
// shards that close in the middle of it go to the children, in the request's order.
func (m *model) store(records []*modelRecord, now time.Time, trouble trouble, interrupt func(string)) {
	for round := 0; ; round++ {
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
}

// takes reports whether the shard takes records at the given time.
func (m *model) takes(sh *modelShard, now time.Time) bool {
	if m.pending != nil && slices.Contains(m.pending.parents, sh) && now.Unix() > m.pending.closing {
		return false
	}
	return sh.inService
}

// storeGroup stores the records of one shard, and reports whether any got to the log.
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

// holds reports whether a bucket, which is nil if it is unlimited, holds n tokens at a time.
func holds(b *bucketModel, n int64, now time.Time) bool {
	if b == nil {
		return true
	}
	b.advance(now)
	return b.holds(n)
}

func take(b *bucketModel, n int64) {
	if b != nil {
		b.take(n)
	}
}

// A modelLog is the log of one stream, and of its successors.
type modelLog struct {
	retention time.Duration // -1 is for ever
	discards  bool
	newest    time.Time
	positions map[string]uint64 // the last of each shard
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

// kept returns the records of a shard that are not too old.
func (l *modelLog) kept(shardID string) []putrecords.Record {
	var records []putrecords.Record
	for _, r := range l.records[shardID] {
		if l.retention == -1 || l.newest.Sub(r.Arrived) <= l.retention {
			records = append(records, r)
		}
	}
	return records
}

// A trouble is what a log makes of the records of some shards.
type trouble struct {
	kind   string // failsAtOnce, failsLater, finishesLater or ""
	shards string // evenShards, oddShards or "" for all
}

const (
	failsAtOnce   = "fails at once"
	failsLater    = "fails later"
	finishesLater = "finishes later"
	evenShards    = "even"
	oddShards     = "odd"
)

func (t trouble) meets(index uint32) bool {
	return t.shards == "" || (t.shards == evenShards) == (index%2 == 0)
}

func (t trouble) fails(index uint32) bool {
	return t.meets(index) && (t.kind == failsAtOnce || t.kind == failsLater)
}

// A troubledLog is a log with a trouble. It notes whether a stream calls it as it should.
type troubledLog struct {
	putrecords.Log
	trouble   trouble
	interrupt func(shardID string) // runs in the next call of Append

	// In the current call of the stream.
	begun, waited int  // appends that are to finish later, and those that have
	late          bool // an append began after one had been waited for
}

func (l *troubledLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	if interrupt := l.interrupt; interrupt != nil {
		l.interrupt = nil
		interrupt(shard.ShardID)
	}
	l.late = l.late || l.waited > 0
	if l.trouble.meets(shard.SequenceNumberRange.StartingSequenceNumber.ShardIndex) {
		switch l.trouble.kind {
		case failsAtOnce:
			return nil, errLog
		case failsLater:
			l.begun++
			return func() error {
				l.waited++
				return errLog
			}, nil
		case finishesLater:
			l.begun++
			return func() error {
				l.waited++
				_, err := l.Log.Append(ctx, shard, records)
				return err
			}, nil
		}
	}
	return l.Log.Append(ctx, shard, records)
}

// The state machine.

const (
	modelChecks = 2800    // sequences of steps in a run
	modelSteps  = 40      // steps in a sequence, on average
	minSteps    = 100_000 // steps in a run
)

// The stream and the model agree: in every answer, and after every step in Shards, Stats, Records and Hits. What holds without a
// model is checked after every step too: see [machine.Check].
//
// A step is one call of the stream, or one change of its clock. A run is of 2,800 sequences of 40 steps on average, and fails if
// it comes to less than 100,000 steps. The environment variable PUTRECORDS_MODEL_CHECKS sets another number of sequences: 100000 of
// them take some minutes. With -short there are a tenth as many steps.
func TestModel(t *testing.T) {
	checks := modelChecks
	if v := os.Getenv("PUTRECORDS_MODEL_CHECKS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			t.Fatalf("PUTRECORDS_MODEL_CHECKS=%q is not a number of checks", v)
		}
		checks = n
	}
	setFlag(t, "rapid.checks", strconv.Itoa(checks))
	setFlag(t, "rapid.steps", strconv.Itoa(modelSteps))

	steps, events := 0, make(map[string]int)
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t, events)
		actions := m.actions()
		for name, action := range actions {
			actions[name] = func(t *rapid.T) {
				action(t)
				steps++ // an action that is skipped does not come here
			}
		}
		actions[""] = m.Check
		t.Repeat(actions)
	})

	if checks < modelChecks || testing.Short() {
		return
	}
	if steps < minSteps {
		t.Errorf("%d steps, want at least %d", steps, minSteps)
	}
	for _, event := range []string{
		"stored", "throttled", "failed", "refused", "stored before a failed request", "reshard", "reshard in the middle of a call",
		"left over in the middle of a call", "restart", "retention",
	} {
		if events[event] < 100 {
			t.Errorf("%q happened %d times in %d steps: the model is hardly put to the test", event, events[event], steps)
		}
	}
}

// setFlag sets a flag until the test ends.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	old := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(old) })
}

// A machine drives a stream and its model.
type machine struct {
	clock      *clock
	config     putrecords.Config
	log        *troubledLog
	stream     *putrecords.Stream
	model      *model
	injections []*putrecords.Injection  // those of model.faults
	asked      []putrecords.Attempt     // what the stream has asked the faults' Match
	answer     *putrecords.Output       // the one before, which is the caller's
	answered   []putrecords.ResultEntry // what it was when it came
	entries    int                      // of requests, ever
	events     map[string]int

	// What callers were told since the stream began.
	sent, stored, throttled, failed putrecords.Count
	storedIn                        map[string]putrecords.Count
	told                            map[string]string // the last number of each shard
	lies                            bool              // there were faults with AfterAppend
}

func newMachine(t *rapid.T, events map[string]int) *machine {
	m := &machine{clock: newClock(), events: events}
	encryptions := []putrecords.EncryptionType{"", putrecords.EncryptionNone, putrecords.EncryptionKMS}
	m.config = putrecords.Config{
		Name:           rapid.SampledFrom([]string{"", "orders-1.eu_x"}).Draw(t, "name"),
		AccountID:      rapid.SampledFrom([]string{"", "123456789012"}).Draw(t, "account"),
		Region:         rapid.SampledFrom([]string{"", "eu-west-1", "cn-north-1", "us-gov-west-1"}).Draw(t, "region"),
		EncryptionType: rapid.SampledFrom(encryptions).Draw(t, "encryption"),
		ReshardDelay:   rapid.SampledFrom([]time.Duration{0, 0, time.Second, 2500 * time.Millisecond, 25 * time.Second}).Draw(t, "delay"),
		Limits:         drawLimits(t),
		Now:            m.clock.Now,
	}
	if rapid.Bool().Draw(t, "restored") {
		m.config.Layout = drawLayout(t, m.clock.now)
	} else {
		m.config.Shards = rapid.IntRange(0, 5).Draw(t, "shards")
	}
	log := &modelLog{
		retention: rapid.SampledFrom([]time.Duration{0, 3 * time.Second, 1, -1}).Draw(t, "retention"),
		positions: make(map[string]uint64), records: make(map[string][]putrecords.Record),
	}
	m.log = &troubledLog{Log: &putrecords.MemoryLog{Retention: log.retention}}
	if log.retention == 0 {
		log.retention = 24 * time.Hour
	}
	if rapid.IntRange(0, 9).Draw(t, "discard") == 9 {
		log.discards = true
		m.log.Log = putrecords.Discard()
	}
	m.config.Log = m.log
	m.start(t, log)
	return m
}

// drawLimits returns limits that bite, and make sense.
func drawLimits(t *rapid.T) putrecords.Limits {
	l := putrecords.Limits{
		RecordsPerRequest:  rapid.SampledFrom([]int{0, 5, 8, -1}).Draw(t, "records a request"),
		BytesPerRecord:     rapid.SampledFrom([]int{0, 40, 64, -1}).Draw(t, "bytes a record"),
		BytesPerRequest:    rapid.SampledFrom([]int{0, 192, 320, -1}).Draw(t, "bytes a request"),
		PartitionKeyLength: rapid.SampledFrom([]int{0, 5, -1}).Draw(t, "key length"),
		RecordsPerSecond:   rapid.SampledFrom([]int{0, 1, 3, 7, 20, -1}).Draw(t, "records a second"),
		BytesPerSecond:     rapid.SampledFrom([]int64{0, 70, 333, 1000, -1}).Draw(t, "bytes a second"),
		RecordBurst:        rapid.SampledFrom([]int{0, 0, 10, -1}).Draw(t, "record burst"),
	}
	if l.BytesPerRecord == -1 && l.BytesPerRequest == -1 {
		l.BytesPerSecond = -1 // no burst holds a record of any size
	}
	withSlowRate := l
	withSlowRate.BytesPerSecond = 1
	if largest := modelLimits(withSlowRate).ByteBurst; largest > 0 { // the burst that follows the largest record
		l.ByteBurst = rapid.SampledFrom([]int64{0, largest, largest + 300, -1}).Draw(t, "byte burst")
	}
	return l
}

// drawLayout returns a layout as it may be restored: indexes in any order of the hash keys and with gaps, with numbers or without,
// with a closed parent or without.
func drawLayout(t *rapid.T, now time.Time) (layout []putrecords.Shard) {
	index := rapid.Uint32Range(0, 20).Draw(t, "first index")
	parentID, closing := "", int64(0)
	if rapid.Bool().Draw(t, "closed parent") {
		created := now.Unix() - 100
		closing = now.Unix() + rapid.Int64Range(-50, 50).Draw(t, "closing")
		parentID = fmt.Sprintf("shardId-%012d", index)
		layout = append(layout, putrecords.Shard{
			ShardID:      parentID,
			HashKeyRange: putrecords.HashKeyRange{EndingHashKey: hashKeyOf(plus(hashSpace, -1))},
			SequenceNumberRange: putrecords.SequenceNumberRange{
				StartingSequenceNumber: putrecords.SequenceNumber{ShardCreated: created, Arrived: created, ShardIndex: index},
				EndingSequenceNumber: putrecords.SequenceNumber{
					ShardCreated: created, Position: 1<<63 - 1, Arrived: closing, ShardIndex: index,
				},
			},
		})
	}
	cuts := append([]int64{0}, rapid.SliceOfNDistinct(rapid.Int64Range(1, 15), 0, 4, rapid.ID[int64]).Draw(t, "cuts")...)
	slices.Sort(cuts)
	cuts = append(cuts, 16)
	sixteenth := new(big.Int).Rsh(hashSpace, 4)
	var ranges []putrecords.HashKeyRange
	for i := range cuts[1:] {
		first, next := new(big.Int).Mul(sixteenth, big.NewInt(cuts[i])), new(big.Int).Mul(sixteenth, big.NewInt(cuts[i+1]))
		ranges = append(ranges, putrecords.HashKeyRange{StartingHashKey: hashKeyOf(first), EndingHashKey: hashKeyOf(plus(next, -1))})
	}
	for _, keys := range rapid.Permutation(ranges).Draw(t, "order") {
		index += rapid.Uint32Range(1, 4).Draw(t, "gap")
		shard := putrecords.Shard{ShardID: fmt.Sprintf("shardId-%012d", index), ParentShardID: parentID, HashKeyRange: keys}
		if rapid.Bool().Draw(t, "with numbers") {
			created := max(closing+1, now.Unix()+rapid.Int64Range(-30, 30).Draw(t, "created"))
			first := &shard.SequenceNumberRange.StartingSequenceNumber
			*first = putrecords.SequenceNumber{ShardCreated: created, Arrived: created, ShardIndex: index}
		}
		layout = append(layout, shard)
	}
	return layout
}

// start starts a stream, or another one on the log of the last.
func (m *machine) start(t *rapid.T, log *modelLog) {
	stream, err := putrecords.New(m.config)
	if err != nil {
		t.Fatalf("New(%+v): %v", m.config, err)
	}
	m.stream, m.model = stream, newModel(m.config, log, m.clock.now)
	m.injections, m.lies = nil, false
	m.sent, m.stored, m.throttled, m.failed = putrecords.Count{}, putrecords.Count{}, putrecords.Count{}, putrecords.Count{}
	m.storedIn, m.told = make(map[string]putrecords.Count), make(map[string]string)
	agree(t, "limits", m.model.limits, stream.Limits())
	agree(t, "ARN", m.arn(m.model.region, m.model.account, m.model.name), stream.ARN())
}

func agree[T any](t *rapid.T, what string, model, stream T) {
	if diff := gocmp.Diff(model, stream); diff != "" {
		t.Fatalf("%s differ (-model +stream):\n%s", what, diff)
	}
}

// agreeOn is agree for errors.
func agreeOn(t *rapid.T, what string, model, stream error) {
	want, got := asError(t, model), asError(t, stream)
	if want == got || want != nil && got != nil && *want == *got {
		return
	}
	agree(t, what, want, got)
}

func asError(t *rapid.T, err error) *putrecords.Error {
	var e *putrecords.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%v is not an *Error", err)
	}
	return e
}

func (m *machine) arn(region, account, name string) string {
	partition := "aws"
	switch region {
	case "cn-north-1":
		partition = "aws-cn"
	case "us-gov-west-1":
		partition = "aws-us-gov"
	}
	return "arn:" + partition + ":kinesis:" + region + ":" + account + ":stream/" + name
}

// actions are the steps. Some have two names, to be drawn more often.
func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"put":                m.put,
		"put again":          m.put,
		"put more":           m.put,
		"put with trouble":   m.putWithTrouble,
		"put during reshard": m.putDuringReshard,
		"put badly":          m.putBadly,
		"put otherwise":      m.putOtherwise,
		"advance":            m.advance,
		"advance again":      m.advance,
		"advance more":       m.advance,
		"advance to an edge": m.advanceToEdge,
		"go back":            m.goBack,
		"reshard":            m.reshard,
		"reshard again":      m.reshard,
		"inject":             m.inject,
		"remove":             m.remove,
		"look around":        m.lookAround,
	}
}

// Puts.

func (m *machine) drawEntry(t *rapid.T) putrecords.RequestEntry {
	m.entries++
	key := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "é", "key-1", "💧💧💧💧💧", "abcde"}).Draw(t, "key")
	data := make([]byte, rapid.SampledFrom([]int{0, 0, 1, 7, 10, 20, 30, 39, 40, 63}).Draw(t, "data"))
	for i := range data {
		data[i] = byte(m.entries + i)
	}
	e := putrecords.RequestEntry{PartitionKey: &key, Data: data}
	if rapid.Bool().Draw(t, "explicit") {
		explicit := m.drawHashKey(t).String()
		e.ExplicitHashKey = &explicit
	}
	return e
}

// drawHashKey returns a hash key at the edge of a shard.
func (m *machine) drawHashKey(t *rapid.T) *big.Int {
	sh := rapid.SampledFrom(m.model.shards).Draw(t, "of shard")
	switch rapid.IntRange(0, 3).Draw(t, "edge") {
	case 0:
		return sh.first
	case 1:
		return sh.last
	case 2:
		return hashKeyOf(plus(sh.first, 1)).Big()
	}
	middle := new(big.Int).Add(sh.first, sh.last)
	return middle.Rsh(middle, 1)
}

func (m *machine) drawRequest(t *rapid.T) *putrecords.Input {
	in := &putrecords.Input{StreamName: &m.model.name}
	for range rapid.IntRange(1, 6).Draw(t, "records") {
		in.Records = append(in.Records, m.drawEntry(t))
	}
	return in
}

func (m *machine) put(t *rapid.T) { m.send(t, m.drawRequest(t), trouble{}, nil) }

func (m *machine) putWithTrouble(t *rapid.T) {
	in := m.drawRequest(t)
	m.send(t, in, trouble{
		kind:   rapid.SampledFrom([]string{failsAtOnce, failsLater, finishesLater}).Draw(t, "trouble"),
		shards: rapid.SampledFrom([]string{"", evenShards, oddShards}).Draw(t, "shards"),
	}, nil)
}

// putDuringReshard puts records, and as the log begins to store the first of them, the clock goes back and another caller reshards
// shards that others of them are for.
func (m *machine) putDuringReshard(t *rapid.T) {
	r := m.drawReshard(t)
	in := &putrecords.Input{StreamName: &m.model.name}
	for _, id := range []string{m.open()[0].info.ShardID, r.adjacentShardID, r.shardID, r.adjacentShardID, r.shardID} {
		if sh := m.model.find(id); sh != nil {
			e := m.drawEntry(t)
			e.ExplicitHashKey = ptr(rapid.SampledFrom([]*big.Int{sh.first, sh.last}).Draw(t, "edge").String())
			in.Records = append(in.Records, e)
		}
	}
	back := rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Second, time.Minute}).Draw(t, "back")
	m.send(t, in, trouble{}, &interruption{back, r})
}

// An interruption is what another caller does in the middle of a call.
type interruption struct {
	back    time.Duration // where the clock goes before
	reshard reshard
}

// putOtherwise puts records by ARN, or dry, or too late.
func (m *machine) putOtherwise(t *rapid.T) {
	in := m.drawRequest(t)
	arn := m.arn(m.model.region, m.model.account, m.model.name)
	switch rapid.SampledFrom([]string{"ARN", "both", "dry", "not dry", "done"}).Draw(t, "how") {
	case "ARN":
		in.StreamName, in.StreamARN = nil, &arn
	case "both":
		in.StreamARN = &arn
	case "dry":
		in.DryRun = ptr(true)
	case "not dry":
		in.DryRun = ptr(false)
	case "done":
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if out, err := m.stream.PutRecords(ctx, in); out != nil || !errors.Is(err, context.Canceled) {
			t.Fatalf("with a done context: %v, %v", out, err)
		}
		return
	}
	m.send(t, in, trouble{}, nil)
}

// putBadly puts a request that breaks rules, or at least some streams' rules.
func (m *machine) putBadly(t *rapid.T) {
	in := m.drawRequest(t)
	for range rapid.IntRange(1, 3).Draw(t, "faults") {
		one := &putrecords.RequestEntry{}
		if len(in.Records) > 0 {
			one = &in.Records[rapid.IntRange(0, len(in.Records)-1).Draw(t, "record")]
		}
		switch rapid.IntRange(0, 12).Draw(t, "fault") {
		case 0:
			in.Records = rapid.SampledFrom([][]putrecords.RequestEntry{nil, {}}).Draw(t, "no records")
		case 1:
			in.Records = repeat(rapid.IntRange(6, 9).Draw(t, "many"), m.drawEntry(t))
		case 2:
			in.Records = repeat(rapid.IntRange(8, 12).Draw(t, "many"), putrecords.RequestEntry{})
		case 3:
			one.PartitionKey = nil
		case 4:
			one.PartitionKey = ptr(rapid.SampledFrom([]string{
				"", "longer", strings.Repeat("ß", 256), strings.Repeat("ß", 257),
			}).Draw(t, "bad key"))
		case 5:
			one.ExplicitHashKey = ptr(rapid.SampledFrom([]string{
				"", "00", "01", "-1", "+1", "1e3", "x", "1\n", "1" + strings.Repeat("0", 39),
			}).Draw(t, "malformed"))
		case 6, 7:
			one.ExplicitHashKey = ptr(rapid.SampledFrom([]string{hashSpace.String(), strings.Repeat("9", 39)}).Draw(t, "out of range"))
		case 8:
			one.Data = nil
		case 9:
			one.Data = make([]byte, rapid.SampledFrom([]int{40, 64, 65, 128, 200}).Draw(t, "large"))
		case 10, 11:
			in.StreamName = rapid.SampledFrom([]*string{
				nil, nil, ptr(""), ptr("other"), ptr("a b"),
				ptr(strings.Repeat("n", 128)), ptr(strings.Repeat("n", 129)), ptr(strings.Repeat("é", 129)),
			}).Draw(t, "bad name")
		case 12:
			own := m.arn(m.model.region, m.model.account, m.model.name)
			in.StreamARN = rapid.SampledFrom([]*string{
				&own, ptr(m.arn("eu-east-9", "999999999999", m.model.name)), ptr(m.arn(m.model.region, "999999999999", "other")),
				ptr(m.arn(m.model.region, m.model.account, "other")), ptr(""), ptr("bad-arn"), ptr(own + " "),
				ptr(own + strings.Repeat("x", 2048-len(own))), ptr(own + strings.Repeat("x", 2049-len(own))),
			}).Draw(t, "bad ARN")
		}
	}
	agreeOn(t, "answers of Validate", m.model.validate(in, false), m.config.Limits.Validate(in))
	m.send(t, in, trouble{}, nil)
}

var errNotCalled = &putrecords.Error{Code: "not called"}

// send puts records into the stream and the model, whose answers must be the same.
func (m *machine) send(t *rapid.T, in *putrecords.Input, trouble trouble, interruption *interruption) {
	var got, want error = errNotCalled, errNotCalled
	inModel := func(string) {}
	if interruption != nil {
		r := interruption.reshard
		interrupt := func(shardID string, goBack func(), s resharder, err *error) {
			if shardID != r.shardID && shardID != r.adjacentShardID { // whose lock is held
				goBack()
				*err = r.of(s)
			}
		}
		m.log.interrupt = func(shardID string) {
			interrupt(shardID, func() { m.clock.advance(-interruption.back) }, m.stream, &got)
		}
		inModel = func(shardID string) {
			interrupt(shardID, func() { m.model.now = m.model.now.Add(-interruption.back) }, m.model, &want)
		}
	}
	m.log.trouble = trouble
	m.log.begun, m.log.waited, m.log.late = 0, 0, false
	m.asked = nil
	before := counted(m.stream.Stats())
	out, err := m.stream.PutRecords(t.Context(), in)
	m.log.interrupt = nil
	asked := m.asked
	wantOut, wantErr := m.model.PutRecords(in, trouble, inModel)
	m.events["left over in the middle of a call"] += m.model.leftOver
	m.model.leftOver = 0
	agreeOn(t, "refusals", wantErr, err)
	agree(t, "answers", wantOut, out)
	agreeOn(t, "answers to the reshard in the middle of the call", want, got)
	if m.log.begun != m.log.waited || m.log.late {
		t.Fatalf("%d appends begun and %d waited for; some began after a wait: %t", m.log.begun, m.log.waited, m.log.late)
	}
	if m.model.now != m.clock.now {
		t.Fatalf("the model's clock reads %v, the stream's %v", m.model.now, m.clock.now)
	}
	for _, a := range asked {
		e := in.Records[a.Index]
		want := putrecords.Attempt{
			Index: a.Index, PartitionKey: *e.PartitionKey, HashKey: hashKeyOf(hashKeyOfEntry(e)), ShardID: a.ShardID, Bytes: bytesOf(e),
		}
		if a != want {
			agree(t, "attempts", want, a)
		}
	}
	m.hear(t, in, out, before)
	if m.answer != nil && !slices.Equal(m.answered, m.answer.Records) {
		agree(t, "an answer that was given and what it has become", m.answered, m.answer.Records)
	}
	if out != nil {
		m.answer, m.answered = out, slices.Clone(out.Records)
	}
	for _, e := range in.Records {
		clear(e.Data) // which is the caller's again
	}
	if err != nil {
		m.events["refused"]++
	}
	if got == nil {
		m.events["reshard in the middle of a call"]++
	}
}

// counted returns how many records are counted, whatever became of them.
func counted(stats []putrecords.ShardStats) (sum putrecords.Count) {
	for _, s := range stats {
		add(&sum, s.Stored)
		add(&sum, s.Throttled)
		add(&sum, s.Failed)
	}
	return sum
}

// hear checks an answer by itself, and keeps what it told. Before it, the stream had counted the given number of records.
func (m *machine) hear(t *rapid.T, in *putrecords.Input, out *putrecords.Output, before putrecords.Count) {
	all := before
	for _, e := range in.Records {
		add(&all, putrecords.Count{Records: 1, Bytes: int64(bytesOf(e))})
	}
	if out == nil {
		// Nothing is counted of a request that is refused, and everything of one that is stored and reported as failed.
		if after := counted(m.stream.Stats()); after == all && m.lies {
			m.sent = after
			m.events["stored before a failed request"]++
		} else if after != before {
			t.Fatalf("a refused request is counted: %+v before it, %+v after it", before, after)
		}
		return
	}
	m.sent = all
	if len(out.Records) != len(in.Records) {
		t.Fatalf("%d entries answer %d records", len(out.Records), len(in.Records))
	}
	failed := 0
	for i, entry := range out.Records {
		count := putrecords.Count{Records: 1, Bytes: int64(bytesOf(in.Records[i]))}
		switch entry.ErrorCode {
		case "":
			m.events["stored"]++
			add(&m.stored, count)
			c := m.storedIn[entry.ShardID]
			add(&c, count)
			m.storedIn[entry.ShardID] = c
			if last := m.told[entry.ShardID]; len(entry.SequenceNumber) != 56 || entry.SequenceNumber <= last {
				t.Fatalf("%s: number %q after %q", entry.ShardID, entry.SequenceNumber, last)
			}
			m.told[entry.ShardID] = entry.SequenceNumber
		case "ProvisionedThroughputExceededException":
			failed++
			m.events["throttled"]++
			add(&m.throttled, count)
		case "InternalFailure":
			failed++
			m.events["failed"]++
			add(&m.failed, count)
		default:
			t.Fatalf("entry %d: %+v", i, entry)
		}
	}
	if out.FailedRecordCount != failed {
		t.Fatalf("FailedRecordCount %d of %d failed records", out.FailedRecordCount, failed)
	}
}

// Time.

func (m *machine) setClock(now time.Time) { m.clock.now, m.model.now = now, now }

func (m *machine) advance(t *rapid.T) {
	m.setClock(m.clock.now.Add(rapid.SampledFrom([]time.Duration{
		1, 2, time.Millisecond, 142_857_142, 142_857_143, 200 * time.Millisecond, 333_333_333, 333_333_334, time.Second - 1, time.Second,
		3 * time.Second, 10 * time.Second, time.Hour,
	}).Draw(t, "by")))
}

func (m *machine) goBack(t *rapid.T) {
	m.setClock(m.clock.now.Add(-rapid.SampledFrom([]time.Duration{
		1, time.Millisecond, 500 * time.Millisecond, time.Second, 4 * time.Second, 30 * time.Second, 2 * time.Hour,
	}).Draw(t, "by")))
}

// advanceToEdge sets the clock to the end of the closing second, or the beginning of the next, or to where a record gets too old.
func (m *machine) advanceToEdge(t *rapid.T) {
	var edges []time.Time
	if p := m.model.pending; p != nil {
		next := time.Unix(p.closing+1, 0).UTC()
		edges = append(edges, next.Add(-1), next)
	}
	for _, sh := range m.model.shards {
		if records := m.model.log.kept(sh.info.ShardID); len(records) > 0 && m.model.log.retention != -1 {
			edge := records[0].Arrived.Add(m.model.log.retention)
			edges = append(edges, edge, edge.Add(1))
		}
	}
	if len(edges) == 0 {
		t.Skip()
	}
	m.setClock(rapid.SampledFrom(edges).Draw(t, "edge"))
}

// Resharding.

type resharder interface {
	SplitShard(shardID string, newStartingHashKey putrecords.HashKey) error
	MergeShards(shardID, adjacentShardID string) error
}

// A reshard is a split, or if there is an adjacent shard a merge.
type reshard struct {
	shardID, adjacentShardID string
	key                      putrecords.HashKey
}

func (r reshard) of(s resharder) error {
	if r.adjacentShardID != "" {
		return s.MergeShards(r.shardID, r.adjacentShardID)
	}
	return s.SplitShard(r.shardID, r.key)
}

// drawReshard returns a reshard, most often one that makes sense: the fewer shards there are, the more splits.
func (m *machine) drawReshard(t *rapid.T) reshard {
	open := m.open()
	if rapid.IntRange(0, 7).Draw(t, "any") == 7 {
		ids := []string{"", "shardId-", "shardId-99", "shardId-000000009999", "shardId-000000000001 "}
		for _, sh := range m.model.shards {
			ids = append(ids, sh.info.ShardID)
		}
		r := reshard{shardID: rapid.SampledFrom(ids).Draw(t, "shard"), key: hashKeyOf(m.drawHashKey(t))}
		if rapid.Bool().Draw(t, "merge") {
			r.adjacentShardID = rapid.SampledFrom(ids).Draw(t, "adjacent shard")
		}
		return r
	}
	sh := rapid.SampledFrom(open).Draw(t, "shard")
	if rapid.IntRange(0, 6).Draw(t, "merge") < len(open) {
		for _, adjacent := range open {
			if plus(sh.last, 1).Cmp(adjacent.first) == 0 {
				return reshard{shardID: sh.info.ShardID, adjacentShardID: adjacent.info.ShardID}
			}
		}
	}
	middle := new(big.Int).Add(sh.first, sh.last)
	keys := []*big.Int{middle.Rsh(middle, 1), plus(sh.first, 1), plus(sh.first, 2), plus(sh.last, -1), sh.last}
	key := rapid.SampledFrom(keys).Draw(t, "key")
	return reshard{shardID: sh.info.ShardID, key: hashKeyOf(new(big.Int).Mod(key, hashSpace))}
}

// open returns the shards in service.
func (m *machine) open() (open []*modelShard) {
	for _, sh := range m.model.shards {
		if sh.inService {
			open = append(open, sh)
		}
	}
	return open
}

func (m *machine) reshard(t *rapid.T) {
	r := m.drawReshard(t)
	err := r.of(m.stream)
	agreeOn(t, "answers", r.of(m.model), err)
	if err == nil {
		m.events["reshard"]++
	}
}

// Faults.

func (m *machine) inject(t *rapid.T) {
	f := putrecords.Fault{
		Code: rapid.SampledFrom([]putrecords.ErrorCode{
			"", "", "InternalFailure", "ProvisionedThroughputExceededException", "ProvisionedThroughputExceededException",
			"AccessDeniedException", "KMSDisabledException", "KMSNotFoundException", "KMSOptInRequired", "ResourceNotFoundException",
			"ResourceInUseException", "UnrecognizedClientException", "DryRunOperationException", "ValidationException", "SomethingElse",
		}).Draw(t, "code"),
		Message:      rapid.SampledFrom([]string{"", "", "my text"}).Draw(t, "message"),
		Count:        rapid.SampledFrom([]int{0, 0, 1, 2, 3, -1}).Draw(t, "count"),
		WholeRequest: rapid.IntRange(0, 3).Draw(t, "whole") == 3,
		AfterAppend:  rapid.Bool().Draw(t, "after"),
	}
	switch rapid.IntRange(0, 5).Draw(t, "match") {
	case 0:
		f.Match = func(a putrecords.Attempt) bool { return a.PartitionKey == "a" }
	case 1:
		f.Match = func(a putrecords.Attempt) bool { return a.Index%2 == 1 }
	case 2:
		id := rapid.SampledFrom(m.model.shards).Draw(t, "shard").info.ShardID
		f.Match = func(a putrecords.Attempt) bool { return a.ShardID == id }
	case 3:
		f.Match = func(a putrecords.Attempt) bool { return a.Bytes > 30 }
	case 4:
		f.Match = func(a putrecords.Attempt) bool { return a.HashKey[0] < 0x80 }
	}
	m.model.faults = append(m.model.faults, &modelFault{Fault: f})
	m.lies = m.lies || f.AfterAppend
	if match := f.Match; match != nil {
		f.Match = func(a putrecords.Attempt) bool {
			m.asked = append(m.asked, a)
			return match(a)
		}
	}
	m.injections = append(m.injections, m.stream.Inject(f))
}

func (m *machine) remove(t *rapid.T) {
	if len(m.injections) == 0 {
		t.Skip()
	}
	i := rapid.IntRange(0, len(m.injections)-1).Draw(t, "fault")
	m.injections[i].Remove()
	m.model.faults[i].removed = true
}

// The rest.

// lookAround asks for shards by hash key, or for one that does not exist; or it restarts the stream.
func (m *machine) lookAround(t *rapid.T) {
	switch rapid.SampledFrom([]string{"route", "no shard", "restart"}).Draw(t, "what") {
	case "route":
		key := m.drawHashKey(t)
		got := m.stream.Route(hashKeyOf(key))
		m.model.reach(m.model.now)
		if want := m.model.route(key).info; got != want {
			agree(t, "routes", want, got)
		}
	case "no shard":
		m.readNoShard(t)
	case "restart":
		m.restart(t)
	}
}

// restart starts a stream on the log of the last and with its shards, of which some closed ones are gone.
func (m *machine) restart(t *rapid.T) {
	m.config.Shards, m.config.Layout = 0, nil
	for _, shard := range m.stream.Shards() {
		closed := shard.SequenceNumberRange.EndingSequenceNumber != (putrecords.SequenceNumber{})
		if !closed || rapid.Bool().Draw(t, "kept") {
			m.config.Layout = append(m.config.Layout, shard)
		}
	}
	m.start(t, m.model.log)
	m.events["restart"]++
}

func (m *machine) readNoShard(t *rapid.T) {
	id := rapid.SampledFrom([]string{"", "shardId-0", "shardId-000000009999"}).Draw(t, "shard")
	want := &putrecords.Error{
		Code:    "ResourceNotFoundException",
		Message: fmt.Sprintf("Could not find shard %s in stream %s under account %s.", id, m.model.name, m.model.account),
	}
	n := 0
	for _, err := range m.stream.Records(id) {
		n++
		agreeOn(t, "errors", want, err)
	}
	agree(t, "numbers of errors", 1, n)
}

// Check checks that the stream's state is the model's, and what must hold without a model: numbers strictly increase in each
// shard and lie within its range, children's are above their parents', the open shards own every hash key once, and Stats are what
// callers were told.
func (m *machine) Check(t *rapid.T) {
	shards, stats := m.stream.Shards(), m.stream.Stats()
	var modelShards []putrecords.Shard
	var modelStats []putrecords.ShardStats
	for _, sh := range m.model.shards {
		modelShards = append(modelShards, sh.info)
		modelStats = append(modelStats, sh.stats)
	}
	if !slices.Equal(modelShards, shards) { // which is quicker than go-cmp
		agree(t, "shards", modelShards, shards)
	}
	if !slices.Equal(modelStats, stats) {
		agree(t, "statistics", modelStats, stats)
	}
	for i, f := range m.model.faults {
		if hits := m.injections[i].Hits(); hits != f.hits {
			t.Fatalf("%d hits of fault %d, want %d", hits, i, f.hits)
		}
	}
	for _, shard := range shards {
		m.checkRecords(t, shard)
	}
	if err := cmp.Or(checkParents(shards), checkTiles(shards)); err != nil {
		t.Fatal(err)
	}
	m.checkStats(t, stats)
}

func (m *machine) checkRecords(t *rapid.T, shard putrecords.Shard) {
	var records []putrecords.Record
	for record, err := range m.stream.Records(shard.ShardID) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	kept := m.model.log.kept(shard.ShardID)
	if !slices.EqualFunc(kept, records, sameRecord) {
		agree(t, "records of "+shard.ShardID, kept, records)
		t.Fatalf("records of %s differ in their times' location", shard.ShardID)
	}
	if len(kept) < len(m.model.log.records[shard.ShardID]) {
		m.events["retention"]++
	}
	if err := checkOrder(shard, records); err != nil {
		t.Fatal(err)
	}
	for _, record := range records {
		clear(record.Data) // which is the reader's own
	}
}

// checkOrder checks that the numbers of a shard's records strictly increase, from above its first number to below its last.
func checkOrder(shard putrecords.Shard, records []putrecords.Record) error {
	previous := shard.SequenceNumberRange.StartingSequenceNumber
	for _, record := range records {
		if record.SequenceNumber.Compare(previous) <= 0 {
			return fmt.Errorf("%s: number %+v after %+v", shard.ShardID, record.SequenceNumber, previous)
		}
		previous = record.SequenceNumber
	}
	if last := shard.SequenceNumberRange.EndingSequenceNumber; !last.IsZero() && previous.Compare(last) >= 0 {
		return fmt.Errorf("%s: number %+v is not below the last, %+v", shard.ShardID, previous, last)
	}
	return nil
}

func sameRecord(a, b putrecords.Record) bool {
	return a.SequenceNumber == b.SequenceNumber && a.PartitionKey == b.PartitionKey && a.ExplicitHashKey == b.ExplicitHashKey &&
		string(a.Data) == string(b.Data) && a.Arrived.Equal(b.Arrived) && a.Arrived.Location() == b.Arrived.Location()
}

// checkParents checks that the numbers of children are above those of their parents.
func checkParents(shards []putrecords.Shard) error {
	for _, shard := range shards {
		for _, parent := range shards {
			if parent.ShardID != shard.ParentShardID && parent.ShardID != shard.AdjacentParentShardID {
				continue
			}
			last, first := parent.SequenceNumberRange.EndingSequenceNumber, shard.SequenceNumberRange.StartingSequenceNumber
			if last.IsZero() || first.Compare(last) <= 0 {
				return fmt.Errorf("%s begins with %+v, which is not above %+v of its parent %s", shard.ShardID, first, last, parent.ShardID)
			}
		}
	}
	return nil
}

// checkTiles checks that every hash key belongs to one open shard.
func checkTiles(shards []putrecords.Shard) error {
	var open []putrecords.HashKeyRange
	for _, shard := range shards {
		if shard.SequenceNumberRange.EndingSequenceNumber.IsZero() {
			open = append(open, shard.HashKeyRange)
		}
	}
	slices.SortFunc(open, func(a, b putrecords.HashKeyRange) int { return a.StartingHashKey.Compare(b.StartingHashKey) })
	next := new(big.Int)
	for _, keys := range open {
		if keys.StartingHashKey.Big().Cmp(next) != 0 {
			return fmt.Errorf("no open shard, or more than one, owns hash key %d: %+v", next, shards)
		}
		next = plus(keys.EndingHashKey.Big(), 1)
	}
	if next.Cmp(hashSpace) != 0 {
		return fmt.Errorf("no open shard owns hash key %d: %+v", next, shards)
	}
	return nil
}

// checkStats checks that the statistics are what callers were told. Faults with AfterAppend lie to them.
func (m *machine) checkStats(t *rapid.T, stats []putrecords.ShardStats) {
	if n := counted(stats); n != m.sent {
		t.Fatalf("%+v are counted of %+v that were sent", n, m.sent)
	}
	if m.lies {
		return
	}
	var throttled, failed putrecords.Count
	for _, s := range stats {
		if s.Stored != m.storedIn[s.ShardID] {
			t.Fatalf("%s has stored %+v, and callers were told of %+v", s.ShardID, s.Stored, m.storedIn[s.ShardID])
		}
		add(&throttled, s.Throttled)
		add(&failed, s.Failed)
	}
	if throttled != m.throttled || failed != m.failed {
		t.Fatalf("%+v throttled, %+v failed; callers were told of %+v and %+v", throttled, failed, m.throttled, m.failed)
	}
}
