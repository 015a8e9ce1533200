package kinesishttp

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// Decode decodes the request's body into the struct that v points to, from either encoding.
// Members have the names of the json tags, or else of the fields, in the same case. Others are
// ignored. A field is a string, a bool, an int, an int32, an int64, a []byte for a blob, a
// time.Time or a [Timestamp], a struct, a slice or a map with string keys of any of these, or a
// pointer to one. A member that is absent or null leaves its field as it is, so use a pointer to
// see the difference. A number is truncated to 32 bits, as AWS's integers are. Decode panics if v
// is anything else.
//
// The error is a SerializationException, an [*putrecords.Error], with production's message: see the
// package documentation. The values do not share memory with the request. Decode may be called more
// than once.
func (r *Request) Decode(v any) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("kinesishttp: Decode needs a pointer to a struct, not a %T", v))
	}
	in, release := r.encoding.newReader(r.body)
	defer release()
	decode(in, target.Elem())
	return in.end()
}

var timeType = reflect.TypeFor[time.Time]()

// decode reads a value into v and reports whether there is one.
func decode(in reader, v reflect.Value) bool {
	t := v.Type()
	switch t.Kind() {
	case reflect.Pointer:
		return decodePointer(in, v)
	case reflect.String:
		return store(v, in.text())
	case reflect.Bool:
		return store(v, in.boolean())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return store(v, in.integer())
	case reflect.Struct:
		if t.ConvertibleTo(timeType) {
			return store(v, in.timestamp())
		}
		return decodeStruct(in, v)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return decodeBlob(in, v)
		}
		return decodeSlice(in, v)
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return decodeMap(in, v)
		}
	}
	panic(fmt.Sprintf("kinesishttp: Decode cannot decode into a %v", t))
}

// store stores what value points to, and reports whether it points to anything.
func store[T any](v reflect.Value, value *T) bool {
	if value != nil {
		v.Set(reflect.ValueOf(*value).Convert(v.Type()))
	}
	return value != nil
}

func decodePointer(in reader, v reflect.Value) bool {
	to := reflect.New(v.Type().Elem())
	if !decode(in, to.Elem()) {
		return false
	}
	v.Set(to)
	return true
}

func decodeBlob(in reader, v reflect.Value) bool {
	blob := in.blob()
	if blob != nil {
		v.SetBytes(bytes.Clone(blob))
	}
	return blob != nil
}

func decodeStruct(in reader, v reflect.Value) bool {
	fields := fieldsOf(v.Type())
	return in.structure(func(name []byte) {
		if index, ok := fields[string(name)]; ok {
			decode(in, v.FieldByIndex(index))
		} else {
			in.skip()
		}
	})
}

// knownFields holds what fieldsOf has returned, by type. A list may have many structs of one type.
var knownFields sync.Map

// fieldsOf returns the indexes of a struct's fields, including those of embedded structs, by the
// names of their members.
func fieldsOf(t reflect.Type) map[string][]int {
	if known, ok := knownFields.Load(t); ok {
		return known.(map[string][]int)
	}
	fields := map[string][]int{}
	for _, field := range reflect.VisibleFields(t) {
		tag := field.Tag.Get("json")
		if field.Anonymous || !field.IsExported() || tag == "-" {
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		if name == "" {
			name = field.Name
		}
		fields[name] = field.Index
	}
	knownFields.Store(t, fields)
	return fields
}

func decodeSlice(in reader, v reflect.Value) bool {
	elements := reflect.MakeSlice(v.Type(), 0, 0)
	if !in.list(func() {
		element := reflect.New(v.Type().Elem()).Elem()
		decode(in, element)
		elements = reflect.Append(elements, element)
	}) {
		return false
	}
	v.Set(elements)
	return true
}

func decodeMap(in reader, v reflect.Value) bool {
	members := reflect.MakeMap(v.Type())
	if !in.mapping(func(name []byte) {
		key := reflect.ValueOf(string(name)).Convert(v.Type().Key())
		member := reflect.New(v.Type().Elem()).Elem()
		decode(in, member)
		members.SetMapIndex(key, member)
	}) {
		return false
	}
	v.Set(members)
	return true
}
