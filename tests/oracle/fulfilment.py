#!/usr/bin/env python3
"""The figures of examples/fulfilment, computed from the event log in plain Python: no SQL, nothing of the product.

    fulfilment.py                 prints the figures as JSON and fails if one is not what the documents say
    fulfilment.py --rows VIEW     prints the rows VIEW must hold once the whole log is in, one JSON object a line
    fulfilment.py --views         prints the views it knows
    fulfilment.py --log FILE      reads another log of the same shape (a prefix of the log, say); nothing is asserted then

Times are printed as the log has them (2023-05-30T07:00:00Z). Only `dwell`, `dwell_anomalies` and the event columns of `current_work` depend on
the order of events inside one second; they take it from the file.
"""
import argparse
import json
import math
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path

LOG = Path(__file__).resolve().parents[2] / "examples" / "fulfilment" / "input" / "container-logistics.jsonl"
HOUR = timedelta(hours=1)
STEPS = {"Pick Up Empty Container": 1, "Load Truck": 2, "Drive to Terminal": 3, "Weigh": 4, "Place in Stock": 5,
         "Bring to Loading Bay": 6, "Load to Vehicle": 7}
EXPECTED = {"events": 8727, "event_types": 13, "hour_type_rows": 3241, "rate_anomalies": 57, "sessions": 1702, "containers": 510,
            "containers_with_document": 485, "dwell_times": 311, "dwell_mean_h": 40.72, "dwell_anomalies": 8,
            "exceptions_ever": 109, "exceptions_cleared": 47, "exceptions_open": 62}


def text(at):
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def read(path):
    events = []
    for offset, line in enumerate(path.read_text().splitlines()):
        event = json.loads(line)
        event["at"] = datetime.strptime(event["occurred_at"], "%Y-%m-%dT%H:%M:%SZ")
        event["offset"] = offset
        events.append(event)
    return events


def hour_of(at):
    return at.replace(minute=0, second=0)


def objects(event, kind):
    return [o for o in event["objects"] if o["type"] == kind]


def outliers(values, frame, first=10):
    """(index, mean, deviation) of the values beyond 3 population sigma of the last `frame` values, themselves included."""
    for i, value in enumerate(values):
        window = values[max(0, i + 1 - frame):i + 1]
        if len(window) < first:
            continue
        mean = math.fsum(window) / len(window)
        deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in window) / len(window))
        if deviation > 0 and abs(value - mean) > 3 * deviation:
            yield i, mean, deviation


def events_by_type(events):
    last = {}
    for e in events:
        last[e["event_type"]] = e["at"]
    counts = Counter(e["event_type"] for e in events)
    return [{"event_type": t, "events": n, "last_at": text(last[t])} for t, n in sorted(counts.items())]


def throughput_live(events):
    counts = Counter((hour_of(e["at"]), e["event_type"]) for e in events)
    return [{"hour": text(h), "event_type": t, "events": n} for (h, t), n in sorted(counts.items())]


def throughput_hourly(events):
    return [{"window_start": r["hour"], "window_end": text(datetime.strptime(r["hour"], "%Y-%m-%dT%H:%M:%SZ") + HOUR),
             "event_type": r["event_type"], "events": r["events"]} for r in throughput_live(events)]


def rate_anomalies(events):
    rows = defaultdict(list)
    for row in throughput_hourly(events):
        rows[row["event_type"]].append(row)
    out = []
    for of_type in rows.values():
        for i, mean, deviation in outliers([float(r["events"]) for r in of_type], 25):
            out.append(of_type[i] | {"mean_events": mean, "sd_events": deviation, "sigmas": (of_type[i]["events"] - mean) / deviation})
    return sorted(out, key=lambda r: (r["window_start"], r["event_type"]))


def work_sessions(events):
    work = defaultdict(list)
    for e in events:
        for o in objects(e, "Truck") + objects(e, "Forklift"):
            work[o["id"], o["type"]].append(e["at"])
    out = []
    for (resource, kind), times in work.items():
        start = previous = times[0]
        count = 0
        for at in sorted(times) + [datetime.max]:
            if at - previous > HOUR:
                out.append({"window_start": text(start), "window_end": text(previous + HOUR), "resource_id": resource, "kind": kind, "events": count})
                start, count = at, 0
            previous, count = at, count + 1
    return sorted(out, key=lambda r: (r["resource_id"], r["window_start"]))


def current_work(events):
    last = {}
    for e in events:
        for o in objects(e, "Truck") + objects(e, "Forklift"):
            last[o["id"]] = {"resource_id": o["id"], "kind": o["type"], "event_type": e["event_type"], "occurred_at": e["occurred_at"],
                             "event_id": e["event_id"], "src_offset": e["offset"]}
    return [last[k] for k in sorted(last)]


def containers(events):
    out = {}
    for e in events:
        for o in objects(e, "Container"):
            row = out.setdefault(o["id"], {"container_id": o["id"], "step": 0, "weight": None, "first_at": e["occurred_at"], "events": 0})
            row["step"] = max(row["step"], STEPS[e["event_type"]])
            weight = o["attributes"].get("Weight")
            if weight is not None:
                row["weight"] = max(weight, row["weight"] or weight)
            row |= {"last_at": e["occurred_at"], "events": row["events"] + 1, "src_offset": e["offset"]}
    return [out[k] for k in sorted(out)]


