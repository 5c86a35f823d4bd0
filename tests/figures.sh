#!/usr/bin/env bash
# The example's figures on a running node: every row of its views, of the warehouse's rollups and of the Iceberg tables compared with an
# independent computation (tests/oracle/fulfilment.py), after a kill -9 in the middle of the replay and after another one at its end.
set -euo pipefail
cd "$(dirname "$0")/.."
millrace=${MILLRACE_BIN:-build/release/src/cli/millrace}
python=${MILLRACE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace/deps-2}/venv/bin/python
work=$(mktemp -d)
node=
trap '[ -z "$node" ] || kill $node 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

start() {
    rm -f "$work/ready"
    "$millrace" run examples/fulfilment --data-dir "$work/data" --ready-file "$work/ready" \
        -X kafka.listen=127.0.0.1:0 -X http.listen=127.0.0.1:0 -X registry.listen=127.0.0.1:0 -X lake.commit-interval=1s 2>>"$work/log" &
    node=$!
    for _ in $(seq 300); do
        [ -s "$work/ready" ] && break
        kill -0 $node 2>/dev/null || { tail -40 "$work/log"; echo "the node did not start"; exit 1; }
        sleep 0.1
    done
    kafka=$(sed -n 's/.*"kafka": *"\([^"]*\)".*/\1/p' "$work/ready")
    http=$(sed -n 's/.*"http": *"\([^"]*\)".*/\1/p' "$work/ready")
}
replay() { "$millrace" replay examples/fulfilment/input/container-logistics.jsonl --topic logistics.events --clock clock \
    --speed 0 --resume --bootstrap "$kafka" "$@"; }

compare() {
    "$python" tests/oracle/compare_fulfilment.py --url "http://$http" --wait 400
    "$python" tests/oracle/compare_stored.py --url "http://$http" --lake "$work/data/lake" --wait 60
}

start
replay --limit 5000
kill -9 $node
wait $node 2>/dev/null || true
start
replay
compare
kill -9 $node
wait $node 2>/dev/null || true
start
compare
