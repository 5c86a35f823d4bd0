#!/usr/bin/env python3
"""Compares every row of the example's views with fulfilment.py's own computation.

    compare_fulfilment.py --url http://127.0.0.1:8080      the views of a node that has the whole log (or --log FILE of it)
    compare_fulfilment.py --url … --wait 60                waits that long at most until every pipeline has used all there is, then compares

A window that ends after the last event may still be open on a node (time goes on there by the wall clock only): its row may be missing.
Exit 0: all equal. Doubles are compared at a relative 1e-9.
"""
import argparse
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import fulfilment

NOT_VIEWS = {"processed_events"}  # a topic, not a view


def plain(value):
    """A value in one form whoever wrote it: numbers as float, times as 2023-05-30T07:00:00."""
    if value is None or value == "":
        return None
    if isinstance(value, (int, float)):
        return float(value)
    text = str(value)
    if len(text) >= 19 and text[4] == "-" and text[13] == ":":
        return text[:19].replace(" ", "T")
    try:
        return float(text)
    except ValueError:
        return text


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))
    return a == b


def of_node(url, view):
    try:
        with urllib.request.urlopen(f"{url}/api/v1/views/{urllib.parse.quote(view)}?limit=10000", timeout=30) as answer:
            return json.load(answer)["rows"]
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{view}: {error.code} {error.read().decode(errors='replace')[:300]}")


def wait_until_settled(url, seconds):
    """Until every pipeline says twice, half a second apart, that nothing is waiting and that it read nothing in between: one may read
    what another writes. (Steps go on: with silent sources the watermark runs with the clock.)"""
    until = time.monotonic() + seconds
    before = None
    while True:
        with urllib.request.urlopen(f"{url}/api/v1/pipelines", timeout=30) as answer:
            pipelines = json.load(answer)["pipelines"]
        now = {p["name"]: p["in"] for p in pipelines}
        if now == before and all(p["caught_up"] for p in pipelines):
            return
        if time.monotonic() > until:
            busy = sorted(p["name"] for p in pipelines if not p["caught_up"])
            print(f"after {seconds:.0f} s there is still work for {', '.join(busy) or 'the pipelines'}")
            return
        before = now
        time.sleep(0.5)


def key_of(row, columns):
    """Doubles last: they may differ in the last digit, so they must not decide the order where anything else does."""
    values = [plain(row[c]) for c in columns]
    exact = [v for v in values if not (isinstance(v, float) and v != int(v))]
    return json.dumps(exact)


def differences(view, want, got, end):
    """What is wrong with `got`, as text; nothing where all is right."""
    if not want or not got:
        return [] if not want and not got else [f"{len(got)} rows, expected {len(want)}"]
    columns = [c for c in want[0] if c in got[0]]
    by_key = {}
    for row in got:
        by_key.setdefault(key_of(row, columns), []).append(row)
    wrong = []
    for row in want:
        matches = by_key.get(key_of(row, columns), [])
        found = next((m for m in matches if all(same(plain(m[c]), plain(row[c])) for c in columns)), None)
        if found is not None:
            matches.remove(found)
        elif not ("window_end" in row and row["window_end"] > end):
            wrong.append(f"missing {json.dumps({c: row[c] for c in columns})}")
    wrong += [f"not expected {json.dumps({c: row[c] for c in columns})}" for rows in by_key.values() for row in rows]
    return wrong


def compare(events, rows_of, names):
    """The number of views that are not as they should be."""
    end = events[-1]["occurred_at"]
    bad = 0
    for view in names:
        want = list(fulfilment.VIEWS[view](events))
        wrong = differences(view, want, rows_of(view), end)
        print(f"{'ok  ' if not wrong else 'FAIL'} {view}: {len(want)} rows")
        for line in wrong[:3]:
            print(f"       {line}")
        if len(wrong) > 3:
            print(f"       and {len(wrong) - 3} more")
        bad += bool(wrong)
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--log", type=Path, default=fulfilment.LOG)
    parser.add_argument("--wait", type=float, default=0)
    parser.add_argument("views", nargs="*", help="default: all")
    args = parser.parse_args()
    events = fulfilment.read(args.log)
    names = args.views or [v for v in sorted(fulfilment.VIEWS) if v not in NOT_VIEWS]
    url = args.url.rstrip("/")
    wait_until_settled(url, args.wait)
    return 1 if compare(events, lambda v: of_node(url, v), names) else 0


if __name__ == "__main__":
    sys.exit(main())
