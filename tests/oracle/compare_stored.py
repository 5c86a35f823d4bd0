#!/usr/bin/env python3
"""Compares what the example stores with fulfilment.py's own computation: the warehouse's rollups (through POST /api/v1/sql) and the
Iceberg tables (through pyiceberg).

    compare_stored.py --url http://127.0.0.1:8080 --lake DIR [--wait SECONDS]

    rollup_hour, rollup_minute         one row an hour (minute) and event type: events, and different first objects
    logistics.processed_events         every row of processed_events, once
    raw.logistics.events               every line of the log, once, in its order, byte for byte

A window that ends after the last event may still be open. --wait: sinks commit every so often, so what differs is looked at again until
then. Exit 0: all equal.
"""
import argparse
import json
import sys
import time
import urllib.request
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import fulfilment
from compare_fulfilment import plain, same

SPANS = {"rollup_hour": timedelta(hours=1), "rollup_minute": timedelta(minutes=1)}


def query(url, sql):
    request = urllib.request.Request(f"{url}/api/v1/sql", data=json.dumps({"sql": sql}).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["rows"]


def rollup(events, span):
    """(window, type) -> (events, different first objects)."""
    counts, firsts = Counter(), defaultdict(set)
    epoch = datetime(1970, 1, 1)
    for e in events:
        window = e["at"] - (e["at"] - epoch) % span
        counts[window, e["event_type"]] += 1
        if e["objects"]:
            firsts[window, e["event_type"]].add(e["objects"][0]["id"])
    return {key: (n, len(firsts[key])) for key, n in counts.items()}


def check_rollup(url, name, events):
    span = SPANS[name]
    want = rollup(events, span)
    got = {}
    # By month: an answer holds 10,000 rows at most.
    months = sorted({key[0].strftime("%Y-%m-01") for key in want})
    for month in months:
        rows = query(url, f"SELECT CAST(window_start AS VARCHAR) AS s, event_type, events, containers FROM {name} "
                          f"WHERE date_trunc('month', window_start) = DATE '{month}'")
        for r in rows:
            key = datetime.strptime(r["s"][:19], "%Y-%m-%d %H:%M:%S"), r["event_type"]
            if key in got:
                return f"{key} is there twice"
            got[key] = (r["events"], r["containers"])
    total = query(url, f"SELECT COUNT(*) AS n FROM {name}")[0]["n"]
    if total != len(got):
        return f"{total} rows, {len(got)} of them in the months of the log"
    last = events[-1]["at"]
    for key in sorted({*want, *got}):
        if want.get(key) != got.get(key) and not (key not in got and key[0] + span > last):
            return f"{key[0]} {key[1]}: {got.get(key)}, expected {want.get(key)} (events, first objects); {len(got)} rows of {len(want)}"
    return None


def table(lake, database, name):
    from pyiceberg.table import StaticTable
    folder = Path(lake) / database / name / "metadata"
    version = (folder / "version-hint.text").read_text().strip()
    return StaticTable.from_metadata(str(folder / f"v{version}.metadata.json"))


def check_processed(lake, events):
    def instant(value):
        return None if value is None else (value.astimezone(timezone.utc) if value.tzinfo else value).strftime("%Y-%m-%dT%H:%M:%S")
    want = list(fulfilment.processed_events(events))
    rows = table(lake, "logistics", "processed_events").scan().to_arrow().to_pylist()
    for r in rows:
        r["occurred_at"], r["departure"] = instant(r["occurred_at"]), instant(r["departure"])
    columns = list(want[0])
    left = defaultdict(list)
    for r in rows:
        left[r["event_id"], r["container_id"]].append(r)
    for w in want:
        found = next((r for r in left[w["event_id"], w["container_id"]] if all(same(plain(r[c]), plain(w[c])) for c in columns)), None)
        if found is None:
            return f"{len(rows)} rows of {len(want)}; missing {w}, there is {left[w['event_id'], w['container_id']]}"
        left[w["event_id"], w["container_id"]].remove(found)
    extra = [r for rest in left.values() for r in rest]
    return f"{len(extra)} rows too many, for instance {extra[0]}" if extra else None


def check_raw(lake, log):
    lines = log.read_bytes().splitlines()
    rows = table(lake, "raw", "logistics.events").scan(selected_fields=("partition", "offset", "value")).to_arrow().to_pylist()
    rows.sort(key=lambda r: (r["partition"], r["offset"]))
    places = [(r["partition"], r["offset"]) for r in rows]
    if len(set(places)) != len(places):
        return "a record is there twice"
    values = [r["value"].encode() if isinstance(r["value"], str) else r["value"] for r in rows]
    if len(values) != len(lines):
        return f"{len(values)} records of {len(lines)}"
    wrong = next((i for i, (a, b) in enumerate(zip(values, lines)) if a != b), None)
    return None if wrong is None else f"record {wrong} is {values[wrong][:80]}, the log says {lines[wrong][:80]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--lake", required=True)
    parser.add_argument("--log", type=Path, default=fulfilment.LOG)
    parser.add_argument("--wait", type=float, default=0)
    args = parser.parse_args()
    events = fulfilment.read(args.log)
    url = args.url.rstrip("/")
    checks = {name: lambda n=name: check_rollup(url, n, events) for name in SPANS}
    checks["logistics.processed_events (Iceberg)"] = lambda: check_processed(args.lake, events)
    checks["raw.logistics.events (Iceberg)"] = lambda: check_raw(args.lake, args.log)
    until = time.monotonic() + args.wait
    bad = 0
    for name, check in checks.items():
        while True:
            try:
                wrong = check()
            except (OSError, KeyError) as error:
                wrong = repr(error)
            if wrong is None or time.monotonic() > until:
                break
            time.sleep(0.5)
        print(f"{'ok  ' if wrong is None else 'FAIL'} {name}{'' if wrong is None else ': ' + wrong}")
        bad += wrong is not None
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
