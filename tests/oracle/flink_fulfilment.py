#!/usr/bin/env python3
"""Writes each pipeline of examples/fulfilment as a case that Apache Flink itself can run.

    flink_fulfilment.py OUT_DIR [--load N]     then, for instance: oracle.sh --format final OUT_DIR/*/query.sql

A case is a folder with query.sql and one TABLE.jsonl a source table, as the differential oracle of the Flink peer takes
them. Flink has no CREATE MATERIALIZED VIEW, so each becomes a view and a SELECT of it; a metadata column becomes a field of the
JSON (files have no offsets). Nothing else of the SQL is touched. `order.txt` lists the views in the order of the SELECTs.
"""
import argparse
import json
import random
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "fulfilment"
LOG = EXAMPLE / "input" / "container-logistics.jsonl"
INPUTS = {"operational": ["logistics_events", "clock"], "storage": ["logistics_events"], "enrichment": ["logistics_events"],
          "exceptions": ["logistics_events", "clock"], "load": ["operations", "orders", "payments"]}

VIEW = re.compile(r"CREATE MATERIALIZED VIEW (\w+)\s*(\(PRIMARY KEY \([^)]*\) NOT ENFORCED\))?\s*(WITH \([^)]*\))?\s*AS\b")


def strip_comments(sql):
    return re.sub(r"^\s*--.*$", "", sql, flags=re.M)


def flink_sql(pipeline):
    """The SQL of one pipeline in plain Flink SQL, and the views it materialises."""
    source = "load" if pipeline == "load" else "logistics"
    ddl = "\n".join(strip_comments(p.read_text()) for p in sorted((EXAMPLE / "streams").glob("*.sql")) if p.stem in (source, "outputs"))
    ddl = re.sub(r"INT METADATA FROM 'partition' VIRTUAL", "INT", ddl)
    ddl = re.sub(r"BIGINT METADATA FROM 'offset' VIRTUAL", "BIGINT", ddl)
    ddl = re.sub(r"TIMESTAMP_LTZ\(3\) METADATA FROM 'timestamp' VIRTUAL", "TIMESTAMP_LTZ(3)", ddl)
    ddl = ddl.replace(" 'strict' = 'true',", "")
    sql = strip_comments((EXAMPLE / "pipelines" / f"{pipeline}.sql").read_text())
    views = [m.group(1) for m in VIEW.finditer(sql)]
    sql = VIEW.sub(lambda m: f"CREATE VIEW {m.group(1)} AS", sql)
    selects = "".join(f"SELECT * FROM {v};\n" for v in views)
    return ddl + sql + selects, views


def log_lines():
    for offset, line in enumerate(LOG.read_text().splitlines()):
        event = json.loads(line)
        event |= {"src_partition": 0, "src_offset": offset, "sent_at": event["occurred_at"]}
        yield json.dumps(event)


def clock_lines(step):
    times = [json.loads(line)["occurred_at"] for line in (LOG.read_text().splitlines())]
    at = datetime.fromisoformat(times[0][:-1]).replace(minute=0, second=0)
    end = datetime.fromisoformat(times[-1][:-1])
    while at <= end:
        yield json.dumps({"now": at.isoformat() + "Z"})
        at += timedelta(minutes=step)


def load_lines(count):
    """A small load in the shape of streams/load.sql, duplicates among the financial events included."""
    rng = random.Random(7)
    at = datetime(2026, 11, 23, 6, 0, 0)
    kinds = {"operations": ["pick_started", "pick_completed", "pack_completed", "label_printed", "sorted", "loaded", "shipped", "scan_exception"],
             "orders": ["order_placed", "order_changed", "order_cancelled"],
             "payments": ["payment_authorised", "payment_captured", "payment_refunded", "payment_failed"]}
    out = {name: [] for name in kinds}
    for i in range(count):
        at += timedelta(milliseconds=rng.randrange(140))
        topic = rng.choices(["operations", "orders", "payments"], [8, 1, 1])[0]
        event = {"event_id": f"e{i}", "event_type": rng.choice(kinds[topic]), "occurred_at": at.isoformat(timespec="milliseconds") + "Z",
                 "sequence": i, "site_id": f"S{rng.randrange(1, 21):02}", "zone": rng.choice("ABCDEF"), "order_id": f"o{i // 8}"}
        if topic == "operations":
            event |= {"worker_id": f"w{rng.randrange(90)}", "station_id": f"st{rng.randrange(40)}", "sku": f"k{rng.randrange(500)}",
                      "quantity": rng.randrange(1, 9), "duration_ms": round(rng.lognormvariate(8, 0.8), 3),
                      "src_partition": 0, "src_offset": len(out[topic]), "sent_at": event["occurred_at"]}
        elif topic == "orders":
            event |= {"customer_id": f"c{rng.randrange(999)}", "currency": "EUR", "total": rng.randrange(500, 90000) / 100,
                      "promised_at": (at + timedelta(days=1)).isoformat(timespec="milliseconds") + "Z", "items": [{"sku": "k1", "quantity": 1, "unit_price": 9.5}]}
        else:
            event |= {"payment_id": f"p{i}", "method": "card", "currency": "EUR", "amount": rng.randrange(500, 90000) / 100}
        out[topic] += [json.dumps(event)] * (2 if topic != "operations" and rng.random() < 0.1 else 1)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--load", type=int, default=20000, help="events of the generated load")
    parser.add_argument("--clock-step", type=int, default=60, help="minutes between clock records (deadlines are on the hour)")
    args = parser.parse_args()
    inputs = {"logistics_events": list(log_lines()), "clock": list(clock_lines(args.clock_step))} | load_lines(args.load)
    for pipeline, tables in INPUTS.items():
        folder = args.out / pipeline
        folder.mkdir(parents=True, exist_ok=True)
        sql, views = flink_sql(pipeline)
        (folder / "query.sql").write_text(sql)
        (folder / "order.txt").write_text("\n".join(views) + "\n")
        for table in tables:
            (folder / f"{table}.jsonl").write_text("\n".join(inputs[table]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
