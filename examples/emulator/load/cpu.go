package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// cpuTimes are the CPU times that processes have used so far.
type cpuTimes struct{ server, client time.Duration }

// cpu returns CPU times. The server's is 0 without a PID, and the client's is 0 except on Linux.
func (t target) cpu() (cpuTimes, error) {
	var times cpuTimes
	times.client, _ = cpuTime("self")
	if t.pid == 0 {
		return times, nil
	}
	var err error
	if times.server, err = cpuTime(strconv.Itoa(t.pid)); err != nil {
		return cpuTimes{}, fmt.Errorf("the CPU time of process %d: %w", t.pid, err)
	}
	return times, nil
}

// cpuTime returns the CPU time of a process, of all its threads.
func cpuTime(process string) (time.Duration, error) {
	stat, err := os.ReadFile("/proc/" + process + "/stat")
	if err != nil {
		return 0, err
	}
	return parseStat(string(stat))
}

// parseStat returns the CPU time, in user and kernel mode, that a file /proc/PID/stat has.
func parseStat(stat string) (time.Duration, error) {
	const tick = time.Second / 100 // for programs, whatever the kernel's own is
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("it is not in the form that proc(5) describes")
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
