#!/usr/bin/env bash
# tests/clients/run.sh against a broker of its own: with_test_broker.sh TEST-BROKER-BINARY [client...]
set -euo pipefail
binary=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
"$binary" "$work/data" "$work/ready" >"$work/log" 2>&1 &
broker=$!
trap 'kill $broker 2>/dev/null || true; wait $broker 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 200); do
    [ -f "$work/ready" ] && break
    kill -0 $broker 2>/dev/null || break
    sleep 0.1
done
[ -f "$work/ready" ] || { cat "$work/log"; echo "the test broker did not start"; exit 1; }
status=0
export MILLRACE_TOPICS="$work/data/topics"
"$here/run.sh" "$(cat "$work/ready")" "$@" || status=$?
if ! kill -0 $broker 2>/dev/null; then
    echo "the test broker ended by itself:"
    status=1
fi
[ $status = 0 ] || tail -40 "$work/log"
exit $status
