#!/usr/bin/env bash
# `make run`: starts a node on the fulfilment example, replays the real event log and the generated load into it, and stays in the
# foreground until Ctrl-C. A second start goes on where the first one stopped.
#   MILLRACE_ARGS    more arguments of `millrace run`, e.g. "-X http.listen=127.0.0.1:0 --data-dir /tmp/x"
#   MILLRACE_SPEED   simulated seconds a second of the replay (default 3600: an hour a second)
#   MILLRACE_PID     file to write the node's process id to, before it is ready (default: none)
#   MILLRACE_READY   file to write the listeners' addresses to (default: a temporary one)
set -euo pipefail
cd "$(dirname "$0")/.."
millrace=${MILLRACE_BIN:-build/release/src/cli/millrace}
project=examples/fulfilment
work=$(mktemp -d)
ready=${MILLRACE_READY:-$work/ready.json}
rm -f "$ready"
pids=()
stop() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    wait "${pids[@]}" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 0' INT TERM

# shellcheck disable=SC2086  # words are meant to split
"$millrace" run "$project" --ready-file "$ready" ${MILLRACE_ARGS:-} &
node=$!
pids+=("$node")
[ -z "${MILLRACE_PID:-}" ] || echo "$node" >"$MILLRACE_PID"
until [ -s "$ready" ]; do
    kill -0 "$node" 2>/dev/null || { wait "$node"; exit 1; }
    sleep 0.1
done
address() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$ready"; }
kafka=$(address kafka)
http=$(address http)

"$millrace" replay "$project/input/container-logistics.jsonl" --topic logistics.events --clock clock \
    --speed "${MILLRACE_SPEED:-3600}" --resume --bootstrap "$kafka" --quiet &
pids+=($!)
"$millrace" generate fulfilment --rate 14 --burst 120 --bootstrap "$kafka" --quiet &
pids+=($!)

cat <<MSG

  millrace is running the fulfilment example
    dashboard        http://$http/
    Kafka            $kafka
    schema registry  $(address registry)
    a query          $millrace sql "SELECT * FROM current_work LIMIT 5" --url http://$http
  Ctrl-C stops it; the data stays in $project/.millrace

MSG
wait "$node"
