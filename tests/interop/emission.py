#!/usr/bin/env python3
"""The fulfilment example on Apache Flink: `millrace deploy flink` submits it unchanged to a real Flink (SQL Gateway) that reads and writes a
real Kafka; the same events go to a node. Every table must be the same in the end: materialised views, topics, lake, warehouse.
Then the jobs are stopped with savepoints. From Maven packages.

    emission.py [--load EVENTS] [--guarantee exactly-once] [--keep]

The node is MILLRACE_BIN. Exit 0 passed, 1 failed, 77 Java, Maven or the Python client is missing.
"""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import emission_data
from java import JVM, OPENS, Failure, Program, Unavailable, class_path, wait_for

try:
    from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic
    import node as crash_node
except ImportError as missing:
    print(f"emission: skipped: {missing}")
    sys.exit(77)

PROJECT = str(emission_data.EXAMPLE)
WAIT = 180


def ports(count):
    """Free ones that no outgoing connection takes in the meantime: below those the system hands out."""
    found = []
    for port in random.sample(range(21000, 31000), 1000):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise Failure("no free ports")


def java_command(path, heap, *arguments):
    return [*JVM, *OPENS, f"-Xmx{heap}", "-cp", path, *arguments]


def start_kafka(work):
    port, controller = ports(2)
    settings = {"process.roles": "broker,controller", "node.id": 1, "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
                "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
                "controller.listener.names": "CONTROLLER", "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "log.dirs": f"{work}/kafka", "default.replication.factor": 1, "offsets.topic.replication.factor": 1,
                "offsets.topic.num.partitions": 1, "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1,
                "transaction.state.log.num.partitions": 4, "share.coordinator.state.topic.replication.factor": 1,
                "share.coordinator.state.topic.min.isr": 1, "share.coordinator.state.topic.num.partitions": 1,
                "group.initial.rebalance.delay.ms": 0, "auto.create.topics.enable": "true", "log.retention.ms": -1}
    path = os.path.join(work, "kafka.properties")
    with open(path, "w") as f:
        f.write("".join(f"{k}={v}\n" for k, v in settings.items()))
    command = java_command(class_path("emission-kafka", work), "512m", "KafkaServer", "WmFkR1pYT1FKZTZsYkVkYQ", path)
    return Program(work, "kafka", command), f"127.0.0.1:{port}"


def start_flink(work):
    rest, gateway = ports(2)
    folder = os.path.join(work, "flink")
    os.makedirs(folder)
    quiet = "-Dorg.slf4j.simpleLogger.log.org.apache.flink.metrics=error"
    command = java_command(class_path("emission-flink", work), "1500m", quiet, "FlinkServer", str(rest), str(gateway), folder)
    return Program(work, "flink", command, os.environ | {"FLINK_CONF_DIR": folder}), f"http://127.0.0.1:{gateway}"


def kafka_is_up(bootstrap):
    def check():
        try:
            AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=2)
        except Exception as error:
            return str(error)
    return check


def gateway_is_up(url):
    def check():
        try:
            with urllib.request.urlopen(f"{url}/v2/info", timeout=2):
                return None
        except OSError as error:
            return str(error)
    return check


def feed(bootstrap, records):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    there = admin.list_topics(timeout=30).topics
    wanted = [NewTopic(t, n, 1) for t, n in emission_data.PARTITIONS.items() if t not in there]
    for future in (admin.create_topics(wanted) if wanted else {}).values():
        future.result(30)
    failures = []
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 20, "queue.buffering.max.messages": 200000})
    for i, (topic, partition, value) in enumerate(records):
        producer.produce(topic, value=value.encode(), partition=partition, timestamp=1_700_000_000_000 + i,
                         on_delivery=lambda e, m: failures.append(e) if e else None)
        producer.poll(0)
    if producer.flush(60) or failures:
        raise Failure(f"could not produce to {bootstrap}: {failures[:1]}")


