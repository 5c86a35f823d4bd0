#!/usr/bin/env bash
# tests/clients/run.sh against a whole node (MILLRACE_BIN) on free ports: with_node.sh [client...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
millrace=${MILLRACE_BIN:-$here/../../build/release/src/cli/millrace}
work=$(mktemp -d)
mkdir "$work/project"
"$millrace" run "$work/project" --data-dir "$work/data" --ready-file "$work/ready" \
    -X kafka.listen=127.0.0.1:0 -X kafka.group-initial-delay=200ms -X http.listen=127.0.0.1:0 -X registry.listen=127.0.0.1:0 2>"$work/log" &
node=$!
trap 'kill $node 2>/dev/null || true; wait $node 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 200); do
    [ -s "$work/ready" ] && break
    kill -0 $node 2>/dev/null || break
    sleep 0.1
done
[ -s "$work/ready" ] || { cat "$work/log"; echo "the node did not start"; exit 1; }
status=0
export MILLRACE_TOPICS="$work/data/topics"
"$here/run.sh" "$(sed -n 's/.*"kafka": *"\([^"]*\)".*/\1/p' "$work/ready")" "$@" || status=$?
kill -0 $node 2>/dev/null || { echo "the node ended by itself:"; status=1; }
[ $status = 0 ] || tail -40 "$work/log"
exit $status
