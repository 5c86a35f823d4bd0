#!/usr/bin/env python3
"""What people run beside Kafka, against a node: Kafka Connect, Kafka Streams, Flink. From Maven packages.

    ecosystem.py [connect] [connect_once] [streams] [flink]        (default: all)

connect   standalone, file source to file sink: every line arrives; the node is killed with SIGKILL in between, the worker restarted
connect_once  distributed, file source with exactly-once support: each line once, though worker and node are killed
streams   word count with exactly_once_v2: of each word every count once, in order, though the application and the node are killed
flink     Kafka source to exactly-once sink, checkpoints every 100 ms: each record once, though the job fails and the node is killed four times

The node is MILLRACE_BIN. Exit 0 passed, 1 failed, 77 Java, Maven or the Python client is missing.
"""
import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

try:
    from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic
except ImportError as missing:
    print(f"ecosystem: skipped: {missing}")
    sys.exit(77)
from java import JVM, OPENS, Program, Unavailable, class_path, wait_for
from node import Failure, Node, free_ports


def create(node, topics, partitions):
    admin = AdminClient({"bootstrap.servers": node.bootstrap})
    for future in admin.create_topics([NewTopic(t, partitions, 1) for t in topics]).values():
        future.result(20)


def produce(node, topic, values):
    failures = []
    producer = Producer({"bootstrap.servers": node.bootstrap, "enable.idempotence": True, "linger.ms": 2})
    for value in values:
        producer.produce(topic, value=value.encode(), on_delivery=lambda e, m: failures.append(e) if e else None)
        producer.poll(0)
    if producer.flush(30) or failures:
        raise Failure(f"could not produce to {topic}: {failures[:1]}")


class Reader:
    """All committed records of a topic, more with every look."""

    def __init__(self, node, topic, partitions):
        self.consumer = Consumer({"bootstrap.servers": node.bootstrap, "group.id": f"reader-{topic}", "enable.auto.commit": False,
                                  "isolation.level": "read_committed", "log_level": 0, "reconnect.backoff.max.ms": 200,
                                  "metadata.recovery.strategy": "none"})
        self.consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(partitions)])
        self.records = []

    def look(self):
        for message in self.consumer.consume(2000, timeout=0.3):
            if not message.error():
                self.records.append((message.key() and message.key().decode(), message.value().decode()))
        return self.records


def committed_to_the_end(node, group, topic):
    """None when the group has committed the end of the topic's only partition; else what it has."""
    consumer = Consumer({"bootstrap.servers": node.bootstrap, "group.id": group, "log_level": 0})
    try:
        partition = TopicPartition(topic, 0)
        end = consumer.get_watermark_offsets(partition, timeout=20)[1]
        committed = consumer.committed([partition], timeout=20)[0].offset
    finally:
        consumer.close()
    return None if committed == end else f"{committed} of {end}"


def restart(node):
    node.kill()
    node.start()


def connect(node):
    source, sink = os.path.join(WORK, "in.txt"), os.path.join(WORK, "out.txt")
    files = {
        "worker": f"bootstrap.servers={node.bootstrap}\nkey.converter=org.apache.kafka.connect.storage.StringConverter\n"
                  f"value.converter=org.apache.kafka.connect.storage.StringConverter\noffset.storage.file.filename={WORK}/offsets\n"
                  "offset.flush.interval.ms=500\nlisteners=http://127.0.0.1:0\nplugin.discovery=service_load\n",
        "source": f"name=source\nconnector.class=FileStreamSource\ntasks.max=1\nfile={source}\ntopic=connect-lines\n",
        "sink": f"name=sink\nconnector.class=FileStreamSink\ntasks.max=1\nfile={sink}\ntopics=connect-lines\n",
    }
    for name, text in files.items():
        with open(os.path.join(WORK, f"{name}.properties"), "w") as f:
            f.write(text)
    written = []

    def append(count):
        lines = [f"line {len(written) + i}" for i in range(count)]
        written.extend(lines)
        with open(source, "a") as f:
            f.write("".join(line + "\n" for line in lines))

    def lines():
        with open(sink) as f:
            return f.read().splitlines()

    def arrived(exactly):
        def check():
            there = lines() if os.path.exists(sink) else []
            right = there == written if exactly else set(there) == set(written)
            return None if right else f"{len(there)} lines, {len(set(written) - set(there))} of {len(written)} missing"
        return check

    command = [*JVM, "-cp", class_path("kafka", WORK), "org.apache.kafka.connect.cli.ConnectStandalone",
               *(os.path.join(WORK, f"{n}.properties") for n in files)]
    append(500)
    worker = Program(WORK, "connect", command)
    try:
        wait_for("connect: the file is copied", arrived(True), worker)
        restart(node)
        append(500)
        # Connect's producer is at least once, and its sink too: it joins its group again, from what it had committed.
        wait_for("connect: after kill -9 of the node", arrived(False), worker)
        wait_for("connect: the sink has committed all", lambda: committed_to_the_end(node, "connect-sink", "connect-lines"), worker)
        doubled = len(lines()) - len(written)
        worker.kill(signal.SIGTERM)
        append(10)
        worker = Program(WORK, "connect", command)
        wait_for("connect: after its restart", arrived(False), worker)
        if len(lines()) - len(written) > doubled:
            raise Failure(f"connect: it did not go on from its offsets: {len(lines())} lines of {len(written)}")
        admin = AdminClient({"bootstrap.servers": node.bootstrap})
        described = admin.describe_consumer_groups(["connect-sink"])["connect-sink"].result(20)
        print(f"connect: {len(written)} lines, {doubled} doubled by the kill, group {described.state.name.lower()}")
    finally:
        worker.kill()