def plain(value):
    """A value in one form whoever wrote it."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return float(f"{float(value):.12g}")
    if isinstance(value, str) and len(value) >= 19 and value[4] == "-" and value[13] == ":":
        text = value.replace(" ", "T").rstrip("Z")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value


def is_open(row):
    """Of a window that holds only what was sent to close those before it: on a node it ends with the clock, on Flink never."""
    return any(k == "window_start" and json.loads(v)[:10] in emission_data.CLOSING_DAYS for k, v in row)


def row_of(values):
    return tuple(sorted((k, json.dumps(plain(v))) for k, v in values.items()))


class Tables:
    """What the topics of one side hold: the last row of each key, or every row where records have no key."""

    def __init__(self, bootstrap, topics):
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "emission", "enable.auto.commit": False,
                                  "isolation.level": "read_committed", "log_level": 0, "topic.metadata.refresh.interval.ms": 1000})
        self.topics, self.assigned = topics, []
        self.rows = {topic: {} for topic in topics}

    def assign_new(self):
        there = self.consumer.list_topics(timeout=30).topics
        new = [TopicPartition(t, p, OFFSET_BEGINNING) for t in self.topics if t in there for p in there[t].partitions
               if (t, p) not in self.assigned]
        if new:
            self.assigned += [(t.topic, t.partition) for t in new]
            self.consumer.incremental_assign(new)

    def look(self):
        if {t for t, _ in self.assigned} != set(self.topics):
            self.assign_new()
        while batch := self.consumer.consume(5000, timeout=0.5):
            for m in batch:
                if m.error():
                    continue
                key = m.key() or f"{m.partition()}/{m.offset()}".encode()
                if m.value() is None:
                    self.rows[m.topic()].pop(key, None)
                else:
                    self.rows[m.topic()][key] = row_of(json.loads(m.value()))
        return {topic: sorted(row for row in rows.values() if not is_open(row)) for topic, rows in self.rows.items()}

    def close(self):
        self.consumer.close()


def of_views(url, views):
    out = {}
    for view in views:
        with urllib.request.urlopen(f"{url}/api/v1/views/{view}?limit=100000", timeout=60) as answer:
            out[view] = sorted(row for row in map(row_of, json.load(answer)["rows"]) if not is_open(row))
    return out


def node_is_done(url):
    def check():
        with urllib.request.urlopen(f"{url}/api/v1/pipelines", timeout=30) as answer:
            busy = [p["name"] for p in json.load(answer)["pipelines"] if not p["caught_up"]]
        return f"busy: {busy}" if busy else None
    return check


def millrace(*arguments, timeout=WAIT):
    command = [crash_node.BINARY, "deploy", "flink", PROJECT, "--timeout", f"{timeout}s", "--format", "json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * timeout)
    if done.returncode != 0:
        raise Failure(f"deploy {arguments} ended with {done.returncode}: {done.stderr[-3000:]}{done.stdout[-500:]}")
    return json.loads(done.stdout)


def differences(ours, flinks):
    out = []
    for name in sorted(ours):
        want, got = ours[name], flinks.get(name, [])
        if want == got:
            continue
        missing = [r for r in want if r not in set(got)]
        extra = [r for r in got if r not in set(want)]
        first = "".join(f"\n    {what} {dict(rows[0])}" for what, rows in (("ours", missing), ("Flink's", extra)) if rows)
        out.append(f"{name}: {len(want)} rows of ours, {len(got)} of Flink's; {len(missing)} and {len(extra)} differ{first}")
    return out


class Stopwatch:
    def __init__(self):
        self.at = time.monotonic()

    def say(self, what):
        now = time.monotonic()
        print(f"emission: {what} ({now - self.at:.1f} s)", flush=True)
        self.at = now


def run(work, args, programs):
    watch = Stopwatch()
    records = emission_data.records(args.load)
    kafka, bootstrap = start_kafka(work)
    programs.append(kafka)
    flink, gateway = start_flink(work)
    programs.append(flink)
    node = crash_node.Node(work, project=PROJECT, verbose=False)
    node.start()
    programs.append(node)
    url = f"http://127.0.0.1:{node.http}"
    feed(node.bootstrap, records)
    wait_for("kafka", kafka_is_up(bootstrap), kafka, WAIT)
    feed(bootstrap, records)
    wait_for("flink", gateway_is_up(gateway), flink, WAIT)
    watch.say(f"Kafka, Flink and a node are up, {len(records)} events in both")
    jobs = millrace("--gateway", gateway, "--bootstrap", bootstrap, "--checkpoint", "2s", "--guarantee", args.guarantee)
    if sorted(j["state"] for j in jobs) != ["RUNNING"] * 5:
        raise Failure(f"jobs: {jobs}")
    watch.say(f"{len(jobs)} jobs run")
    with urllib.request.urlopen(f"{url}/api/v1/views", timeout=30) as answer:
        views = [v["name"] for v in json.load(answer)["views"] if v["name"] != "alerts"]
    others = {"logistics.dashboard", "logistics.processed", "lake_processed_events", "lake_payments", "rollup_minute", "rollup_hour",
              "payments_rollup_minute", "payments_rollup_hour"}
    on_kafka, on_node = Tables(bootstrap, [*views, *others]), Tables(node.bootstrap, list(others))
    deadline = time.monotonic() + WAIT
    while True:
        wait_for("the node", node_is_done(url), flink, WAIT)
        ours = of_views(url, views) | on_node.look()
        flinks = on_kafka.look()
        wrong = differences(ours, flinks)
        if not wrong:
            break
        if time.monotonic() > deadline:
            raise Failure("\n  ".join([f"{len(wrong)} of {len(ours)} tables differ:", *wrong]))
    watch.say(f"{len(ours)} tables are the same, {sum(map(len, ours.values()))} rows")
    empty = [name for name, rows in ours.items() if not rows]
    if len(empty) > 2:
        raise Failure(f"empty on both sides: {empty}")
    on_kafka.close()
    on_node.close()
    stopped = millrace("--gateway", gateway, "--stop", "--savepoint-dir", f"file://{work}/savepoints")
    if len(stopped) != 5 or not all(s["savepoint"] for s in stopped):
        raise Failure(f"stopped: {stopped}")
    states = {j["pipeline"]: j["state"] for j in millrace("--gateway", gateway, "--status")}
    if set(states.values()) != {"FINISHED"}:
        raise Failure(f"after --stop: {states}")
    watch.say("stopped, each with a savepoint")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", type=int, default=3000, help="events of the generated load")
    parser.add_argument("--guarantee", default="at-least-once", choices=["exactly-once", "at-least-once"])
    parser.add_argument("--keep", action="store_true", help="leave data and logs where they are")
    args = parser.parse_args()
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            print(f"emission: skipped: {tool} is not installed")
            return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left running
    work = tempfile.mkdtemp(prefix="emission-")
    programs = []
    try:
        run(work, args, programs)
    except Unavailable as missing:
        print(f"emission: skipped: {missing}")
        return 77
    except (Failure, subprocess.SubprocessError, OSError) as error:
        print(f"emission: FAILED: {error}\ndata and logs: {work}")
        return 1
    finally:
        for p in programs:
            try:
                p.kill()
            except Exception:
                pass
    if not args.keep:
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
