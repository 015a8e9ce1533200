package putrecords_test

import (
	"crypto/md5"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/putrecords/putrecords"
)

var (
	hashKeySyntax = regexp.MustCompile(`^(0|([1-9]\d{0,38}))$`)
	nameSyntax    = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	arnSyntax     = regexp.MustCompile(`^arn:aws.*:kinesis:.*:\d{12}:stream/\S+$`)
)

// above reports whether n is above the limit.
func above(n, limit int) bool { return limit != -1 && n > limit }

// clauses returns a clause for each constraint that the request violates.
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
		case e.PartitionKey == nil: // a later check
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

// bytesOf returns the number of bytes that count for a record.
func bytesOf(e putrecords.RequestEntry) int {
	if e.PartitionKey == nil {
		return len(e.Data)
	}
	return len(e.Data) + len(*e.PartitionKey)
}

// validate checks a request in AWS's order. Limits.Validate leaves out the checks that need a
// stream.
func (m *model) validate(in *putrecords.Input, withStream bool) error {
	if clauses := m.clauses(in); len(clauses) == 1 {
		return rejection("ValidationException", "1 validation error detected: %s", clauses[0])
	} else if len(clauses) > 1 {
		clauses = clauses[:min(len(clauses), 10)]
		return rejection("ValidationException", "%d validation errors detected: %s", len(clauses), strings.Join(clauses, "; "))
	}
	for i, e := range in.Records {
		if e.PartitionKey == nil {
			return rejection("ValidationException", "1 validation error detected: Value null at 'records.%d.member.partitionKey' "+
				"failed to satisfy constraint: Member must not be null", i+1)
		}
	}
	var name string
	if in.StreamName == nil && in.StreamARN == nil {
		return rejection("InvalidArgumentException", "Stream arn and stream name can't be empty at the same time")
	}
	if in.StreamName != nil {
		name = *in.StreamName
	}
	if in.StreamARN != nil {
		parts := strings.Split(*in.StreamARN, ":") // arn:aws:kinesis:region:account:stream/name
		inARN := strings.TrimPrefix(parts[5], "stream/")
		if in.StreamName != nil && name != inARN {
			return rejection("InvalidArgumentException", "Input stream name %s doesn't match the inferred name in stream arn %s",
				name, inARN)
		}
		name = inARN
		if withStream && parts[3] != m.region {
			return rejection("InvalidArgumentException", "The region specified in the ARN '%s' does not match the endpoint region",
				*in.StreamARN)
		}
		if withStream && parts[4] != m.account {
			return rejection("UnrecognizedClientException", "No account found for the given parameters")
		}
	}
	if withStream && name != m.name {
		return rejection("ResourceNotFoundException", "Stream %s under account %s not found.", name, m.account)
	}
	size := 0
	for _, e := range in.Records {
		if e.ExplicitHashKey != nil && hashKeyOfEntry(e).Cmp(hashSpace) >= 0 {
			return rejection("InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "+
				"Specified value was %s", *e.ExplicitHashKey)
		}
		size += bytesOf(e)
	}
	if above(size, m.limits.BytesPerRequest) {
		mib := strings.TrimRight(big.NewRat(int64(m.limits.BytesPerRequest), 1<<20).FloatString(20), "0")
		return rejection("InvalidArgumentException", "Records size exceeds %s MB limit", strings.TrimSuffix(mib, "."))
	}
	return nil
}

// hashKeyOfEntry returns the hash key of a record that violates no constraints.
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
