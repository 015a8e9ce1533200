#!/usr/bin/env bash
# Runs throttle.mjs against each server, as ../alternatives.md describes. $1 is where the servers are installed.
set -euo pipefail
ip link set lo up
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"

# run starts a server and shows what it does: NAME PORT COMMAND...
run() {
	printf '\n== %s\n' "$1"
	"${@:3}" >"$1.log" 2>&1 &
	for _ in {1..150}; do
		! (: >"/dev/tcp/127.0.0.1/$2") 2>/dev/null || break
		sleep 0.2
	done
	node "$here/throttle.mjs" "http://127.0.0.1:$2" || tail "$1.log"
	kill $!
	wait $! || true
}

run kinesalite 5001 node node_modules/kinesalite/cli.js --port 5001
run kinesis-mock 5002 env --chdir=node_modules/kinesis-local \
	KINESIS_MOCK_PLAIN_PORT=5002 KINESIS_MOCK_TLS_PORT=5012 node main.js
run moto 5003 python3 -m moto.server -H 127.0.0.1 -p 5003
run putrecords 5004 ./emulator -addr 127.0.0.1:5004 -stream small:1 -stream large:1
