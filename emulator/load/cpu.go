package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// cpuTimes is the CPU time that each side has used so far.
type cpuTimes struct{ server, client time.Duration }

// cpu returns the CPU times. The server's is 0 without a PID. The client's is 0 except on Linux.
func (t target) cpu() (cpuTimes, error) {
	var times cpuTimes
	times.client, _ = cpuTime("self")
	if t.pid == 0 {
		return times, nil
	}
	var err error
	if times.server, err = cpuTime(strconv.Itoa(t.pid)); err != nil {
		return cpuTimes{}, fmt.Errorf("reading the CPU time of process %d: %w", t.pid, err)
	}
	return times, nil
}

// cpuTime returns the CPU time of a process, including all its threads.
func cpuTime(process string) (time.Duration, error) {
	stat, err := os.ReadFile("/proc/" + process + "/stat")
	if err != nil {
		return 0, err
	}
	return parseStat(string(stat))
}

// parseStat returns the user and kernel CPU time in the contents of a /proc/PID/stat file.
func parseStat(stat string) (time.Duration, error) {
	const tick = time.Second / 100 // as user space sees it, whatever the kernel's own tick
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("it does not have the format in proc(5)")
	}
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
