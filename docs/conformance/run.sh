#!/usr/bin/env bash
# Runs the test vectors against each server, as ../conformance.md describes. $1 is where the servers and
# the command conformance are installed. To run only some servers, name them after it. For each server
# this writes NAME.txt, NAME.json and NAME.html there. At the end it prints the table of that page.
set -euo pipefail
ip link set lo up
cd "$1"
only=("${@:2}")
names=()

# run starts a server and runs the vectors against it: NAME PORT FLAGS COMMAND...
run() {
	names+=("$1")
	[[ ${#only[@]} = 0 || " ${only[*]} " = *" $1 "* ]] || return 0
	printf '\n== %s\n' "$1"
	rm -f "$1.json"
	"${@:4}" >"$1.log" 2>&1 &
	local server=$!
	for _ in {1..150}; do
		! (: >"/dev/tcp/127.0.0.1/$2") 2>/dev/null || break
		sleep 0.2
	done
	# Servers on Node.js take long to answer large requests.
	# shellcheck disable=SC2086 # no flag or one
	./conformance -endpoint "http://127.0.0.1:$2" $3 -timeout 2m -json "$1.json" -html "$1.html" | tee "$1.txt" || true
	kill $server
	wait $server || true
	[ -f "$1.json" ] || tail "$1.log"
}

# row prints a line of the table: vectors by outcome, and those that are right at each level.
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
run moto 5003 '' python3 -m moto.server -H 127.0.0.1 -p 5003
run putrecords 5004 '' ./emulator -addr 127.0.0.1:5004
run putrecords-control 5005 -control ./emulator -addr 127.0.0.1:5005 -control

printf '\n| | passed | older | failed | unsupported | not expressible | code | members | text | numbers |\n'
printf '|---|---|---|---|---|---|---|---|---|---|\n'
for name in "${names[@]}"; do
	[ ! -f "$name.json" ] || row "$name"
done
