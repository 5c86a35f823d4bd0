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
for codec in "${codecs[@]}"; do
    cross_values kcat "$codec" | kcat -b "$bootstrap" -P -t "$cross" -z "$codec"
done
