// Package program is what the programs that drive Go producers share. It has no dependencies, so
// each program's module has exactly the AWS SDK that its producer asks for.
package program

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// Traffic is what a program sends, and where to. The driver passes it in the environment.
type Traffic struct {
	Endpoint string // the URL of the Kinesis server
	Stream   string // the stream's name
	Records  int    // how many records to send, as fast as the producer takes them
}

// Token returns what record i must contain, once, wherever the producer puts it. The driver counts
// tokens in what is stored, so producers may encode and aggregate records. i counts from 0.
func (Traffic) Token(i int) string { return fmt.Sprintf("record-%06d.", i) }

// Key returns record i's partition key. Every record has its own. It does not contain the token,
// because producers that pack records put keys into them too.
func (Traffic) Key(i int) string { return fmt.Sprintf("key-%06d", i) }

// Data returns record i's data: 100 bytes that start with its token.
func (t Traffic) Data(i int) []byte {
	return []byte(t.Token(i) + strings.Repeat("x", 100-len(t.Token(i))))
}

// Main reads the traffic from the environment, has send send it, and prints the result for the
// driver. Send returns how many records the producer's API claimed to have stored, at any time
// until it was closed. An error from send means that the program failed, not that records did. The
// version printed is that of module, which must be linked into the program.
func Main(module string, send func(Traffic) (believed int, err error)) {
	traffic, err := fromEnvironment()
	if err != nil {
		log.Fatal(err)
	}
	believed, err := send(traffic)
	if err != nil {
		log.Fatal(err)
	}
	result := struct {
		Version        string
		Sent, Believed int
	}{version(module), traffic.Records, believed}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

func fromEnvironment() (Traffic, error) {
	const endpoint, stream, records = "PUTRECORDS_ENDPOINT", "PUTRECORDS_STREAM", "PUTRECORDS_RECORDS"
	traffic := Traffic{Endpoint: os.Getenv(endpoint), Stream: os.Getenv(stream)}
	if traffic.Endpoint == "" || traffic.Stream == "" {
		return traffic, fmt.Errorf("%s and %s must be set, as producers/run.sh does", endpoint, stream)
	}
	var err error
	if traffic.Records, err = strconv.Atoi(os.Getenv(records)); err != nil || traffic.Records < 1 {
		return traffic, fmt.Errorf("%s is %q and must be a positive number", records, os.Getenv(records))
	}
	return traffic, nil
}

// version returns the version of a module in this program, or "" if it is not part of it.
func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == module && dependency.Replace != nil {
			return "checkout"
		}
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return ""
}
