#!/usr/bin/env bash
# Runs the test vectors against each server, as ../conformance.md describes. $1 is where the servers
# and the commands are installed; further arguments go to the command conformance. For each server it
# writes NAME.txt, NAME.json and NAME.html there. At the end it prints the table of that page.
set -euo pipefail
ip link set lo up
cd "$1"
flags=("${@:2}")
names=()

# run starts a server and runs the vectors against it: NAME PORT FLAGS COMMAND...
run() {
	printf '\n== %s\n' "$1"
	"${@:4}" >"$1.log" 2>&1 &
	local server=$!
	for _ in {1..150}; do
		! (: >"/dev/tcp/127.0.0.1/$2") 2>/dev/null || break
		sleep 0.2
	done
	rm -f "$1.json"
	# shellcheck disable=SC2086 # no flag or one
	./conformance -endpoint "http://127.0.0.1:$2" $3 -timeout 1m -json "$1.json" -html "$1.html" "${flags[@]}" | tee "$1.txt" || true
	kill $server
	wait $server || true
	if [ -f "$1.json" ]; then
		names+=("$1")
	else # no vector was run
		tail "$1.log"
	fi
}

# row prints a line of the table: by outcome, and right at each level.
row() {
	local outcome
	printf '| %s |' "$1"
	for outcome in passed older failed unsupported 'not expressible'; do
		printf ' %d |' "$(grep -c "^      \"Outcome\": \"$outcome\",\$" "$1.json")"
	done
	awk '$1 == "all" { print " " $(NF-3) " | " $(NF-2) " | " $(NF-1) " | " $NF " |" }' "$1.txt"
}

run kinesalite 5001 '' node node_modules/kinesalite/cli.js --port 5001 --shardLimit 1000
run kinesis-mock 5002 '' env --chdir=node_modules/kinesis-local \
	KINESIS_MOCK_PLAIN_PORT=5002 KINESIS_MOCK_TLS_PORT=5012 SHARD_LIMIT=1000 node main.js
if python3 -c 'import moto.server' 2>/dev/null; then
	run moto 5003 '' python3 -m moto.server -H 127.0.0.1 -p 5003
fi
run putrecords 5004 '' ./emulator -addr 127.0.0.1:5004
run putrecords-control 5005 -control ./emulator -addr 127.0.0.1:5005 -control

printf '\n| | passed | older | failed | unsupported | not expressible | code | members | text | numbers |\n'
printf '|---|---|---|---|---|---|---|---|---|---|\n'
for name in "${names[@]}"; do
	row "$name"
done
