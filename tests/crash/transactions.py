#!/usr/bin/env python3
"""Transactions under kill -9, checked in the style of Jepsen's Kafka workload.

    transactions.py [--seconds N] [--broker BINARY] [--writers N] [--movers N] [--seed S] [--keep]

Concurrent transactional writers send unique values to several partitions and commit or abort; movers consume one topic and
produce another with the offsets in the transaction; readers poll everything read_committed all the time. The broker
(tests/clients/broker_main.cc, or whatever BINARY is) is killed with SIGKILL every few seconds and started again on its data.
Then everything is read once more, and checked:

    lost write          a value of a transaction whose commit was acknowledged is missing
    aborted read        a value of a transaction that was aborted was seen by anybody, at any time
    torn transaction    of one whose outcome is not known some values are there and some are not
    duplicate           a value is at two offsets
    inconsistent offset two readers saw different values at one offset, or a reader saw what the last read does not have
    non-monotonic poll  offsets a reader got do not grow
    moved twice / never an input of the movers is in their output other than exactly once

The checker shares no code with the product; the clients are librdkafka's. Exit 0 passed, 1 failed, 77 a tool is missing.
"""
import argparse
import collections
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

try:
    from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic
except ImportError as missing:
    print(f"transactions: skipped: {missing}")
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
BROKER = os.path.join(HERE, "../../build/dev/tests/clients/test_broker")
PARTITIONS = 3
TOPICS = ["x", "y"]
IN, OUT = "in", "out"
MOVED = "moved-"
# With re-bootstrapping, librdkafka 2.16 waits for ever for a group coordinator whose handle it has given up.
QUIET = {"log_level": 0, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "metadata.recovery.strategy": "none"}


class Broker:
    def __init__(self, binary, work):
        self.binary, self.work = binary, work
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.process = None
        self.starts = 0

    def start(self):
        ready = os.path.join(self.work, "ready")
        if os.path.exists(ready):
            os.unlink(ready)
        self.starts += 1
        with open(os.path.join(self.work, "broker.log"), "ab") as log:
            self.process = subprocess.Popen([self.binary, os.path.join(self.work, "data"), ready, str(self.port)],
                                            stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(os.path.join(self.work, "broker.log"), errors="replace") as f:
                    print(f.read()[-3000:])
                sys.exit(f"transactions: the broker did not start (exit {self.process.poll()})")
            time.sleep(0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def alive(self):
        return self.process.poll() is None


class History:
    """What happened, as far as the clients know."""

    def __init__(self):
        self.lock = threading.Lock()
        self.transactions = []  # (outcome, [(topic, partition, value)]), outcome: ok | fail | unknown
        self.seen = collections.defaultdict(dict)  # (topic, partition) -> offset -> value, by any reader
        self.errors = []
        self.inputs = set()
        self.next = 0
        self.kinds = collections.Counter()

    def value(self):
        with self.lock:
            self.next += 1
            return f"v{self.next}"

    def done(self, outcome, writes):
        with self.lock:
            self.transactions.append((outcome, writes))

    def error(self, text):
        with self.lock:
            self.errors.append(text)

    def saw(self, topic, partition, offset, value, who):
        with self.lock:
            before = self.seen[topic, partition].setdefault(offset, value)
        if before != value:
            self.error(f"inconsistent offset: {who} saw {value} at {topic}-{partition}@{offset}, another saw {before}")


def patiently(action, stop_at):
    """Repeats what may be repeated. Gives None, or the error that ends it."""
    while True:
        try:
            action()
            return None
        except KafkaException as e:
            error = e.args[0]
            if not error.retriable() or time.monotonic() > stop_at:
                return error


class Transactional:
    """One producer, made anew when it can go on no more."""

    def __init__(self, bootstrap, name, history):
        self.bootstrap, self.name, self.history = bootstrap, name, history
        self.producer = None

    def ready(self):
        if self.producer is not None:
            return True
        producer = Producer({"bootstrap.servers": self.bootstrap, "transactional.id": self.name, "linger.ms": 1,
                             "transaction.timeout.ms": 20000, "message.timeout.ms": 15000, **QUIET})
        try:
            producer.init_transactions(20)
        except KafkaException:
            return False
        self.producer = producer
        return True

    def run(self, fill, writes, commit):
        """One transaction. `fill(producer)` sends; gives ok, fail or unknown."""
        producer = self.producer
        try:
            producer.begin_transaction()
            fill(producer)
        except KafkaException as e:
            with self.history.lock:
                self.history.kinds["before the commit: " + e.args[0].name()] += 1
            return self.give_up(e.args[0])
        except BufferError:
            return self.give_up(None)
        if not commit:
            return self.give_up(None)
        error = patiently(lambda: producer.commit_transaction(20), time.monotonic() + 60)
        if error is None:
            return "ok"
        with self.history.lock:
            self.history.kinds[error.name()] += 1
        if error.txn_requires_abort():
            return self.give_up(error)
        self.producer = None
        return "unknown"

    def give_up(self, error):
        if error is not None and error.fatal():
            # Nothing was committed: a commit was not even asked for, or was answered with an error that says so.
            self.producer = None
            return "unknown"
        refused = patiently(lambda: self.producer.abort_transaction(20), time.monotonic() + 60)
        if refused is not None:
            self.producer = None
            return "unknown"
        return "fail"


def writer(index, bootstrap, history, stop, seed):
    rng = random.Random(seed * 1000 + index)
    client = Transactional(bootstrap, f"writer-{index}", history)
    while not stop.is_set():
        if not client.ready():
            continue
        writes = []
        for _ in range(rng.randint(1, 6)):
            writes.append((rng.choice(TOPICS), rng.randrange(PARTITIONS), history.value()))
        pause = rng.random() * 0.05

        def fill(producer, writes=writes, pause=pause):
            for topic, partition, value in writes:
                producer.produce(topic, partition=partition, value=value.encode())
                producer.poll(pause if pause > 0.03 else 0)

        history.done(client.run(fill, writes, rng.random() < 0.75), writes)


def feeder(bootstrap, history, stop):
    """Plain idempotent records for the movers."""
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "message.timeout.ms": 300000,
                         "linger.ms": 2, **QUIET})
    def delivered(error, message):
        if error is None:
            with history.lock:
                history.inputs.add(message.value().decode())
    while not stop.is_set():
        producer.produce(IN, partition=random.randrange(PARTITIONS), value=history.value().encode(), on_delivery=delivered)
        producer.poll(0.01)
    producer.flush(120)


