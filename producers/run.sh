#!/usr/bin/env bash
# Runs real producers against the emulator of this checkout, as ../docs/producers.md describes.
# run.sh -h prints the flags.
set -euo pipefail
cd "$(dirname "$0")"
export GOWORK=off      # each program has exactly the requirements of its producer
export GOTOOLCHAIN=auto # telegraf needs a later Go than the others
installed=javascript/node_modules/.package-lock.json
if command -v npm >/dev/null && [ ! "$installed" -nt javascript/package-lock.json ]; then
	npm --prefix javascript ci --ignore-scripts --no-audit --no-fund --silent || echo 'npm ci failed, so JavaScript producers will too' >&2
fi
exec go run . "$@"
