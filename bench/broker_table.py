#!/usr/bin/env python3
"""The broker's figures beside Apache Kafka's, as tables with ratios first: bench/run.sh --only broker --kafka DIR | tee F; bench/broker_table.py F
Ratios are ours to theirs: latencies, CPU and memory below 1 are better, rates above 1. Topics with durability=async
(millrace-async) stand beside what has the same promise, Kafka as it comes."""
import json
import sys

runs = {}
for line in open(sys.argv[1]) if len(sys.argv) > 1 else sys.stdin:
    line = line.strip()
    if line.startswith('{"broker"'):
        r = json.loads(line)
        if "cold_reader_mb_per_second" in r:  # has no peer
            continue
        key = (r["flat"], r["size"], r["partitions"]) if "flat" in r else (r["rate"], r["commit_ms"])
        # The first of a kind: those of the cold reader come again.
        runs.setdefault(r["broker"], {}).setdefault(key, r)
if "millrace" not in runs:
    sys.exit("no figures of millrace")
PAIRS = [("millrace", "kafka-fsync"), ("millrace-async", "kafka"), ("millrace", "kafka")]


def ratio(a, b):
    return f"{a / b:.2f}" if b else "-"


def latency_name(rate, commit_ms):
    return f"{rate:,.0f}/s" + ("" if commit_ms < 0 else ", a transaction each" if commit_ms == 0 else f", commit every {commit_ms:g} ms")


for us, peer in PAIRS:
    if us not in runs or peer not in runs:
        continue
    ours, theirs = runs[us], runs[peer]
    print(f"\n{us} beside {peer}: due time to consumer, ratio p50 / p95 / p99 (ours ms; theirs ms), CPU a message, memory\n")
    print("| messages of 2 KB | p50 | p95 | p99 | ours p50 / p95 / p99 ms | theirs | CPU | memory |\n|---|---|---|---|---|---|---|---|")
    for key in ours:
        if len(key) != 2 or key not in theirs:
            continue
        a, b = ours[key], theirs[key]
        p = ["p50", "p95", "p99"]
        print("| " + " | ".join([latency_name(*key)] + [ratio(a["consumed"][q], b["consumed"][q]) for q in p] +
                                [" / ".join(f"{r['consumed'][q]:.1f}" for q in p) for r in (a, b)] +
                                [ratio(a["cpu_per_million"], b["cpu_per_million"]), ratio(a["rss_mib"], b["rss_mib"])]) + " |")
    print(f"\n{us} beside {peer}: flat out\n\n| what | rate | ours /s | theirs /s | CPU | ours s a million | theirs |\n|---|---|---|---|---|---|---|")
    for key in ours:
        if len(key) != 3 or key not in theirs:
            continue
        a, b = ours[key], theirs[key]
        print(f"| {key[0]} {key[1]} B, {key[2]} partition{'s' if key[2] > 1 else ''} | {ratio(a['per_second'], b['per_second'])} | {a['per_second']:,.0f} | "
              f"{b['per_second']:,.0f} | {ratio(a['cpu_per_million'], b['cpu_per_million'])} | {a['cpu_per_million']} | {b['cpu_per_million']} |")
