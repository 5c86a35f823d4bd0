#!/usr/bin/env bash
# The example as a newcomer starts it (`make run`, on free ports and a fresh data directory), looked at by a browser:
# tests/e2e/dashboard.mjs. Exit 77 where there is no Chromium, no binary or no page to look at.
#   E2E_OUT  folder for the screenshots (default: a temporary one)
set -euo pipefail
cd "$(dirname "$0")/../.."
deps=${MILLRACE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace/deps-2}
export PATH="$deps/node/bin:$PATH"
millrace=${MILLRACE_BIN:-build/release/src/cli/millrace}
for needed in "$millrace" "${CHROMIUM:-/usr/bin/chromium}" web/node_modules/playwright-core; do
    [ -e "$needed" ] || { echo "e2e: $needed is missing"; exit 77; }
done
work=$(mktemp -d)
runner=
stop() {
    trap - EXIT
    [ -n "$runner" ] && kill -TERM "$runner" 2>/dev/null && wait "$runner" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

MILLRACE_BIN=$millrace MILLRACE_READY=$work/ready.json \
    MILLRACE_ARGS="-X kafka.listen=127.0.0.1:0 -X http.listen=127.0.0.1:0 -X registry.listen=127.0.0.1:0 --data-dir $work/data" \
    MILLRACE_PID=$work/node.pid make -s run >"$work/log" 2>&1 &
runner=$!
for _ in $(seq 1200); do
    [ -s "$work/ready.json" ] && break
    kill -0 "$runner" 2>/dev/null || { echo "e2e: the example did not start"; cat "$work/log"; exit 1; }
    sleep 0.1
done
http=$(sed -n 's/.*"http": *"\([^"]*\)".*/\1/p' "$work/ready.json")
[ -n "$http" ] || { echo "e2e: not ready within two minutes"; cat "$work/log"; exit 1; }
# Paused, to see the page notice.
node_pid=$(<"$work/node.pid")
code=0
node tests/e2e/dashboard.mjs --url "http://$http/" --pid "$node_pid" --seconds 60 --out "${E2E_OUT:-$work/shots}" || code=$?
[ "$code" = 0 ] || tail -n 40 "$work/log"
exit "$code"
