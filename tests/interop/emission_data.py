"""What the fulfilment example is fed with: its event log, a clock, a small load. Every event has a time of its own, so that nothing
depends on which of two partitions is read first; at the end each partition gets an event of a later day, which closes every window."""
import json
import random
from datetime import datetime, timedelta
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "fulfilment"
LOG = EXAMPLE / "input" / "container-logistics.jsonl"
PARTITIONS = {"logistics.events": 1, "clock": 1, "fulfilment.operations": 3, "fulfilment.orders": 3, "fulfilment.payments": 3}
CLOSING_DAYS = ("2023-11-23", "2026-11-24")  # of the events at the end
KINDS = {"operations": ["pick_started", "pick_completed", "pack_completed", "label_printed", "sorted", "loaded", "shipped", "scan_exception"],
         "orders": ["order_placed", "order_changed", "order_cancelled"],
         "payments": ["payment_authorised", "payment_captured", "payment_refunded", "payment_failed"]}


def instant(at):
    return at.isoformat(timespec="milliseconds") + "Z"


def of_log():
    lines = LOG.read_text().splitlines()
    times = [json.loads(line)["occurred_at"] for line in lines]
    at = datetime.fromisoformat(times[0][:-1]).replace(minute=0, second=0)
    last = datetime.fromisoformat(times[-1][:-1])
    end = {"event_id": "end", "event_type": "Depart", "occurred_at": instant(last + timedelta(days=2)), "objects": []}
    out = [("logistics.events", 0, line) for line in lines] + [("logistics.events", 0, json.dumps(end))]
    while at <= last:  # deadlines are on the hour
        out.append(("clock", 0, json.dumps({"now": instant(at)})))
        at += timedelta(hours=1)
    return out


def load_event(rng, at, number, topic):
    event = {"event_id": f"e{number}", "event_type": rng.choice(KINDS[topic]), "occurred_at": instant(at), "sequence": number,
             "site_id": f"S{rng.randrange(1, 21):02}", "zone": rng.choice("ABCDEF"), "order_id": f"o{number // 8}"}
    if topic == "operations":
        event |= {"worker_id": f"w{rng.randrange(90)}", "station_id": f"st{rng.randrange(40)}", "sku": f"k{rng.randrange(500)}",
                  "quantity": rng.randrange(1, 9), "duration_ms": round(rng.lognormvariate(8, 0.8), 3)}
    elif topic == "orders":
        event |= {"customer_id": f"c{rng.randrange(999)}", "currency": "EUR", "total": rng.randrange(500, 90000) / 100,
                  "promised_at": instant(at + timedelta(days=1)), "items": [{"sku": "k1", "quantity": 1, "unit_price": 9.5}]}
    else:
        event |= {"payment_id": f"p{number}", "method": "card", "currency": "EUR", "amount": rng.randrange(500, 90000) / 100}
    return event


def of_load(count):
    """In the shape of streams/load.sql, duplicates among the financial events included."""
    rng = random.Random(7)
    at = datetime(2026, 11, 23, 6, 0, 0)
    out = []
    for i in range(count):
        at += timedelta(milliseconds=rng.randrange(1, 280))
        topic = rng.choices(["operations", "orders", "payments"], [8, 1, 1])[0]
        event = load_event(rng, at, i, topic)
        copies = 2 if topic != "operations" and rng.random() < 0.1 else 1
        out += [(f"fulfilment.{topic}", (i // 8) % 3, json.dumps(event))] * copies
    for i, (topic, partition) in enumerate((t, p) for t in KINDS for p in range(3)):
        at += timedelta(milliseconds=1)
        out.append((f"fulfilment.{topic}", partition, json.dumps(load_event(rng, at + timedelta(days=1), count + i, topic))))
    return out


def records(load):
    """(topic, partition, value), in the order of sending."""
    return of_log() + of_load(load)
