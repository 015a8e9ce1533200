#!/usr/bin/env bash
# Runs real producers against the emulator of this checkout, as ../docs/producers.md describes.
# run.sh -h prints the flags.
set -euo pipefail
trap 'exit 130' INT
cd "$(dirname "$0")"
unset GOFLAGS GOOS GOARCH GO111MODULE
export GOWORK=off       # each program has exactly the requirements of its producer
export GOTOOLCHAIN=auto # telegraf needs a later Go than the others
installed=javascript/node_modules/.package-lock.json
if command -v npm >/dev/null && [ ! "$installed" -nt javascript/package-lock.json ]; then
	npm --prefix javascript ci --ignore-scripts --no-audit --no-fund --loglevel error ||
		echo 'npm ci failed, so JavaScript producers will too' >&2
fi
go build -o bin/producers .
exec bin/producers "$@"
