package kinesis

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/putrecords/putrecords/internal/constraint"
	"github.com/putrecords/putrecords/kinesishttp"
)

// handleTags adds the operations on tags. They work in every status and do not change it.
func (s *Service) handleTags(h *kinesishttp.Handler) {
	handle(h, "AddTagsToStream", s.addTagsToStream)
	handle(h, "ListTagsForResource", s.listTagsForResource)
	handle(h, "ListTagsForStream", s.listTagsForStream)
	handle(h, "RemoveTagsFromStream", s.removeTagsFromStream)
	handle(h, "TagResource", s.tagResource)
	handle(h, "UntagResource", s.untagResource)
}

// The limits of tags.
const (
	maxTags           = 50
	maxTagKeyLength   = 128
	maxTagValueLength = 256
)

type addTagsToStreamInput struct {
	StreamARN  *string
	StreamName *string
	Tags       map[string]string
}

func (s *Service) addTagsToStream(_ context.Context, r *kinesishttp.Request, in *addTagsToStreamInput) (any, error) {
	var v violations
	v.addTags(in.Tags)
	v.AddAddress(in.StreamName, in.StreamARN)
	st, err := s.lookUpValid(r, v, in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	return nil, st.changeTags(func(tags map[string]string) (map[string]string, error) { return streamOwner(st).add(tags, in.Tags) })
}

type tagResourceInput struct {
	ResourceARN *string
	Tags        map[string]string
}

func (s *Service) tagResource(_ context.Context, r *kinesishttp.Request, in *tagResourceInput) (any, error) {
	var v violations
	v.addResource(in.ResourceARN)
	v.addTags(in.Tags)
	st, err := s.lookUpValid(r, v, nil, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return nil, st.changeTags(func(tags map[string]string) (map[string]string, error) {
		return resourceOwner(st.ARN(), st.accountID).add(tags, in.Tags)
	})
}

type removeTagsFromStreamInput struct {
	StreamARN  *string
	StreamName *string
	TagKeys    []string
}

func (s *Service) removeTagsFromStream(_ context.Context, r *kinesishttp.Request, in *removeTagsFromStreamInput) (any, error) {
	var v violations
	v.addTagKeys(in.TagKeys)
	v.AddAddress(in.StreamName, in.StreamARN)
	st, err := s.lookUpValid(r, v, in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	return nil, st.changeTags(func(tags map[string]string) (map[string]string, error) {
		return streamOwner(st).remove(tags, in.TagKeys)
	})
}

type untagResourceInput struct {
	ResourceARN *string
	TagKeys     []string
}

func (s *Service) untagResource(_ context.Context, r *kinesishttp.Request, in *untagResourceInput) (any, error) {
	var v violations
	v.addResource(in.ResourceARN)
	v.addTagKeys(in.TagKeys)
	st, err := s.lookUpValid(r, v, nil, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return nil, st.changeTags(func(tags map[string]string) (map[string]string, error) {
		return resourceOwner(st.ARN(), st.accountID).remove(tags, in.TagKeys)
	})
}

type listTagsForStreamInput struct {
	ExclusiveStartTagKey *string
	Limit                *int
	StreamARN            *string
	StreamName           *string
}

type listTagsForStreamOutput struct {
	HasMoreTags bool
	Tags        []tag
}

// listTagsForStream takes a Limit of 50 at most, as AWS documents. In 2018 that was 10.
func (s *Service) listTagsForStream(_ context.Context, r *kinesishttp.Request, in *listTagsForStreamInput) (any, error) {
	var v violations
	v.AddRange("limit", in.Limit, 1, maxTags)
	v.AddLength("exclusiveStartTagKey", in.ExclusiveStartTagKey, 1, maxTagKeyLength)
	v.AddAddress(in.StreamName, in.StreamARN)
	st, err := s.lookUpValid(r, v, in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	tags := st.tags()
	if start := in.ExclusiveStartTagKey; start != nil {
		tags = slices.DeleteFunc(tags, func(t tag) bool { return compareCodeUnits(t.Key, *start) <= 0 })
	}
	more := in.Limit != nil && len(tags) > *in.Limit
	if more {
		tags = tags[:*in.Limit]
	}
	return listTagsForStreamOutput{more, tags}, nil
}

type listTagsForResourceInput struct {
	ResourceARN *string
}

type listTagsForResourceOutput struct {
	Tags []tag
}

func (s *Service) listTagsForResource(_ context.Context, r *kinesishttp.Request, in *listTagsForResourceInput) (any, error) {
	var v violations
	v.addResource(in.ResourceARN)
	st, err := s.lookUpValid(r, v, nil, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return listTagsForResourceOutput{st.tags()}, nil
}

type tag struct{ Key, Value string }

// tags returns the stream's tags, by key.
func (st *stream) tags() []tag {
	st.mu.Lock()
	defer st.mu.Unlock()
	tags := make([]tag, 0, len(st.kept.Tags))
	for _, key := range slices.SortedFunc(maps.Keys(st.kept.Tags), compareCodeUnits) {
		tags = append(tags, tag{key, st.kept.Tags[key]})
	}
	return tags
}

// compareCodeUnits compares strings as Java does.
func compareCodeUnits(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

// changeTags stores the tags that edit returns. edit must not modify the map that it gets.
func (st *stream) changeTags(edit func(map[string]string) (map[string]string, error)) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	next := st.kept
	var err error
	if next.Tags, err = edit(st.kept.Tags); err != nil {
		return err
	}
	return st.keep(next)
}

// A tagOwner describes what has the tags, in the words of AWS's messages.
type tagOwner struct {
	name string // "stream orders under account 000000000000"
	kind string // "stream" or "resource"
	most int    // how many tags the message says it can have
}

// streamOwner is the stream in the messages of AddTagsToStream and RemoveTagsFromStream. The number
// of tags in its message was wrong in 2018 already.
func streamOwner(st *stream) tagOwner {
	return tagOwner{fmt.Sprintf("stream %s under account %s", st.Name(), st.accountID), "stream", 10}
}

// resourceOwner is the stream in the messages of TagResource. We use it for UntagResource and
// CreateStream too, whose messages are unknown.
func resourceOwner(arn, accountID string) tagOwner {
	return tagOwner{fmt.Sprintf("resource %s under account %s", arn, accountID), "resource", maxTags}
}

// add returns tags and more, in a new map.
func (o tagOwner) add(tags, more map[string]string) (map[string]string, error) {
	for key := range more {
		if strings.HasPrefix(key, "aws:") {
			return nil, invalidArgument("Some tag keys in the request started with 'aws:'. System tags cannot be modified.")
		}
	}
	texts := slices.AppendSeq(slices.Collect(maps.Keys(more)), maps.Values(more))
	if err := o.checkCharacters("add tags to", texts); err != nil {
		return nil, err
	}
	all := map[string]string{}
	maps.Copy(all, tags)
	maps.Copy(all, more)
	if len(all) > maxTags {
		return nil, invalidArgument("Failed to add tags to %s because a given %s cannot have more than %d tags associated with it.",
			o.name, o.kind, o.most)
	}
	return all, nil
}

// remove returns tags without the keys, in a new map.
func (o tagOwner) remove(tags map[string]string, keys []string) (map[string]string, error) {
	if err := o.checkCharacters("remove tags from", keys); err != nil {
		return nil, err
	}
	rest := maps.Clone(tags)
	for _, key := range keys {
		delete(rest, key)
	}
	return rest, nil
}

// checkCharacters returns AWS's error if a key or a value has a character that tags cannot have.
// The message about other characters lists '%', which has an error of its own.
func (o tagOwner) checkCharacters(verb string, texts []string) error {
	all := strings.Join(texts, "")
	if strings.ContainsFunc(all, func(c rune) bool { return !inTags(c) && c != '%' }) {
		return invalidArgument("Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, " +
			"_ . / = + - %% @.")
	}
	if strings.Contains(all, "%") {
		return invalidArgument("Failed to %s %s because some tags contained illegal characters. The allowed characters are "+
			"Unicode letters, white-spaces, '_',',','/','=','+','-','@'.", verb, o.name)
	}
	return nil
}

// inTags reports whether a tag may have the character. AWS also takes ':', which its messages do
// not list, and no white space but spaces.
func inTags(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsMark(c) || unicode.IsNumber(c) || unicode.Is(unicode.Zs, c) || strings.ContainsRune("_./=+-@:", c)
}

// addResource reports problems with a required ResourceARN.
func (v *violations) addResource(arn *string) {
	v.AddMissing("resourceARN", arn == nil)
	v.AddARN("resourceARN", arn)
}

// addTags reports problems with required tags.
func (v *violations) addTags(tags map[string]string) {
	const path = "tags"
	var members []string
	for _, key := range slices.SortedFunc(maps.Keys(tags), compareCodeUnits) {
		members = append(members, key+"="+tags[key])
	}
	value := "Value '{" + strings.Join(members, ", ") + "}'"
	v.AddMissing(path, tags == nil)
	if tags != nil && len(tags) == 0 {
		v.Add(value, path, constraint.NotEmpty)
	}
	if anyOutside(maps.Keys(tags), 1, maxTagKeyLength) {
		v.Add(value, path, "Map keys must satisfy constraint: "+lengths(1, maxTagKeyLength))
	}
	if anyOutside(maps.Values(tags), 0, maxTagValueLength) {
		v.Add(value, path, "Map value must satisfy constraint: "+lengths(0, maxTagValueLength))
	}
}

// addTagKeys reports problems with required keys of tags. The largest number of keys was 10 in
// 2018; today AWS documents 50.
func (v *violations) addTagKeys(keys []string) {
	const path = "tagKeys"
	value := "Value '[" + strings.Join(keys, ", ") + "]'"
	v.AddMissing(path, keys == nil)
	if keys != nil && len(keys) == 0 {
		v.Add(value, path, constraint.NotEmpty)
	}
	if len(keys) > maxTags {
		v.Add(value, path, constraint.AtMost+strconv.Itoa(maxTags))
	}
	if anyOutside(slices.Values(keys), 1, maxTagKeyLength) {
		v.Add(value, path, "Member must satisfy constraint: "+lengths(1, maxTagKeyLength))
	}
}

// anyOutside reports whether a text has fewer than minimum or more than maximum characters.
func anyOutside(texts iter.Seq[string], minimum, maximum int) bool {
	for text := range texts {
		if n := utf8.RuneCountInString(text); n < minimum || n > maximum {
			return true
		}
	}
	return false
}

// lengths is AWS's list of the constraints on the lengths of keys or values.
func lengths(minimum, maximum int) string {
	return fmt.Sprintf("[%s%d, Member must have length greater than or equal to %d]", constraint.AtMost, maximum, minimum)
}
