package putrecords

// PrintNumber prints a number as a call does, for BenchmarkFloor.
func PrintNumber(n SequenceNumber, digits *[56]byte) { n.words().print(digits) }