def connect_once(node):
    source, port = os.path.join(WORK, "once.txt"), free_ports(1)[0]
    settings = {"bootstrap.servers": node.bootstrap, "group.id": "connect-once", "exactly.once.source.support": "enabled",
                "listeners": f"http://127.0.0.1:{port}", "plugin.discovery": "service_load", "session.timeout.ms": 6000,
                "heartbeat.interval.ms": 1000, "scheduled.rebalance.max.delay.ms": 0, "offset.flush.interval.ms": 500}
    for what in ("config", "offset", "status"):
        settings.update({f"{what}.storage.topic": f"once-{what}", f"{what}.storage.replication.factor": 1})
        if what != "config":
            settings[f"{what}.storage.partitions"] = 1
    for what in ("key", "value"):
        settings[f"{what}.converter"] = "org.apache.kafka.connect.storage.StringConverter"
    path = os.path.join(WORK, "once.properties")
    with open(path, "w") as f:
        f.write("".join(f"{k}={v}\n" for k, v in settings.items()))
    create(node, ["once"], 1)
    written = []

    def append(count):
        with open(source, "a") as f:
            for _ in range(count):
                written.append(f"line {len(written)}")
                f.write(written[-1] + "\n")

    def rest(method, route, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{route}", method=method, data=body and json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def up():
        try:
            rest("GET", "/connectors")
        except OSError as error:
            return str(error)

    reader = Reader(node, "once", 1)

    def copied():
        there = len(reader.look())
        return None if there >= len(written) else f"{there} of {len(written)} lines"

    command = [*JVM, "-cp", class_path("kafka", WORK), "org.apache.kafka.connect.cli.ConnectDistributed", path]
    append(300)
    worker = Program(WORK, "connect_once", command)
    try:
        wait_for("connect_once: its REST interface", up, worker)
        rest("PUT", "/connectors/once/config", {"connector.class": "FileStreamSource", "tasks.max": "1", "file": source, "topic": "once",
                                                "exactly.once.support": "required"})
        wait_for("connect_once: the file is copied", copied, worker)
        append(300)
        time.sleep(0.2)
        restart(node)
        append(300)
        wait_for("connect_once: after kill -9 of the node", copied, worker, 90)
        append(300)
        worker.kill()
        append(100)
        worker = Program(WORK, "connect_once", command)
        wait_for("connect_once: after kill -9 of the worker", copied, worker, 90)
        time.sleep(1)
        there = [value for _, value in reader.look()]
        if there != written:
            count = collections.Counter(there)
            raise Failure(f"connect_once: {len(there)} records of {len(written)} lines, {len(set(written) - set(there))} missing, "
                          f"{sum(1 for n in count.values() if n > 1)} doubled\n{worker.tail()}")
        print(f"connect_once: {len(written)} lines, each once and in order")
    finally:
        worker.kill()


def streams(node):
    create(node, ["words", "counts"], 3)
    command = [*JVM, "-cp", class_path("kafka", WORK), "WordCount", node.bootstrap, "word-count", "words", "counts", os.path.join(WORK, "streams")]
    vocabulary = [f"word{i}" for i in range(20)]
    wanted = collections.Counter()
    sent = 0

    def send(count):
        nonlocal sent
        batch = []
        for _ in range(count):
            words = [vocabulary[(sent * 7 + k * k) % len(vocabulary)] for k in range(4)]
            wanted.update(words)
            batch.append(" ".join(words))
            sent += 1
        produce(node, "words", batch)

    reader = Reader(node, "counts", 3)

    def counted(all_of_it=True):
        def check():
            records = reader.look()
            total = sum(wanted.values())
            if all_of_it and len(records) < total:
                return f"{len(records)} of {total} counts"
            return None if records else "no counts yet"
        return check

    app = Program(WORK, "streams", command)
    try:
        send(300)
        wait_for("streams: the first counts", counted(), app)
        send(300)
        wait_for("streams: more counts", counted(False), app)
        app.kill()  # kill -9 of the application, in the middle
        send(300)
        app = Program(WORK, "streams", command)
        wait_for("streams: after kill -9 of the application", counted(), app, 90)
        send(300)
        time.sleep(0.3)
        restart(node)
        send(300)
        wait_for("streams: after kill -9 of the node", counted(), app, 90)
        time.sleep(1)
        sequences = collections.defaultdict(list)
        for key, value in reader.look():
            sequences[key].append(int(value))
        wrong = [w for w in vocabulary if sequences[w] != list(range(1, wanted[w] + 1))]
        if wrong:
            raise Failure(f"streams: {wrong[0]} was counted {sequences[wrong[0]]}, {len(wrong)} words wrong")
        print(f"streams: {sum(wanted.values())} counts of {len(vocabulary)} words, each once and in order")
        app.kill(signal.SIGTERM)
    finally:
        app.kill()


def flink(node):
    create(node, ["flink-in", "flink-out"], 2)
    command = [*JVM, *OPENS, "-Xmx900m", "-cp", class_path("flink", WORK), "Copy", node.bootstrap, "flink-in", "flink-out",
               os.path.join(WORK, "flink-checkpoints"), "700"]
    reader = Reader(node, "flink-out", 2)
    sent = []

    def send(count):
        batch = [f"record {len(sent) + i}" for i in range(count)]
        sent.extend(batch)
        produce(node, "flink-in", batch)

    def copied():
        there = len(reader.look())
        return None if there >= len(sent) else f"{there} of {len(sent)} records"

    job = Program(WORK, "flink", command)
    try:
        send(500)
        wait_for("flink: the first records", copied, job, 90)
        send(500)  # it fails at the 700th
        wait_for("flink: after its failure", copied, job, 90)
        for _ in range(4):
            end = time.monotonic() + 1.5
            while time.monotonic() < end:  # so that transactions are open, flushed, being committed
                send(40)
            restart(node)
            send(100)
            wait_for("flink: after kill -9 of the node", copied, job, 90)
        time.sleep(1)
        there = collections.Counter(value for _, value in reader.look())
        missing, doubled = set(sent) - set(there), [v for v, n in there.items() if n > 1]
        if missing or doubled or set(there) - set(sent):
            raise Failure(f"flink: {len(missing)} missing, as {sorted(missing)[:3]}; {len(doubled)} doubled, as {doubled[:3]}\n{job.tail()}")
        if "failing" not in job.text():
            raise Failure("flink: the job did not fail as asked")
        print(f"flink: {len(sent)} records, each once")
    finally:
        job.kill()


SCENARIOS = {"connect": connect, "connect_once": connect_once, "streams": streams, "flink": flink}


def main():
    global WORK
    wanted = sys.argv[1:] or list(SCENARIOS)
    for name in wanted:
        if name not in SCENARIOS:
            sys.exit(f"ecosystem: unknown: {name}; there are {', '.join(SCENARIOS)}")
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            print(f"ecosystem: skipped: {tool} is not installed")
            sys.exit(77)
    WORK = tempfile.mkdtemp(prefix="ecosystem-")
    project = os.path.join(WORK, "project")
    os.mkdir(project)
    node = Node(WORK, project=project, settings=["kafka.group-initial-delay=200ms"], verbose=False)
    failed = []
    for name in wanted:
        since = time.monotonic()
        try:
            if not node.running():
                node.start()
            SCENARIOS[name](node)
            print(f"ecosystem: {name} passed in {time.monotonic() - since:.0f} s", flush=True)
        except Unavailable as missing:
            print(f"ecosystem: skipped: {missing}")
            node.kill()
            sys.exit(77)
        except (Failure, subprocess.SubprocessError) as error:
            failed.append(name)
            print(f"ecosystem: {name} FAILED: {error}", flush=True)
    if node.running():
        node.kill()
    if failed:
        print(f"ecosystem: FAILED: {', '.join(failed)}; data and logs: {WORK}")
        sys.exit(1)
    shutil.rmtree(WORK, ignore_errors=True)


main()
