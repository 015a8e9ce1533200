// Package vectors holds the clauses of Kinesis as test vectors. The README here describes their
// format.
package vectors

import "embed"

// Schema is the JSON Schema that each vector fits.
//
//go:embed schema.json
var Schema string

// Files has each vector as a file, NN-name.json. It is safe for concurrent use.
//
//go:embed [0-9]*.json
var Files embed.FS
