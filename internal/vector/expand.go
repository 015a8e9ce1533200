package vector

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Zeros is a number of zero bytes in the Data of a request. It encodes as their base64.
type Zeros int

// MarshalJSON returns the zero bytes in base64.
func (z Zeros) MarshalJSON() ([]byte, error) { return json.Marshal(z.base64()) }

func (z Zeros) base64() string { return base64.StdEncoding.EncodeToString(make([]byte, z)) }

// An expander replaces the abbreviations in a request or an answer.
type expander struct {
	variables *strings.Replacer
	answers   []any                                      // of earlier steps
	number    func(parts map[string]any) (string, error) // makes a sequence number of its parts; nil leaves the parts
	exact     bool                                       // whether the server's clock shows what the steps say, plus shift
	shift     time.Duration
}

// expand returns a copy of a value without abbreviations. Each $zeros becomes a [Zeros].
func (e *expander) expand(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return e.variables.Replace(v), nil
	case []any:
		return e.elements(v)
	case map[string]any:
		return e.object(v)
	}
	return value, nil
}

func (e *expander) object(object map[string]any) (any, error) {
	if n, ok := object["$zeros"].(float64); ok && len(object) == 1 {
		return Zeros(n), nil
	}
	if parts, ok := object["$join"].([]any); ok && len(object) == 1 {
		return e.join(parts)
	}
	if object["$repeat"] != nil {
		return e.join([]any{object})
	}
	if path, ok := object["$answer"].([]any); ok && len(object) == 1 {
		return e.answer(path)
	}
	if text, ok := object["$time"].(string); ok && len(object) == 1 {
		return e.time(text)
	}
	members := make(map[string]any, len(object))
	for name, member := range object {
		var err error
		if members[name], err = e.expand(member); err != nil {
			return nil, err
		}
	}
	if object["shard"] != nil && e.number != nil {
		return e.number(members)
	}
	return members, nil
}

func (e *expander) elements(elements []any) ([]any, error) {
	expanded := []any{}
	for _, element := range elements {
		times := 1
		if object, ok := element.(map[string]any); ok && object["$repeat"] != nil {
			n, ok := object["$times"].(float64)
			if !ok || len(object) != 2 {
				return nil, fmt.Errorf("%v cannot be expanded", object)
			}
			element, times = object["$repeat"], int(n)
		}
		for range times {
			value, err := e.expand(element)
			if err != nil {
				return nil, err
			}
			expanded = append(expanded, value)
		}
	}
	return expanded, nil
}

func (e *expander) join(parts []any) (string, error) {
	expanded, err := e.elements(parts)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, part := range expanded {
		s, ok := part.(string)
		if !ok {
			return "", fmt.Errorf("%v is not a string and cannot be joined", part)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// time returns a time as AWS's JSON has it: in seconds since 1970, to the millisecond.
func (e *expander) time(text string) (float64, error) {
	if !e.exact {
		return 0, fmt.Errorf("the time %s needs a clock", text)
	}
	t, err := time.Parse(time.RFC3339, text)
	return float64(t.Add(e.shift).UnixMilli()) / 1000, err
}

// answer returns a value from the answer of an earlier step. A path has the step, and the names of
// members or the places of elements that lead to the value. Steps and places are counted from 1.
func (e *expander) answer(path []any) (any, error) {
	var value any = e.answers
	for _, part := range path {
		var next any
		switch p := part.(type) {
		case float64:
			if elements, _ := value.([]any); p >= 1 && int(p) <= len(elements) {
				next = elements[int(p)-1]
			}
		case string:
			object, _ := value.(map[string]any)
			next = object[p]
		}
		if next == nil {
			return nil, fmt.Errorf("there is no value at %v of the answers so far", path)
		}
		value = next
	}
	return value, nil
}