def mover(index, bootstrap, history, stop):
    """Consume, transform, produce, with the offsets in the transaction. Ends when stopped and idle."""
    client = Transactional(bootstrap, f"mover-{index}", history)
    consumer = None
    idle_since = None
    while True:
        if consumer is None:
            consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "movers", "isolation.level": "read_committed",
                                 "enable.auto.commit": False, "auto.offset.reset": "earliest", "session.timeout.ms": 6000,
                                 "heartbeat.interval.ms": 500, **QUIET})
            consumer.subscribe([IN])
        if not client.ready():
            continue
        messages = [m for m in consumer.consume(50, timeout=0.3) if not m.error()]
        if not messages:
            if stop.is_set():
                idle_since = idle_since or time.monotonic()
                if time.monotonic() - idle_since > 15:
                    consumer.close()
                    return
            continue
        idle_since = None
        writes = [(OUT, m.partition(), MOVED + m.value().decode()) for m in messages]
        offsets = {}
        for m in messages:
            offsets[m.partition()] = m.offset() + 1

        def fill(producer, writes=writes, offsets=offsets):
            for topic, partition, value in writes:
                producer.produce(topic, partition=partition, value=value.encode())
            positions = [TopicPartition(IN, p, o) for p, o in offsets.items()]
            producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), 20)

        if client.run(fill, writes, True) != "ok":
            # Its position is beyond what is committed: begin from there again.
            consumer.close()
            consumer = None


def reader(index, bootstrap, history, stop):
    """Polls everything, again from the start now and then."""
    rng = random.Random(index)
    while not stop.is_set():
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"reader-{index}", "enable.auto.commit": False,
                             "isolation.level": "read_committed", **QUIET})
        consumer.assign([TopicPartition(t, p, OFFSET_BEGINNING) for t in TOPICS + [OUT] for p in range(PARTITIONS)])
        last = {}
        until = time.monotonic() + rng.uniform(5, 25)
        while not stop.is_set() and time.monotonic() < until:
            for m in consumer.consume(200, timeout=0.2):
                if m.error():
                    continue
                place = m.topic(), m.partition()
                if m.offset() <= last.get(place, -1):
                    history.error(f"non-monotonic poll: reader {index} got {place}@{m.offset()} after {last[place]}")
                last[place] = m.offset()
                history.saw(*place, m.offset(), m.value().decode(), f"reader {index}")
        consumer.close()


def read_all(bootstrap, topics):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "final", "enable.auto.commit": False,
                         "enable.partition.eof": True, "isolation.level": "read_committed", **QUIET})
    places = [(t, p) for t in topics for p in range(PARTITIONS)]
    consumer.assign([TopicPartition(t, p, OFFSET_BEGINNING) for t, p in places])
    out = {place: {} for place in places}
    at_end = set()
    deadline = time.monotonic() + 120
    while len(at_end) < len(places):
        if time.monotonic() > deadline:
            sys.exit(f"transactions: the last read did not end: {sorted(set(places) - at_end)}")
        for m in consumer.consume(1000, timeout=1):
            if m.error():
                if m.error().name() == "_PARTITION_EOF":
                    at_end.add((m.topic(), m.partition()))
                continue
            out[m.topic(), m.partition()][m.offset()] = m.value().decode()
    consumer.close()
    return out


