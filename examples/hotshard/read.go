package main

import (
	"context"
	"io"
	"sync/atomic"
)

// An interruptibleReader reads ahead, so Read returns when ctx is done, even if the file is a
// terminal or a pipe that has nothing to read.
type interruptibleReader struct {
	ctx    context.Context
	blocks <-chan block
	rest   block
	read   atomic.Int64 // bytes that the file has given
}

// A block is a part of a file. Its error comes after its data.
type block struct {
	data []byte
	err  error
}

// interruptible reads file until it ends or ctx is done.
func interruptible(ctx context.Context, file io.Reader) *interruptibleReader {
	blocks := make(chan block, 4)
	r := &interruptibleReader{ctx: ctx, blocks: blocks}
	go func() {
		for {
			data := make([]byte, 64<<10)
			n, err := file.Read(data)
			r.read.Add(int64(n))
			select {
			case blocks <- block{data[:n], err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return r
}

func (r *interruptibleReader) Read(p []byte) (int, error) {
	for len(r.rest.data) == 0 && r.rest.err == nil {
		select {
		case r.rest = <-r.blocks:
		case <-r.ctx.Done():
			r.rest.err = r.ctx.Err()
		}
	}
	if len(r.rest.data) == 0 {
		return 0, r.rest.err
	}
	n := copy(p, r.rest.data)
	r.rest.data = r.rest.data[n:]
	return n, nil
}
