package vector

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Throttling is the feature that a shard throttles. A vector that is about throttling does not list
// it: a server without it is wrong there, and only there.
const Throttling = "throttling"

// members are those that AWS has added to an operation since its release. A server may not know
// them.
var members = []string{
	"DryRun", "MaxRecordSizeInKiB", "RecordDistributionStrategy", "ShardFilter", "StreamARN", "StreamModeDetails",
}

// newOperations are those that came with such members.
var newOperations = []string{"UpdateMaxRecordSize", "UpdateStreamMode"}

// longestWait is how long the steps of a vector may take on a server's own clock.
const longestWait = time.Minute

// checkNeeds returns an error if the needs or features are not what the vector uses. Whether a
// vector needs a clock or a caller without permission is not visible in it.
func (v *Vector) checkNeeds() error {
	needs := v.needs()
	for _, need := range v.Needs {
		if need == Clock || need == Authorization {
			needs = append(needs, need)
		}
	}
	slices.Sort(needs)
	needs = slices.Compact(needs)
	if !slices.Equal(v.Needs, needs) {
		return fmt.Errorf("needs is %q, but the vector uses %q", v.Needs, needs)
	}
	features := v.features()
	if slices.Contains(v.Features, Throttling) {
		features = append(features, Throttling)
		slices.Sort(features)
	}
	if !slices.Equal(v.Features, features) {
		return fmt.Errorf("features is %q, but the vector uses %q", v.Features, features)
	}
	if wait := v.Steps[len(v.Steps)-1].At.Sub(v.Steps[0].At); wait > longestWait && !slices.Contains(v.Needs, Clock) {
		return fmt.Errorf("the steps take %v, but only a vector that needs a clock may take longer than %v", wait, longestWait)
	}
	return nil
}

// needs returns what the vector visibly needs beyond AWS's API.
func (v *Vector) needs() []Need {
	needs := make(map[Need]bool)
	need := func(n Need, needed bool) {
		if needed {
			needs[n] = true
		}
	}
	need(Limits, v.Stream.Limits != nil)
	need(Layout, v.Stream.Layout != nil)
	need(ReshardDelay, v.Stream.ReshardDelaySeconds > 0)
	need(Region, v.Stream.Region != "")
	for _, step := range v.Steps {
		need(Decode, step.Action == "decode")
		need(Faults, step.Fault != nil && step.Fault.Of != "storage")
		need(StorageFaults, step.Fault != nil && step.Fault.Of == "storage")
	}
	return slices.Sorted(maps.Keys(needs))
}

// features returns the operations that the vector uses, and those of their members that a server
// may not know.
func (v *Vector) features() []string {
	features := make(map[string]bool)
	if v.Stream.EncryptionType == "KMS" {
		features["StartStreamEncryption"] = true
	}
	if v.Stream.RecordDistributionStrategy != "" {
		features["CreateStream.RecordDistributionStrategy"] = true
	}
	if v.Stream.MaxRecordSizeInKiB > 0 {
		features["CreateStream.MaxRecordSizeInKiB"] = true
	}
	for _, step := range v.Steps {
		switch step.Action {
		case "decode":
			continue
		case "stored":
			features["GetRecords"], features["GetShardIterator"] = true, true
			continue
		}
		features[step.Action] = true
		if slices.Contains(newOperations, step.Action) {
			continue
		}
		request, _ := step.Request.(map[string]any)
		for _, member := range members {
			if request[member] != nil {
				features[step.Action+"."+member] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(features))
}
