// Package jsonv2 is the part of encoding/json/v2 and encoding/json/jsontext that kinesishttp uses.
// They are in the standard library since Go 1.27, unless GOEXPERIMENT=nojsonv2 removes them. Other
// builds use the same code from github.com/go-json-experiment/json. A program may build with any of
// its versions, so this package holds only what all of them have: Token.Float, for example, returns
// an error only in some, and only some name the kinds.
package jsonv2
