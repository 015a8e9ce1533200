package putrecords

// PrintNumber prints a number as a call does, for BenchmarkFloor.
func PrintNumber(n SequenceNumber, digits *[56]byte) { n.words().print(digits) }

// PrintNext makes of a printed number the one at the next position.
func PrintNext(digits *[56]byte) { printNext(digits) }

// WithMD5 runs f, which may use MD5 where only FIPS 140-3 algorithms are allowed.
func WithMD5(f func()) { withMD5(f) }
