#!/usr/bin/env python3
"""kill -9 under load: nothing acknowledged is lost, nothing is doubled, and every derived thing equals a recomputation.

    kill9.py [--kills N] [--rate EVENTS_PER_SECOND] [--seed S] [--keep]

A node (MILLRACE_BIN) runs tests/crash/project on free ports. An idempotent producer sends events with unique ids to three topics of
three partitions and remembers every acknowledgement. The node is killed at uniform times and, in turn, as soon as its log says that a
checkpoint, a sink's commit or a recovery has begun. At the end everything is read back by other people's code (kafka-python,
pyiceberg) and compared:

    1. every acknowledged id is at the offset that was acknowledged
    2. no id is in the topics twice
    3. the topic `copied` (an INSERT INTO) holds every id exactly once
    4. the view and the warehouse rollup equal the recomputation
    5. the archive holds each (topic, partition, offset) exactly once, with the same bytes

The checker shares no code with the product. Exit 0 passed, 1 failed, 77 a tool is missing.
"""
import argparse
import collections
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

try:
    from confluent_kafka import Producer
    from kafka import KafkaConsumer, TopicPartition
except ImportError as missing:
    print(f"kill9: skipped: {missing}")
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.environ.get("MILLRACE_BIN", os.path.join(HERE, "../../build/release/src/cli/millrace"))
TOPICS = ["a", "b", "c"]
KEYS = [f"k{i}" for i in range(40)]
PHASES = {"checkpoint": "[journal] checkpoint", "commit": "[sink] commit", "recovery": "recovery begins"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Node:
    """The process, restarted on the same ports and data."""

    def __init__(self, work):
        self.work = work
        self.data = os.path.join(work, "data")
        self.ports = [free_port() for _ in range(3)]
        self.log = os.path.join(work, "node.log")
        self.process = None
        self.starts = 0

    def start(self, wait=True):
        ready = os.path.join(self.work, "ready.json")
        if os.path.exists(ready):
            os.unlink(ready)
        kafka, http, registry = self.ports
        self.starts += 1
        self.process = subprocess.Popen(
            [BINARY, "run", os.path.join(HERE, "project"), "-v", "--data-dir", self.data, "--ready-file", ready,
             "-X", f"kafka.listen=127.0.0.1:{kafka}", "-X", f"http.listen=127.0.0.1:{http}",
             "-X", f"registry.listen=127.0.0.1:{registry}"],
            stderr=open(self.log, "ab"), stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while wait and not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > deadline:
                print(open(self.log, errors="replace").read()[-3000:])
                sys.exit(f"kill9: the node did not start (exit {self.process.poll()})")
            time.sleep(0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def log_size(self):
        return os.path.getsize(self.log) if os.path.exists(self.log) else 0

    def wait_for_log(self, text, since, seconds):
        """True once the log, from byte `since` on, contains `text`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            with open(self.log, "rb") as f:
                f.seek(since)
                if text.encode() in f.read():
                    return True
            time.sleep(0.002)
        return False

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[1]}{path}", timeout=10) as r:
            return json.load(r)

    def sql(self, text):
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[1]}/api/v1/sql", method="POST",
                                         data=json.dumps({"sql": text}).encode(), headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as r:
            return json.load(r)["rows"]


class Load(threading.Thread):
    """Sends at a steady rate, whatever the node does, and keeps the acknowledgements."""

    def __init__(self, bootstrap, rate, seed):
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 2,
                                  "message.timeout.ms": 300000, "queue.buffering.max.messages": 1000000,
                                  "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "log_level": 0})
        self.rate = rate
        self.random = random.Random(seed)
        self.acked = {}
        self.failed = []
        self.sent = 0
        self.stopping = False

    def delivered(self, id_, error, message):
        if error is not None:
            self.failed.append((id_, str(error)))
        else:
            self.acked[id_] = (message.topic(), message.partition(), message.offset())

    def run(self):
        start = time.monotonic()
        while not self.stopping:
            while self.sent < (time.monotonic() - start) * self.rate:
                id_ = self.sent
                value = json.dumps({"id": id_, "k": self.random.choice(KEYS), "v": self.random.randint(-100, 100)})
                self.producer.produce(self.random.choice(TOPICS), value, str(id_),
                                      on_delivery=lambda e, m, i=id_: self.delivered(i, e, m))
                self.sent += 1
                self.producer.poll(0)
            self.producer.poll(0.005)

    def finish(self):
        self.stopping = True
        self.join()
        return self.producer.flush(120)


def read_topics(bootstrap, topics):
    """{(topic, partition, offset): value bytes} of everything there is."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False,
                             fetch_max_wait_ms=100)
    records = {}
    for topic in topics:
        partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or [])]
        ends = consumer.end_offsets(partitions)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        deadline = time.monotonic() + 60
        while any(consumer.position(p) < ends[p] for p in partitions):
            if time.monotonic() > deadline:
                sys.exit(f"kill9: {topic} cannot be read to its end")
            for partition, batch in consumer.poll(timeout_ms=200).items():
                for r in batch:
                    records[(partition.topic, partition.partition, r.offset)] = r.value
    consumer.close()
    return records


