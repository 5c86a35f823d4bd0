#!/usr/bin/env bash
# kcat: kcat.sh HOST:PORT own|cross TOPIC [clients that have run]
set -euo pipefail
bootstrap=$1 mode=$2 cross=$3
shift 3
run_id=${MILLRACE_RUN_ID:-0}
codecs=(none gzip snappy lz4 zstd)
die() {
    echo "$*" >&2
    exit 1
}

payload() {
    local out=""
    for ((n = 0; n < $1; n++)); do out+="payload-"; done
    printf '%s' "$out"
}

# The values of the cross topic that a client writes (tests/clients/expectations.py).
cross_values() {
    for ((i = 0; i < 100; i++)); do printf '%s/%s/%d/%s\n' "$1" "$2" "$i" "$(payload $((i % 50)))"; done
}

if [ "$mode" = cross ]; then
    kcat -b "$bootstrap" -C -t "$cross" -o beginning -e -q | sort >"/tmp/kcat-$$-seen"
    for client in "$@"; do
        for codec in "${codecs[@]}"; do
            [ "$client/$codec" = kafkajs/zstd ] && continue
            cross_values "$client" "$codec"
        done
    done | sort >"/tmp/kcat-$$-wanted"
    trap 'rm -f /tmp/kcat-$$-*' EXIT
    cmp "/tmp/kcat-$$-seen" "/tmp/kcat-$$-wanted" || die "the cross topic differs"
    exit 0
fi

topic=kcat-$run_id
kcat -b "$bootstrap" -L -J | grep -q '"brokers"' || die "no metadata"
for codec in "${codecs[@]}"; do
    seq 1 200 | sed "s/.*/key-&:$codec value &/" | kcat -b "$bootstrap" -P -t "$topic" -K: -z "$codec" -H "codec=$codec" \
        -X acks=all -X enable.idempotence=true
done
count=$(kcat -b "$bootstrap" -C -t "$topic" -o beginning -e -q -f '%k %h %s\n' | sort -u | wc -l)
[ "$count" = 1000 ] || die "$count of 1000 different records read"
kcat -b "$bootstrap" -C -t "$topic" -o -1 -e -q -f '%s\n' | grep -qx 'zstd value 200' || die "the last record"
[ "$(kcat -b "$bootstrap" -Q -t "$topic:0:-2" | grep -c 'offset 0')" = 1 ] || die "offset of the beginning"
[ "$(kcat -b "$bootstrap" -Q -t "$topic:0:-1" | grep -c 'offset 1000')" = 1 ] || die "offset of the end"
# A balanced consumer group; its second run finds the committed offsets.
first=$(timeout 40 kcat -b "$bootstrap" -G "kcat-group-$run_id" -X auto.offset.reset=earliest -X session.timeout.ms=10000 \
    -e -q -f '%s\n' "$topic" 2>/dev/null | wc -l)
[ "$first" = 1000 ] || die "the group read $first of 1000"
echo "one more" | kcat -b "$bootstrap" -P -t "$topic"
second=$(timeout 40 kcat -b "$bootstrap" -G "kcat-group-$run_id" -X auto.offset.reset=earliest -X session.timeout.ms=10000 \
    -e -q -f '%s\n' "$topic" 2>/dev/null)
[ "$second" = "one more" ] || die "the group's second run read: $second"
echo "able produce consume idempotent"

# Two members share four topics, one leaves, the other reads on from what is committed.
work=$(mktemp -d)
members=()
trap 'kill -9 "${members[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
shared=()
for n in 0 1 2 3; do shared+=("kcat-shared-$n-$run_id"); done
to_each() {  # text: one record in each topic
    for name in "${shared[@]}"; do echo "$1" | kcat -b "$bootstrap" -P -t "$name"; done
}
wait_until() {  # what, command
    for ((n = 0; n < 300; n++)); do eval "$2" && return; sleep 0.1; done
    die "$1: $(tail -n 3 "$work"/*)"
}
assigned() { grep -a "assigned:" "$work/$1.log" | tail -1 | sed 's/.*assigned://' | grep -o "kcat-shared-[0-9]" | sort -u | wc -l; }
read_lines() { cat "$work"/*.out | grep -c "$1" || true; }
to_each before
for n in 0 1; do
    kcat -b "$bootstrap" -G "kcat-shared-$run_id" -X auto.offset.reset=earliest -X session.timeout.ms=10000 -X heartbeat.interval.ms=300 \
        -X partition.assignment.strategy=roundrobin -X auto.commit.interval.ms=200 -u -f '%t:%s\n' "${shared[@]}" >"$work/$n.out" 2>"$work/$n.log" &
    members+=($!)
done
wait_until "the members do not share" '[ $(assigned 0) = 2 ] && [ $(assigned 1) = 2 ] && [ $(read_lines :before) -ge 4 ]'
kill -TERM "${members[0]}"
wait "${members[0]}" || true
wait_until "after one left" '[ $(assigned 1) = 4 ]'
to_each after
wait_until "after one left, reading" '[ $(grep -c :after "$work/1.out") = 4 ]'
kill -TERM "${members[1]}"
wait "${members[1]}" || true
echo "able rebalance"

# All of its input in one transaction; SIGTERM before its end aborts it.
txn=kcat-txn-$run_id
printf '%s\n' one two three | kcat -b "$bootstrap" -P -t "$txn" -X transactional.id="kcat-$run_id" 2>/dev/null
mkfifo "$work/pipe"
kcat -b "$bootstrap" -P -t "$txn" -X transactional.id="kcat-$run_id" -X linger.ms=0 <"$work/pipe" 2>/dev/null &
members+=($!)
exec 7>"$work/pipe"
# Much, as kcat reads a pipe in large pieces.
seq 60000 | sed 's/.*/void/' >&7
wait_until "records of the open transaction" '[ "$(kcat -b "$bootstrap" -C -t "$txn" -o beginning -e -q -X isolation.level=read_uncommitted -f "%s\n" | grep -c void)" -gt 100 ]'
[ "$(kcat -b "$bootstrap" -C -t "$txn" -o beginning -e -q -X isolation.level=read_committed -f '%s ')" = "one two three " ] || die "an open transaction is read"
kill -TERM "${members[2]}"
exec 7>&-
wait "${members[2]}" || true
echo four | kcat -b "$bootstrap" -P -t "$txn" -X transactional.id="kcat-$run_id" 2>/dev/null
[ "$(kcat -b "$bootstrap" -C -t "$txn" -o beginning -e -q -X isolation.level=read_committed -f '%s ')" = "one two three four " ] || die "read_committed"
echo "able transactional"
for codec in "${codecs[@]}"; do
    cross_values kcat "$codec" | kcat -b "$bootstrap" -P -t "$cross" -z "$codec"
done
