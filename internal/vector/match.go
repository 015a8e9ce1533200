package vector

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Level is a part of an answer that a server can get right or wrong.
type Level string

// The levels.
const (
	Code    Level = "code"    // the status, the error codes, and the values that a program reads
	Members Level = "members" // exactly the members that AWS sends, without null ones
	Text    Level = "text"    // the messages of errors
	Numbers Level = "numbers" // the layout of sequence numbers
)

// Levels has all levels.
var Levels = []Level{Code, Members, Text, Numbers}

// A Difference is a difference between an answer and a vector.
type Difference struct {
	Level   Level
	Path    string // where it is, such as Records[2].ShardId
	Problem string // such as: is "a", want "b"
}

// A matcher collects the differences between the answer to a step and what a vector wants.
type matcher struct {
	times       *times
	differences []Difference
}

// mostDifferences is how many differences an answer may have. A server may send rubbish without
// end.
const mostDifferences = 1000

func (m *matcher) add(level Level, path, format string, args ...any) {
	if len(m.differences) < mostDifferences {
		m.differences = append(m.differences, Difference{
			level, short(strings.TrimPrefix(path, "."), longest), short(fmt.Sprintf(format, args...), 3*longest),
		})
	}
}

// short shortens a text that is longer than most bytes.
func short(text string, most int) string {
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// match compares a value with what a vector wants, whose abbreviations are expanded.
func (m *matcher) match(path string, want, got any) {
	switch w := want.(type) {
	case map[string]any:
		m.object(path, w, got)
	case []any:
		m.array(path, w, got)
	case Zeros:
		m.value(path, w.base64(), got)
	default:
		m.value(path, want, got)
	}
}

func (m *matcher) value(path string, want, got any) {
	if want != got {
		m.add(level(path), path, "is %s, want %s", show(got), show(want))
	}
}

// level returns the level at which a value is compared.
func level(path string) Level {
	switch path[strings.LastIndexByte(path, '.')+1:] {
	case "message", "Message", "ErrorMessage":
		return Text
	}
	return Code
}

// longest is the length in bytes of the longest value in a report.
const longest = 400

// show returns a value for a report. It shortens long ones.
func show(value any) string {
	text := fmt.Sprintf("%#v", value)
	switch v := value.(type) {
	case nil:
		text = "null"
	case string:
		text = fmt.Sprintf("%q", v)
	case float64:
		text = fmt.Sprint(v)
	case map[string]any:
		text = showObject(v)
	case []any:
		text = fmt.Sprintf("an array of %d", len(v))
	}
	return short(text, longest)
}

func showObject(object map[string]any) string {
	switch {
	case object["shard"] != nil:
		return "a sequence number"
	case object["$any"] != nil:
		return fmt.Sprintf("any %v", object["$any"])
	case object["$atLeast"] != nil || object["$atMost"] != nil:
		return bounds(object)
	case object["$contains"] != nil:
		return "an array"
	}
	return fmt.Sprintf("an object with %q", slices.Sorted(maps.Keys(object)))
}

func (m *matcher) object(path string, want map[string]any, got any) {
	if m.special(path, want, got) {
		return
	}
	if number, ok := got.(string); ok && want["shard"] != nil {
		m.number(path, want, number)
		return
	}
	g, ok := got.(map[string]any)
	if !ok {
		m.add(Code, path, "is %s, want %s", show(got), show(want))
		return
	}
	others := want["$others"] == true
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if name != "$others" {
			m.member(path, name, want[name], g)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(g)) {
		if _, wanted := want[name]; !wanted && !others && !isMessage(want, name, g) {
			m.add(Members, path+"."+name, "is %s, want no such member", show(g[name]))
		}
	}
}

// isMessage reports whether name is the message that a vector wants, but with the other spelling of
// the two that AWS has.
func isMessage(want map[string]any, name string, got map[string]any) bool {
	other := otherSpelling(name)
	_, wanted := want[other]
	_, both := got[other]
	return wanted && !both
}

// member compares the member of an object.
func (m *matcher) member(path, name string, want any, object map[string]any) {
	got, found := object[name]
	path += "." + name
	switch {
	case isAbsent(want):
		if found && got != nil {
			m.add(Code, path, "is %s, want no such member", show(got))
		} else if found {
			m.add(Members, path, "is null, want no such member")
		}
	case name == "__type":
		m.errorCode(path, want, got)
	case !found && level(path) == Text:
		if other, ok := object[otherSpelling(name)]; ok {
			m.add(Members, path, "is spelled %s", otherSpelling(name))
			m.match(path, want, other)
			return
		}
		m.add(Text, path, "is missing, want %s", show(want))
	case !found:
		m.add(Code, path, "is missing, want %s", show(want))
	default:
		m.match(path, want, got)
	}
}

// otherSpelling returns the other spelling of the message of an error, or "" for another member.
func otherSpelling(name string) string {
	switch name {
	case "message":
		return "Message"
	case "Message":
		return "message"
	}
	return ""
}

func isAbsent(want any) bool {
	object, _ := want.(map[string]any)
	return object["$absent"] == true
}

// errorCode compares the code of an error. The SDKs accept one with a namespace before it.
func (m *matcher) errorCode(path string, want, got any) {
	code, _ := got.(string)
	if namespace, name, found := strings.Cut(code, "#"); found {
		m.add(Members, path, "has the namespace %q", namespace)
		code = name
	}
	if code != want {
		m.add(Code, path, "is %s, want %s", show(got), show(want))
	}
}

// special compares a value with an object that says which values are right. It reports whether want
// is one.
func (m *matcher) special(path string, want map[string]any, got any) bool {
	switch {
	case want["$any"] != nil:
		if kind := kindOf(got); kind != want["$any"] {
			m.add(level(path), path, "is %s, want %s", show(got), show(want))
		}
	case want["$atLeast"] != nil || want["$atMost"] != nil:
		n, ok := got.(float64)
		least, hasLeast := want["$atLeast"].(float64)
		most, hasMost := want["$atMost"].(float64)
		if !ok || hasLeast && n < least || hasMost && n > most {
			m.add(Code, path, "is %s, want %s", show(got), bounds(want))
		}
	case want["$contains"] != nil:
		elements, _ := want["$contains"].([]any)
		for _, element := range elements {
			m.contains(path, element, got)
		}
	default:
		return false
	}
	return true
}

func bounds(want map[string]any) string {
	var parts []string
	if least, ok := want["$atLeast"]; ok {
		parts = append(parts, fmt.Sprintf("at least %v", least))
	}
	if most, ok := want["$atMost"]; ok {
		parts = append(parts, fmt.Sprintf("at most %v", most))
	}
	return strings.Join(parts, " and ")
}

func kindOf(value any) string {
	switch value.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "null"
}

// contains compares the element of an array that is most like the one that a vector wants.
func (m *matcher) contains(path string, want, got any) {
	elements, ok := got.([]any)
	if !ok {
		m.add(Code, path, "is %s, want an array", show(got))
		return
	}
	var best *matcher
	for i, element := range elements {
		one := &matcher{times: m.times.clone()}
		one.match(fmt.Sprintf("%s[%d]", path, i+1), want, element)
		if !Has(one.differences, Code) && (best == nil || len(one.differences) < len(best.differences)) {
			best = one
		}
	}
	if best == nil {
		text, _ := json.Marshal(want) // it was JSON
		m.add(Code, path, "has no element like %s", text)
		return
	}
	m.times = best.times
	m.differences = append(m.differences, best.differences...)
}

// Has reports whether there is a difference at one of the levels.
func Has(differences []Difference, levels ...Level) bool {
	return slices.ContainsFunc(differences, func(d Difference) bool { return slices.Contains(levels, d.Level) })
}

func (m *matcher) array(path string, want []any, got any) {
	g, ok := got.([]any)
	if !ok {
		m.add(Code, path, "is %s, want an array", show(got))
		return
	}
	if len(g) != len(want) {
		m.add(Code, path, "has %d elements, want %d", len(g), len(want))
		return
	}
	for i := range want {
		m.match(fmt.Sprintf("%s[%d]", path, i+1), want[i], g[i])
	}
}

// number compares a sequence number with its parts.
func (m *matcher) number(path string, want map[string]any, got string) {
	w, err := parseParts(want)
	if err != nil {
		m.add(Code, path, "the vector is malformed: %v", err)
		return
	}
	if !isDecimal(got) {
		m.add(Code, path, "is %q, want a decimal number", got)
		return
	}
	g, err := parseNumber(got)
	if err != nil {
		m.add(Numbers, path, "%v", err)
		return
	}
	if g.shard != w.shard {
		m.add(Numbers, path, "is of shard %d, want %d", g.shard, w.shard)
	}
	if w.position != "" && g.position != w.position {
		m.add(Numbers, path, "has position %s, want %s", g.position, w.position)
	}
	for _, problem := range m.times.check(path[strings.LastIndexByte(path, '.')+1:], w, g) {
		m.add(Numbers, path, "%s", problem)
	}
}

func isDecimal(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