def links(events):
    """container -> [(from, document, order)], document -> [(from, vehicle, departure)], in time order."""
    of_container, of_document = defaultdict(list), defaultdict(list)
    for e in events:
        for d in objects(e, "Transport Document"):
            orders = [b["id"] for b in d["belongs_to"] if b["type"] == "Customer Order"]
            for b in d["belongs_to"]:
                if b["type"] == "Container":
                    of_container[b["id"]] += [(e["at"], d["id"], order) for order in orders]
            if e["event_type"] == "Book Vehicle":
                for v in objects(e, "Vehicle"):
                    leaves = datetime.strptime(v["attributes"]["Departure Date"], "%Y-%m-%d %H:%M:%S")
                    of_document[d["id"]].append((e["at"], v["id"], leaves))
    return of_container, of_document


def as_of(versions, at):
    return next((v[1:] for v in reversed(versions) if v[0] <= at), (None, None))


def processed_events(events):
    of_container, of_document = links(events)
    for e in events:
        for o in objects(e, "Container"):
            document, order = as_of(of_container[o["id"]], e["at"])
            vehicle, leaves = as_of(of_document[document], e["at"])
            yield {"event_id": e["event_id"], "event_type": e["event_type"], "occurred_at": e["occurred_at"], "container_id": o["id"],
                   "weight": o["attributes"].get("Weight"), "document_id": document, "order_id": order, "vehicle_id": vehicle, "departure": text(leaves)}


def container_details(events):
    last = {row["container_id"]: row for row in processed_events(events)}
    return [last[k] for k in sorted(last)]


def dwell(events):
    before, out = {}, []
    for e in events:
        for o in objects(e, "Container"):
            kind, at = before.get(o["id"], (None, None))
            if e["event_type"] == "Load to Vehicle" and kind == "Weigh":
                seconds = int((e["at"] - at).total_seconds())
                out.append({"event_id": e["event_id"], "container_id": o["id"], "weighed_at": text(at), "loaded_at": e["occurred_at"],
                            "dwell_s": seconds, "dwell_h": seconds / 3600})
            before[o["id"]] = (e["event_type"], e["at"])
    return out


def dwell_anomalies(events):
    rows = dwell(events)
    return [rows[i] | {"mean_h": mean / 3600, "sigmas": (rows[i]["dwell_s"] - mean) / deviation}
            for i, mean, deviation in outliers([float(r["dwell_s"]) for r in rows], 51)]


def exception_history(events):
    of_container, of_document = links(events)
    now = events[-1]["at"]
    loaded = {}
    for e in events:
        if e["event_type"] == "Load to Vehicle":
            for o in objects(e, "Container"):
                loaded.setdefault(o["id"], e["at"])
    out = []
    for container, versions in of_container.items():
        _, document, order = versions[-1]
        if document not in of_document:
            continue
        _, vehicle, leaves = of_document[document][-1]
        load_by, done = leaves - 4 * HOUR, loaded.get(container)
        if (done is None and load_by <= now) or (done is not None and done > load_by):
            out.append({"container_id": container, "document_id": document, "order_id": order, "vehicle_id": vehicle,
                        "departure": text(leaves), "load_by": text(load_by), "cleared_at": text(done)})
    return sorted(out, key=lambda r: r["container_id"])


def exceptions(events):
    now = events[-1]["occurred_at"]
    return [{k: r[k] for k in ("container_id", "document_id", "order_id", "vehicle_id", "departure", "load_by")}
            | {"status": "missed" if now >= r["departure"] else "at risk"}
            for r in exception_history(events) if r["cleared_at"] is None]


VIEWS = {f.__name__: f for f in (events_by_type, throughput_live, throughput_hourly, rate_anomalies, work_sessions, current_work, containers,
                                 processed_events, container_details, dwell, dwell_anomalies, exceptions, exception_history)}


def figures(events):
    times = dwell(events)
    history = exception_history(events)
    return {
        "events": len(events), "event_types": len(events_by_type(events)), "hour_type_rows": len(throughput_hourly(events)),
        "rate_anomalies": len(rate_anomalies(events)), "sessions": len(work_sessions(events)),
        "containers": len(containers(events)),
        "containers_with_document": sum(r["document_id"] is not None for r in container_details(events)),
        "dwell_times": len(times), "dwell_mean_h": round(sum(r["dwell_h"] for r in times) / max(1, len(times)), 2),
        "dwell_anomalies": len(dwell_anomalies(events)),
        "exceptions_ever": len(history), "exceptions_cleared": sum(r["cleared_at"] is not None for r in history),
        "exceptions_open": len(exceptions(events)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", choices=sorted(VIEWS))
    parser.add_argument("--views", action="store_true")
    parser.add_argument("--log", type=Path, default=LOG)
    args = parser.parse_args()
    if args.views:
        print("\n".join(sorted(VIEWS)))
        return 0
    events = read(args.log)
    if args.rows:
        for row in VIEWS[args.rows](events):
            print(json.dumps(row))
        return 0
    found = figures(events)
    print(json.dumps(found, indent=2))
    wrong = {k: (found[k], v) for k, v in EXPECTED.items() if found[k] != v} if args.log == LOG else {}
    for name, (got, want) in wrong.items():
        print(f"fulfilment.py: {name} is {got}, the documents say {want}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
