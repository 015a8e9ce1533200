package kinesis

import (
	"fmt"
	"strings"
	"testing"
)

// tagsOf returns n tags as a JSON object. Their keys are in order.
func tagsOf(n int) string {
	var members []string
	for i := range n {
		members = append(members, fmt.Sprintf(`"key-%02d":"v"`, i))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func TestTagOperationsCheckTheirMembers(t *testing.T) {
	w := newTwin(t, nil)
	const (
		keyLengths = "Map keys must satisfy constraint: [Member must have length less than or equal to 128, " +
			"Member must have length greater than or equal to 1]"
		valueLengths = "Map value must satisfy constraint: [Member must have length less than or equal to 256, " +
			"Member must have length greater than or equal to 0]"
		listedLengths = "satisfy constraint: [Member must have length less than or equal to 128, " +
			"Member must have length greater than or equal to 1]"
	)
	mapClause := func(value, constraint string) string {
		return "Value '" + value + "' at 'tags' failed to satisfy constraint: " + constraint
	}
	key, value := strings.Repeat("é", 129), strings.Repeat("é", 257)
	many := strings.Repeat(`"k",`, 50) + `"k"`
	type tests map[string]string
	addressed := func(member string, clauses ...string) tests {
		add := `"StreamName":"a"`
		if member == "resource" {
			add = `"ResourceARN":"` + arn("a") + `"`
		}
		return tests{`{` + add + `}`: invalid(clauses...)}
	}
	notFound := "ResourceNotFoundException: Stream a under account 000000000000 not found."
	noAddress := "InvalidArgumentException: Stream arn and stream name can't be empty at the same time"
	for operation, tests := range map[string][]tests{
		"AddTagsToStream": {
			addressed("stream", clause("null", "tags", notNull)),
			{
				`{"StreamName":"","Tags":{}}`: invalid(clause("{}", "tags", nonEmpty), clause("", "streamName", namePattern), clause("", "streamName", nonEmpty)),
				`{"Tags":{"a":"b"}}`:          noAddress,
				`{"StreamName":"a","Tags":{"` + key[2:] + `":"` + value[2:] + `",";":""}}`: notFound,
				`{"StreamName":"a","Tags":{"":"b","a":""}}`:                                invalid(mapClause("{=b, a=}", keyLengths)),
				`{"StreamName":"a","Tags":{"` + key + `":"b"}}`:                            invalid(mapClause("{"+key+"=b}", keyLengths)),
				`{"StreamName":"a","Tags":{"b":"","a":"` + value + `"}}`:                   invalid(mapClause("{a="+value+", b=}", valueLengths)),
				`{"StreamName":"a","Tags":{"":"` + value + `"}}`:                           invalid(mapClause("{="+value+"}", keyLengths), mapClause("{="+value+"}", valueLengths)),
			},
		},
		"TagResource": {
			addressed("resource", clause("null", "tags", notNull)),
			{
				`{}`:                            invalid(clause("null", "resourceARN", notNull), clause("null", "tags", notNull)),
				`{"ResourceARN":"a","Tags":{}}`: invalid(clause("a", "resourceARN", arnPattern), clause("{}", "tags", nonEmpty)),
				`{"ResourceARN":"` + arn("a") + `","Tags":{"a":"b"}}`:     notFound,
				`{"ResourceARN":"` + arn("a") + `","Tags":{"":"b"}}`:      invalid(mapClause("{=b}", keyLengths)),
				`{"StreamARN":"` + arn("a") + `","Tags":{"a":"b"}}`:       invalid(clause("null", "resourceARN", notNull)),
				`{"ResourceARN":"` + arn("a") + `/c:1","Tags":{"a":"b"}}`: "ResourceNotFoundException: Stream a/c:1 under account 000000000000 not found.",
			},
		},
		"RemoveTagsFromStream": {
			addressed("stream", clause("null", "tagKeys", notNull)),
			{
				`{"StreamName":"","TagKeys":[]}`:                   invalid(clause("[]", "tagKeys", nonEmpty), clause("", "streamName", namePattern), clause("", "streamName", nonEmpty)),
				`{"TagKeys":["a"]}`:                                noAddress,
				`{"StreamName":"a","TagKeys":[";"]}`:               notFound,
				`{"StreamName":"a","TagKeys":["` + key[2:] + `"]}`: notFound,
				`{"StreamName":"a","TagKeys":[` + many[4:] + `]}`:  notFound,
				`{"StreamName":"a","TagKeys":[` + many + `]}`:      invalid(clause("["+strings.ReplaceAll(strings.ReplaceAll(many, `"`, ""), ",", ", ")+"]", "tagKeys", "have length less than or equal to 50")),
				`{"StreamName":"a","TagKeys":["a","` + key + `"]}`: invalid(clause("[a, "+key+"]", "tagKeys", listedLengths)),
				`{"StreamName":"a","TagKeys":["","b"]}`:            invalid(clause("[, b]", "tagKeys", listedLengths)),
			},
		},
		"UntagResource": {
			addressed("resource", clause("null", "tagKeys", notNull)),
			{
				`{}`:                               invalid(clause("null", "resourceARN", notNull), clause("null", "tagKeys", notNull)),
				`{"ResourceARN":"a","TagKeys":[]}`: invalid(clause("a", "resourceARN", arnPattern), clause("[]", "tagKeys", nonEmpty)),
				`{"ResourceARN":"` + arn("a") + `","TagKeys":["a"]}`: notFound,
			},
		},
		"ListTagsForStream": {{
			`{"StreamName":"","ExclusiveStartTagKey":"","Limit":0}`: invalid(clause("0", "limit", "have value greater than or equal to 1"),
				clause("", "exclusiveStartTagKey", nonEmpty), clause("", "streamName", namePattern), clause("", "streamName", nonEmpty)),
			`{"ExclusiveStartTagKey":"` + key + `","Limit":51}`: invalid(clause("51", "limit", "have value less than or equal to 50"),
				clause(key, "exclusiveStartTagKey", "have length less than or equal to 128")),
			`{"ExclusiveStartTagKey":"` + key[2:] + `","Limit":50}`: noAddress,
			`{"StreamName":"a"}`: notFound,
		}},
		"ListTagsForResource": {{
			`{}`:                                 invalid(clause("null", "resourceARN", notNull)),
			`{"ResourceARN":""}`:                 invalid(clause("", "resourceARN", arnPattern), clause("", "resourceARN", nonEmpty)),
			`{"ResourceARN":"` + arn("a") + `"}`: notFound,
		}},
	} {
		for _, tests := range tests {
			for body, want := range tests {
				w.want(operation, body, want)
			}
		}
	}
}

func TestBothFamiliesOfTagOperationsSeeOneSet(t *testing.T) {
	w := newTwin(t, nil)
	w.ok("CreateStream", `{"StreamName":"a","Tags":{"case":"1","Case":"2"}}`)
	byName, byResource := `"StreamName":"a"`, `"ResourceARN":"`+arn("a")+`"`
	want := func(tags string) {
		t.Helper()
		w.want("ListTagsForStream", `{`+byName+`}`, `{"HasMoreTags":false,"Tags":[`+tags+`]}`)
		w.want("ListTagsForStream", `{`+byARN("a")+`}`, `{"HasMoreTags":false,"Tags":[`+tags+`]}`)
		w.want("ListTagsForResource", `{`+byResource+`}`, `{"Tags":[`+tags+`]}`)
	}
	want(`{"Key":"Case","Value":"2"},{"Key":"case","Value":"1"}`)
	w.wantStatus("a", "CREATING")
	w.ok("AddTagsToStream", `{`+byName+`,"Tags":{"case":"3","é":""}}`)
	want(`{"Key":"Case","Value":"2"},{"Key":"case","Value":"3"},{"Key":"é","Value":""}`)
	w.ok("UntagResource", `{`+byResource+`,"TagKeys":["CASE","Case"]}`)
	want(`{"Key":"case","Value":"3"},{"Key":"é","Value":""}`)
	w.settle()
	w.ok("TagResource", `{`+byResource+`,"Tags":{"A":"4"}}`)
	w.wantStatus("a", "ACTIVE")
	want(`{"Key":"A","Value":"4"},{"Key":"case","Value":"3"},{"Key":"é","Value":""}`)
	w.ok("IncreaseStreamRetentionPeriod", `{"StreamName":"a","RetentionPeriodHours":25}`)
	w.ok("RemoveTagsFromStream", `{`+byARN("a")+`,"TagKeys":["case","é","é"]}`)
	w.wantStatus("a", "UPDATING")
	want(`{"Key":"A","Value":"4"}`)
	w.ok("DeleteStream", `{"StreamName":"a"}`)
	w.ok("RemoveTagsFromStream", `{`+byARN("a")+`,"TagKeys":["A"]}`)
	want(``)
}

func TestTagsAreSortedByCodeUnit(t *testing.T) {
	w := newTwin(t, nil)
	w.create("a")
	// U+1D4B3 comes after U+F900, but its first code unit is U+D835.
	w.ok("AddTagsToStream", `{"StreamName":"a","Tags":{"\uf900":"","\ud835\udcb3":"","z":""}}`)
	w.want("ListTagsForResource", `{"ResourceARN":"`+arn("a")+`"}`,
		`{"Tags":[{"Key":"z","Value":""},{"Key":"`+"\U0001d4b3"+`","Value":""},{"Key":"`+"\uf900"+`","Value":""}]}`)
}

func TestListTagsForStreamPages(t *testing.T) {
	w := newTwin(t, nil)
	w.create("a")
	w.ok("AddTagsToStream", `{"StreamName":"a","Tags":`+tagsOf(12)+`}`)
	for _, test := range []struct {
		members     string
		first, last int // of the keys; none if last is less than first
		more        bool
	}{
		{``, 0, 11, false},
		{`,"Limit":1`, 0, 0, true},
		{`,"Limit":11`, 0, 10, true},
		{`,"Limit":12`, 0, 11, false},
		{`,"Limit":13`, 0, 11, false},
		{`,"ExclusiveStartTagKey":"key-00"`, 1, 11, false},
		{`,"ExclusiveStartTagKey":"key-0","Limit":2`, 0, 1, true},
		{`,"ExclusiveStartTagKey":"key-09","Limit":1`, 10, 10, true},
		{`,"ExclusiveStartTagKey":"key-09","Limit":2`, 10, 11, false},
		{`,"ExclusiveStartTagKey":"key-11","Limit":2`, 12, 11, false},
	} {
		var tags []string
		for i := test.first; i <= test.last; i++ {
			tags = append(tags, fmt.Sprintf(`{"Key":"key-%02d","Value":"v"}`, i))
		}
		w.want("ListTagsForStream", `{"StreamName":"a"`+test.members+`}`,
			fmt.Sprintf(`{"HasMoreTags":%t,"Tags":[%s]}`, test.more, strings.Join(tags, ",")))
	}
}

func TestAStreamHasFiftyTags(t *testing.T) {
	w := newTwin(t, nil)
	stream := "InvalidArgumentException: Failed to add tags to stream a under account 000000000000 because a given stream cannot have " +
		"more than 10 tags associated with it."
	resource := func(name string) string {
		return "InvalidArgumentException: Failed to add tags to resource " + arn(name) + " under account 000000000000 because a given " +
			"resource cannot have more than 50 tags associated with it."
	}
	w.want("CreateStream", `{"StreamName":"b","Tags":`+tagsOf(51)+`}`, resource("b"))
	w.ok("CreateStream", `{"StreamName":"b","Tags":`+tagsOf(50)+`}`)
	w.create("a")
	w.want("AddTagsToStream", `{"StreamName":"a","Tags":`+tagsOf(51)+`}`, stream)
	w.want("TagResource", `{"ResourceARN":"`+arn("a")+`","Tags":`+tagsOf(51)+`}`, resource("a"))
	w.ok("AddTagsToStream", `{"StreamName":"a","Tags":`+tagsOf(49)+`}`, `{"StreamName":"a","Tags":`+tagsOf(50)+`}`)
	w.want("AddTagsToStream", `{"StreamName":"a","Tags":{"other":""}}`, stream)
	w.want("TagResource", `{"ResourceARN":"`+arn("a")+`","Tags":{"other":""}}`, resource("a"))
	w.ok("AddTagsToStream", `{"StreamName":"a","Tags":`+tagsOf(50)+`}`) // replacing them is fine
	w.ok("TagResource", `{"ResourceARN":"`+arn("a")+`","Tags":`+tagsOf(50)+`}`)
	w.ok("RemoveTagsFromStream", `{"StreamName":"a","TagKeys":["key-00"]}`)
	w.ok("AddTagsToStream", `{"StreamName":"a","Tags":{"other":""}}`)
}

func TestCharactersOfTags(t *testing.T) {
	w := newTwin(t, nil)
	w.create("a")
	const (
		other  = "InvalidArgumentException: Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @."
		failed = "InvalidArgumentException: Failed to %s stream a under account 000000000000 because some tags contained illegal characters. " +
			"The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'."
		system = "InvalidArgumentException: Some tag keys in the request started with 'aws:'. System tags cannot be modified."
	)
	for text, want := range map[string]string{
		"ü0 _.": "", "/=+-@:": "", "\u00a0": "", "a\u0301": "", "½": "", "Aws:": "", "aws": "",
		"a;b": other, "a\tb": other, "a\nb": other, "a,b": other, "a%;": other, "a\u2603": other,
		"a%b": failed,
	} {
		adding, removing := want, want
		if want == failed {
			adding, removing = fmt.Sprintf(failed, "add tags to"), fmt.Sprintf(failed, "remove tags from")
		}
		w.want("AddTagsToStream", `{"StreamName":"a","Tags":{`+quote(text)+`:"v"}}`, adding)
		w.want("AddTagsToStream", `{"StreamName":"a","Tags":{"k":`+quote(text)+`}}`, adding)
		w.want("RemoveTagsFromStream", `{"StreamName":"a","TagKeys":["k",`+quote(text)+`]}`, removing)
		byResource := strings.Replace(adding, "stream a", "resource "+arn("a"), 1)
		w.want("TagResource", `{"ResourceARN":"`+arn("a")+`","Tags":{`+quote(text)+`:"v"}}`, byResource)
		w.want("UntagResource", `{"ResourceARN":"`+arn("a")+`","TagKeys":["k",`+quote(text)+`]}`,
			strings.Replace(removing, "stream a", "resource "+arn("a"), 1))
	}
	for _, tags := range []string{`{"aws:":""}`, `{"a":"b","aws:cloudformation:stack-name":"b"}`, `{"aws:a;":"%"}`} {
		w.want("AddTagsToStream", `{"StreamName":"a","Tags":`+tags+`}`, system)
		w.want("TagResource", `{"ResourceARN":"`+arn("a")+`","Tags":`+tags+`}`, system)
	}
	w.ok("AddTagsToStream", `{"StreamName":"a","Tags":{"a":"aws:b"}}`)
	w.ok("RemoveTagsFromStream", `{"StreamName":"a","TagKeys":["a","aws:b"]}`)
	w.want("ListTagsForStream", `{"StreamName":"a"}`, `{"HasMoreTags":false,"Tags":[]}`)
}