def wait_until(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result is None:
            return
        if time.monotonic() > deadline:
            sys.exit(f"kill9: FAILED: {what}: {result}")
        time.sleep(0.25)


def check_derived(node, bootstrap, events):
    want = collections.defaultdict(lambda: [0, 0])
    for e in events.values():
        want[e["k"]][0] += 1
        want[e["k"]][1] += e["v"]
    want = {k: tuple(v) for k, v in want.items()}

    def differs(rows):
        got = {r["k"]: (r["n"], r["total"]) for r in rows}
        if got == want:
            return None
        wrong = [(k, want.get(k), got.get(k)) for k in sorted(set(want) | set(got)) if want.get(k) != got.get(k)]
        return f"{len(wrong)} keys differ, for instance {wrong[0]} (key, expected, got)"

    wait_until("view totals", lambda: differs(node.get("/api/v1/views/totals?limit=1000")["rows"]))
    wait_until("warehouse rollup", lambda: differs(node.sql("SELECT k, n, total FROM per_key")))
    copied = [json.loads(v)["id"] for v in read_topics(bootstrap, ["copied"]).values()]
    if sorted(copied) != sorted(e["id"] for e in events.values()):
        counts = collections.Counter(copied)
        doubled = [i for i, n in counts.items() if n > 1]
        lost = set(e["id"] for e in events.values()) - set(copied)
        sys.exit(f"kill9: FAILED: copied: {len(doubled)} ids twice {doubled[:5]}, {len(lost)} ids missing {sorted(lost)[:5]}")
    print(f"kill9: view, rollup ({len(want)} keys) and INSERT INTO ({len(copied)} rows) equal the recomputation")


def check_archive(node, records):
    try:
        from pyiceberg.table import StaticTable
    except ImportError as missing:
        print(f"kill9: the archive was not checked: {missing}")
        return

    def table(topic):
        folder = os.path.join(node.data, "lake", "raw", topic, "metadata")
        version = open(os.path.join(folder, "version-hint.text")).read().strip()
        return StaticTable.from_metadata(os.path.join(folder, f"v{version}.metadata.json"))

    def differs():
        for topic in TOPICS:
            if not os.path.exists(os.path.join(node.data, "lake", "raw", topic, "metadata", "version-hint.text")):
                return f"{topic}: no table yet"
            want = {(p, o) for t, p, o in records if t == topic}
            rows = table(topic).scan(selected_fields=("partition", "offset", "value")).to_arrow().to_pylist()
            got = collections.Counter((r["partition"], r["offset"]) for r in rows)
            if any(n > 1 for n in got.values()):
                sys.exit(f"kill9: FAILED: archive of {topic}: {sum(n > 1 for n in got.values())} records twice")
            if set(got) != want:
                return f"{topic}: {len(want - set(got))} records missing, {len(set(got) - want)} too many"
            for r in rows:
                value = r["value"].encode() if isinstance(r["value"], str) else r["value"]
                if value != records[(topic, r["partition"], r["offset"])]:
                    sys.exit(f"kill9: FAILED: archive of {topic}: other bytes at {r['partition']}/{r['offset']}")
        return None

    wait_until("archive", differs)
    print(f"kill9: the archive holds all {len(records)} records once")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    print(f"kill9: {args.kills} kills at {args.rate} events/s, seed {args.seed}")
    dice = random.Random(args.seed)
    work = tempfile.mkdtemp(prefix="millrace-kill9-")
    node = Node(work)
    node.start()
    bootstrap = f"127.0.0.1:{node.ports[0]}"
    load = Load(bootstrap, args.rate, args.seed)
    load.start()
    during = collections.Counter()
    try:
        for n in range(args.kills):
            target = ["uniform", "uniform", "checkpoint", "commit", "recovery"][n % 5]
            since = node.log_size()
            if target == "recovery":
                time.sleep(dice.uniform(0.2, 0.8))
                node.kill()
                since = node.log_size()
                node.start(wait=False)
                during["recovery"] += node.wait_for_log(PHASES["recovery"], since, 10)
                time.sleep(dice.uniform(0, 0.03))
            elif target == "uniform":
                time.sleep(dice.uniform(0.1, 2.5))
                during["uniform"] += 1
            else:
                during[target] += node.wait_for_log(PHASES[target], since, 6)
                time.sleep(dice.uniform(0, 0.01))
            node.kill()
            node.start()
        left = load.finish()
        if left or load.failed:
            sys.exit(f"kill9: FAILED: {left} records undelivered, {len(load.failed)} refused {load.failed[:3]}")
        print(f"kill9: {load.sent} events, {len(load.acked)} acknowledged, killed {dict(during)}")
        records = read_topics(bootstrap, TOPICS)
        events = {place: json.loads(v) for place, v in records.items()}
        ids = collections.Counter(e["id"] for e in events.values())
        doubled = [i for i, n in ids.items() if n > 1]
        if doubled:
            sys.exit(f"kill9: FAILED: {len(doubled)} ids twice in the topics, for instance {doubled[:5]}")
        for id_, place in load.acked.items():
            if place not in events or events[place]["id"] != id_:
                sys.exit(f"kill9: FAILED: id {id_} was acknowledged at {place}, found {events.get(place)}")
        print(f"kill9: all {len(load.acked)} acknowledged records are in place, none twice")
        check_derived(node, bootstrap, events)
        check_archive(node, records)
        print("kill9: passed")
    except SystemExit:
        args.keep = True
        print(f"kill9: data and log are kept in {work}")
        raise
    finally:
        if node.process and node.process.poll() is None:
            node.process.terminate()
            node.process.wait(20)
        if not args.keep:
            subprocess.run(["rm", "-rf", work], check=False)


main()
