package main

// A layout is a kind of stream. Its records have different partition keys, so each shard gets as
// large a part of them as it owns of the hash space.
type layout struct {
	name   string
	title  string
	shards int
	splits []int64 // where a shard is split, in eighths of the hash space
}

// The hot shard owns half of the hash space, and each other shard as much as an even one of eight.
var layouts = []layout{
	{name: "one", title: "one shard", shards: 1},
	{name: "hot", title: "five shards, one of them hot", shards: 1, splits: []int64{4, 6, 5, 7}},
	{name: "even", title: "eight even shards", shards: 8},
}

func (l layout) String() string { return l.name }
