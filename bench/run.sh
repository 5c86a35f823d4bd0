#!/usr/bin/env bash
# The figures of docs/benchmarks.md: whole path, broker, pipeline, each beside the load and the median fdatasync of the moment.
#   bench/run.sh                  short: about six minutes
#   bench/run.sh --full           everything: three ten-minute runs of the whole example, longer runs elsewhere, the micro benches
#   bench/run.sh --smoke          20 s: that it runs and that nothing is lost; asserts no timing (scripts/test.sh)
#   --kafka DIR                   also measure Apache Kafka, side by side: DIR holds up.sh and down.sh that start and stop one broker
#                                 (up.sh DATA PORT writes DATA/broker.pid; FSYNC=1 makes it sync every message)
#   --only latency|example|broker|pipeline|nexmark|micro
# BENCH_WORK: folder for data (default: a temporary one); what it lies on is what is measured.
set -uo pipefail
cd "$(dirname "$0")/.."
deps=${MILLRACE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace/deps-2}
export PATH="$deps/node/bin:$PATH"
bin=build/release/bench
millrace=${MILLRACE_BIN:-build/release/src/cli/millrace}
length=short; kafka=; only=
while [ $# -gt 0 ]; do
    case $1 in
        --full) length=full ;;
        --smoke) length=smoke ;;
        --kafka) kafka=$(cd "$2" && pwd); shift ;;
        --only) only=$2; shift ;;
        *) sed -n '2,9p' "$0"; exit 2 ;;
    esac
    shift
done
for needed in "$millrace" "$bin/latency_bench" "$bin/broker_bench" "$bin/pipeline_bench"; do
    [ -x "$needed" ] || { echo "bench: $needed is missing: make build, then cmake --build --preset release"; exit 77; }
done
work=${BENCH_WORK:-$(mktemp -d)}
failed=0
kafka_data=
stop_kafka() { [ -n "$kafka_data" ] && "$kafka/down.sh" "$kafka_data" >/dev/null 2>&1; kafka_data=; }
cleanup() { stop_kafka; [ -n "${BENCH_WORK:-}" ] || rm -rf "$work"; }
trap cleanup EXIT

wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }
title() { printf '\n=== %s\n' "$*"; }
bench() { local name=$1; shift; "$bin/${name}_bench" --millrace "$millrace" --work "$work/$name" "$@" || failed=1; }

if [ $length = smoke ]; then
    bench latency --rate 120 --seconds 4 --gate
    bench broker --rate 120 --transactions 120 0 --seconds 2 --flat-seconds 1 --flat-sizes 2048 --partitions 1 --gate
    bench broker --rate 0 --transactions 0 0 --seconds 1 --flat-seconds 0 --cold-mib 100 --gate
    bench pipeline --events 50000 --sizes 2048 --gate
    exit $failed
fi

case $length in
    short) latency_s=20; example_s=60; runs=1; broker_s=15; flat_s=6; events=500000 ;;
    full) latency_s=60; example_s=600; runs=3; broker_s=30; flat_s=12; events=1000000 ;;
esac

if wanted latency; then
    title "whole path: due -> delta applied, due -> GET that contains it (bench/project, 2 KB, durable)"
    echo "budget: 120/s p50 4, p95 10, p99 20 ms; 10,000/s p99 25 ms; ack at 120/s p50 = fdatasync + 0.5 ms, p99 15 ms"
    bench latency --seconds $latency_s
fi
if wanted example; then
    title "the whole example, 120 events/s of 2 KB, lake, warehouse and one browser on"
    echo "goal: p95 20, p99 50 ms to the GET, peak memory 400 MB (where the median fdatasync is under 2 ms); budget: 250 MB, 4 % of a core"
    browser=()
    if [ -e "${CHROMIUM:-/usr/bin/chromium}" ] && [ -d web/node_modules/playwright-core ]; then
        browser=(--browser "node bench/browser.mjs {url}#/load")
    else
        echo "(no Chromium or no playwright-core: without a browser)"
    fi
    for _ in $(seq $runs); do
        bench latency --example --project examples/fulfilment --rate 120 --seconds $example_s "${browser[@]}"
    done
fi
if wanted broker; then
    title "the broker part"
    bench broker --seconds $broker_s --flat-seconds $flat_s
    bench broker --name millrace-async --durability async --transactions 0 0 --seconds $broker_s --flat-seconds $flat_s
    title "acks beside a consumer of last week's data (2 GiB on disk, dropped from the page cache, read flat out)"
    bench broker --rate 0 --transactions 0 0 --flat-seconds 0 --seconds $broker_s --cold-mib 2048
    if [ -n "$kafka" ]; then
        for mode in "" 1; do
            name=kafka${mode:+-fsync}
            kafka_data=$work/$name
            FSYNC=$mode "$kafka/up.sh" "$kafka_data" 19292 || { failed=1; break; }
            # A fresh JVM is slow: what it does in its first seconds is nobody's figure.
            bench broker --bootstrap 127.0.0.1:19292 --pid "$(cat "$kafka_data/broker.pid")" --name warm-up --rate 1000 --seconds 10 \
                --transactions 1000 10 --flat-seconds 4 >/dev/null
            bench broker --bootstrap 127.0.0.1:19292 --pid "$(cat "$kafka_data/broker.pid")" --name "$name" --seconds $broker_s \
                --flat-seconds $flat_s
            stop_kafka
            rm -rf "${work:?}/$name"
        done
    fi
fi
if wanted pipeline; then
    title "a pipeline flat out: Kafka protocol -> JSON -> filter, GROUP BY -> view; and the replay of what is stored"
    echo "budget: 6 CPU s of the node a million events of 2 KB; replay 2.0 CPU s a million (2 KB), 0.4 (108 bytes)"
    bench pipeline --events $events
fi
if wanted nexmark && [ -x "$bin/nexmark_bench" ]; then
    title "Nexmark in process, each query checked against Flink's recorded answer first"
    echo "goal: 8 x Flink's events a CPU second (geometric mean), every query 3 x its rate; q0 and q2 from rows 3 M events/s a core"
    "$bin/nexmark_bench" --work "$work" --events $((events / 5)) || failed=1
fi
if wanted micro && [ $length = full ]; then
    title "micro benches"
    for micro in journal expr json operator; do
        [ -x "$bin/${micro}_bench" ] && (cd "$work" && "$OLDPWD/$bin/${micro}_bench" --benchmark_min_time=0.2)
    done
fi
exit $failed
