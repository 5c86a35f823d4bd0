#!/usr/bin/env python3
"""Transactions under faults, checked as Jepsen's Kafka workload does.

    transactions.py [--seconds N] [--broker BINARY] [--writers N] [--movers N] [--readers N] [--seed S] [--keep]

Concurrent transactional writers send unique values to several partitions and commit or abort; movers consume one topic and
produce another with the offsets in the transaction; readers poll everything read_committed all the time. Every few seconds
something befalls the broker (nemesis.py): SIGKILL or SIGTERM and a restart on its data, a pause, or connections that are cut or stall.
BINARY is the node (MILLRACE_BIN) or the broker alone of tests/clients/broker_main.cc. In the end everything is read once more, and
checked (history.py):

    lost write          a value of a transaction whose commit was acknowledged is missing
    aborted read        a value of a transaction that was aborted was seen by anybody, at any time
    torn transaction    of one whose outcome is not known some values are there and some are not
    duplicate           a value is at two offsets
    inconsistent offset two readers saw different values at one offset, a reader saw what the last read does not have, or the broker
                        acknowledged another offset than the value has
    non-monotonic poll  offsets a reader got do not grow
    non-monotonic send  what a producer sent to a partition is there in another order
    skipped by a poll   a reader did not get a record that lies between two that it got
    moved twice / never an input of the movers is in their output other than exactly once

Not checked, as in no order between transactions is promised: cycles of writes and reads over several transactions. The checker shares no
code with the product; the clients are librdkafka's. Exit 0 passed, 1 failed, 77 a tool is missing.
"""
import argparse
import collections
import os
import random
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
from history import MOVED, History, check
from nemesis import Nemesis
from node import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
BROKER = os.path.join(HERE, "../../build/dev/tests/clients/test_broker")
PARTITIONS = 3
TOPICS = ["x", "y"]
IN, OUT = "in", "out"
# With re-bootstrapping, librdkafka 2.16 waits for ever for a group coordinator whose handle it has given up.
QUIET = {"log_level": 0, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "metadata.recovery.strategy": "none"}


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


def noted(history):
    def delivered(error, message):
        if error is None:
            history.acks(message.topic(), message.partition(), message.offset(), message.value().decode())
    return delivered


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
            history.sends(client.name, *writes[-1])
        pause = rng.random() * 0.05

        def fill(producer, writes=writes, pause=pause):
            for topic, partition, value in writes:
                producer.produce(topic, partition=partition, value=value.encode(), on_delivery=noted(history))
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
        partition, value = random.randrange(PARTITIONS), history.value()
        history.sends("feeder", IN, partition, value)
        producer.produce(IN, partition=partition, value=value.encode(), on_delivery=delivered)
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
                producer.produce(topic, partition=partition, value=value.encode(), on_delivery=noted(history))
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
        sessions = {}
        until = time.monotonic() + rng.uniform(5, 25)
        while not stop.is_set() and time.monotonic() < until:
            for m in consumer.consume(200, timeout=0.2):
                if m.error():
                    continue
                place = m.topic(), m.partition()
                if place not in sessions:
                    sessions[place] = history.session(f"reader {index}", place)
                session = sessions[place]
                if session.count and m.offset() <= session.last:
                    history.error(f"non-monotonic poll: reader {index} got {place}@{m.offset()} after {session.last}")
                session.saw(m.offset())
                history.saw(*place, m.offset(), m.value().decode(), f"reader {index}")
        consumer.close()


def read_all(bootstrap, topics):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "final", "enable.auto.commit": False,
                         "enable.partition.eof": True, "isolation.level": "read_committed", **QUIET})
    places = [(t, p) for t in topics for p in range(PARTITIONS)]
    consumer.assign([TopicPartition(t, p, OFFSET_BEGINNING) for t, p in places])
    out = {place: {} for place in places}
    at_end = set()
    deadline = time.monotonic() + 600
    while len(at_end) < len(places):
        if time.monotonic() > deadline:
            raise Failure(f"the last read did not end: {sorted(set(places) - at_end)}")
        for m in consumer.consume(1000, timeout=1):
            if m.error():
                if m.error().name() == "_PARTITION_EOF":
                    at_end.add((m.topic(), m.partition()))
                continue
            out[m.topic(), m.partition()][m.offset()] = m.value().decode()
    consumer.close()
    return out


def run(options, work, history):
    """Everything at once for a while; gives what the topics hold in the end, and the nemesis."""
    rng = random.Random(options.seed)
    nemesis = Nemesis(options.broker, work, rng)
    b = nemesis.address
    admin = AdminClient({"bootstrap.servers": b})
    for future in admin.create_topics([NewTopic(t, PARTITIONS, 1) for t in TOPICS + [IN, OUT]]).values():
        future.result(20)
    stop, stop_movers, stop_readers = threading.Event(), threading.Event(), threading.Event()
    writers = [threading.Thread(target=writer, args=(i, b, history, stop, options.seed)) for i in range(options.writers)]
    writers.append(threading.Thread(target=feeder, args=(b, history, stop)))
    movers = [threading.Thread(target=mover, args=(i, b, history, stop_movers)) for i in range(options.movers)]
    readers = [threading.Thread(target=reader, args=(i, b, history, stop_readers)) for i in range(options.readers)]
    for thread in writers + movers + readers:
        thread.daemon = True
        thread.start()
    end = time.monotonic() + options.seconds
    told = time.monotonic()
    while time.monotonic() < end:
        time.sleep(min(rng.uniform(1.5, 6), max(0.1, end - time.monotonic())))
        wrong = nemesis.act()
        if wrong is not None:
            history.error(wrong)
            break
        if time.monotonic() - told > 60:
            told = time.monotonic()
            print(f"transactions: {len(history.transactions)} so far, {dict(nemesis.done)}, {len(history.errors)} errors", flush=True)
    for event, threads, seconds in ((stop, writers, 180), (stop_movers, movers, 120), (stop_readers, readers, 30)):
        event.set()
        for thread in threads:
            thread.join(seconds)
            if thread.is_alive():
                history.error(f"{thread.name} did not end: stuck")
    if not nemesis.broker.running():
        nemesis.start()
    return read_all(b, TOPICS + [IN, OUT]), nemesis


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
    print(f"transactions: seed {options.seed}, {options.seconds} s", flush=True)
    work = tempfile.mkdtemp(prefix="transactions-")
    history = History()
    try:
        final, nemesis = run(options, work, history)
    except Failure as failure:
        sys.exit(f"transactions: FAILED: {failure}\n   {history.errors[:10]}\n   data and log: {work}")
    problems = check(history, final)
    outcomes = collections.Counter(outcome for outcome, _ in history.transactions)
    print(f"transactions: faults {dict(nemesis.done)}; transactions {dict(outcomes)}; {len(history.inputs)} inputs to be moved; "
          f"{history.polled} records polled by readers in {len(history.sessions)} sessions; {sum(len(r) for r in final.values())} records in the end; "
          f"errors of commits {dict(history.kinds)}")
    if outcomes["ok"] < options.seconds / 4:
        problems.append(f"too little happened: {outcomes['ok']} transactions committed")
    nemesis.end()
    for problem in problems[:30]:
        print("  ", problem)
    if options.keep or problems:
        print(f"   data and log: {work}")
    else:
        subprocess.run(["rm", "-rf", work], check=False)
    print(f"transactions: {'FAILED, ' + str(len(problems)) + ' problems' if problems else 'passed'}")
    sys.exit(1 if problems else 0)


main()