def check(history, final):
    problems = list(history.errors)
    where = collections.defaultdict(list)
    for place, records in final.items():
        for offset, value in records.items():
            where[value].append((*place, offset))
    for value, places in where.items():
        if len(places) > 1:
            problems.append(f"duplicate: {value} at {places}")
    for place, records in history.seen.items():
        for offset, value in records.items():
            if final[place].get(offset) != value:
                problems.append(f"inconsistent offset: {value} was seen at {place}@{offset}, "
                                f"the last read has {final[place].get(offset)}")
    for outcome, writes in history.transactions:
        there = [w for w in writes if where.get(w[2])]
        for topic, partition, value in there:
            if where[value][0][:2] != (topic, partition):
                problems.append(f"{value} was sent to {topic}-{partition} and is at {where[value]}")
        if outcome == "ok" and len(there) < len(writes):
            problems.append(f"lost write: {[w for w in writes if w not in there]} of {writes}, which was committed")
        if outcome == "fail" and there:
            problems.append(f"aborted read: {there} of a transaction that was aborted")
        if outcome == "unknown" and 0 < len(there) < len(writes):
            problems.append(f"torn transaction: {there} of {writes}")
    moved = {v.removeprefix(MOVED) for (t, _), records in final.items() if t == OUT for v in records.values()}
    inputs = {v for (t, _), records in final.items() if t == IN for v in records.values()}
    if history.inputs - inputs:
        problems.append(f"lost write: {sorted(history.inputs - inputs)[:5]} of topic {IN}")
    if moved - inputs:
        problems.append(f"moved from nowhere: {sorted(moved - inputs)[:5]}")
    if inputs - moved:
        problems.append(f"never moved: {len(inputs - moved)}, as {sorted(inputs - moved)[:5]}")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--broker", default=os.environ.get("MILLRACE_TEST_BROKER", BROKER))
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--movers", type=int, default=2)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--keep", action="store_true", help="leave the data directory")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print(f"transactions: seed {options.seed}, {options.seconds} s")
    work = tempfile.mkdtemp(prefix="transactions-")
    broker = Broker(options.broker, work)
    broker.start()
    admin = AdminClient({"bootstrap.servers": broker.address})
    for future in admin.create_topics(
            [NewTopic(t, PARTITIONS, 1) for t in TOPICS + [IN, OUT]]).values():
        future.result(20)
    history = History()
    stop, stop_movers, stop_readers = threading.Event(), threading.Event(), threading.Event()
    b = broker.address
    writers = [threading.Thread(target=writer, args=(i, b, history, stop, options.seed)) for i in range(options.writers)]
    writers.append(threading.Thread(target=feeder, args=(b, history, stop)))
    movers = [threading.Thread(target=mover, args=(i, b, history, stop_movers)) for i in range(options.movers)]
    readers = [threading.Thread(target=reader, args=(i, b, history, stop_readers)) for i in range(options.readers)]
    for thread in writers + movers + readers:
        thread.daemon = True
        thread.start()
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        time.sleep(min(rng.uniform(1.5, 6), max(0.1, end - time.monotonic())))
        if not broker.alive():
            history.error(f"the broker ended by itself with {broker.process.returncode}; see {work}/broker.log")
            break
        broker.kill()
        time.sleep(rng.choice([0, 0.2, 1]))
        broker.start()
    for signal_, threads, seconds in ((stop, writers, 180), (stop_movers, movers, 120), (stop_readers, readers, 30)):
        signal_.set()
        for thread in threads:
            thread.join(seconds)
            if thread.is_alive():
                history.error(f"{thread.name} did not end: stuck")
    if not broker.alive():
        broker.start()
    problems = check(history, read_all(b, TOPICS + [IN, OUT]))
    outcomes = collections.Counter(outcome for outcome, _ in history.transactions)
    moved = len(history.inputs)
    print(f"transactions: {broker.starts - 1} kills, {dict(outcomes)}, {moved} inputs to be moved, "
          f"{sum(len(r) for r in history.seen.values())} records seen by readers, errors of commits {dict(history.kinds)}")
    if outcomes["ok"] < options.seconds / 4:
        problems.append(f"too little happened: {outcomes['ok']} transactions committed")
    broker.kill()
    for problem in problems[:30]:
        print("  ", problem)
    if options.keep or problems:
        print(f"   data and log: {work}")
    else:
        subprocess.run(["rm", "-rf", work], check=False)
    print(f"transactions: {'FAILED, ' + str(len(problems)) + ' problems' if problems else 'passed'}")
    sys.exit(1 if problems else 0)


main()
