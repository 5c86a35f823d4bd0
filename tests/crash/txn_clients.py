#!/usr/bin/env python3
"""One client of the checker of transactions (transactions.py), in a process of its own: its library may end it at any time.

    txn_clients.py ROLE NAME LIFE ADDRESS FILE OPTIONS-AS-JSON

ROLE: setup, writer, feeder, mover, reader, final. LIFE: the how-manieth process under this name. It stops when its stdin ends, and exits 0.
What it does and learns goes to FILE (history.py). librdkafka's own log goes to stderr.
"""
import faulthandler
import json
import os
import random
import sys
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from history import MOVED, Session

PARTITIONS = 3
TOPICS = ["x", "y"]
IN, OUT = "in", "out"
READ = TOPICS + [IN, OUT]
POLLS_PER_S = 8000  # of a reader, lest reading is all that the machine does
GIVE_UP = 60


class Journal:
    """The file of events. Written by one thread, and by librdkafka's callbacks in the same."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")

    def note(self, *event):
        self.file.write(json.dumps(event, separators=(",", ":")) + "\n")

    def flush(self):
        self.file.flush()


class Client:
    def __init__(self, arguments):
        self.role, self.name, self.life, self.address, path, options = arguments
        self.options = json.loads(options)
        self.journal = Journal(path)
        self.stop = threading.Event()
        self.random = random.Random(f"{self.options['seed']} {self.name} {self.life}")
        self.values = 0
        threading.Thread(target=self.wait_for_stop, daemon=True).start()

    def wait_for_stop(self):
        parent = os.getppid()
        sys.stdin.read()
        self.stop.set()
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)  # nobody waits for the rest

    def value(self):
        self.values += 1
        return f"{self.name}.{self.life}.{self.values}"

    def settings(self, **more):
        # With re-bootstrapping, librdkafka 2.16 waits for ever for a group coordinator whose handle it has given up.
        common = {"bootstrap.servers": self.address, "log_level": 3, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200,
                  "metadata.recovery.strategy": "none"}
        if self.options["debug"]:
            common |= {"debug": self.options["debug"], "log_level": 7}
        return common | {name.replace("_", "."): value for name, value in more.items()}


def patiently(action):
    """Repeats what may be repeated. Gives None, or the error that ends it."""
    stop_at = time.monotonic() + GIVE_UP
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

    def __init__(self, client):
        self.client, self.journal = client, client.journal
        self.producer = None
        self.number = 0

    def ready(self):
        if self.producer is not None:
            return True
        producer = Producer(self.client.settings(transactional_id=self.client.name, linger_ms=1, transaction_timeout_ms=20000,
                                                 message_timeout_ms=15000))
        error = patiently(lambda: producer.init_transactions(20))
        if error is not None:
            self.count("init", error)
            self.journal.flush()
            return False
        self.producer = producer
        return True

    def count(self, when, error):
        self.journal.note("count", f"{when}: {error.name()}{' (fatal)' if error.fatal() else ''}")

    def delivered(self, error, message):
        if error is None:
            self.journal.note("ack", message.topic(), message.partition(), message.offset(), message.value().decode())

    def produce(self, topic, partition, value):
        self.producer.produce(topic, partition=partition, value=value.encode(), on_delivery=self.delivered)

    def run(self, fill, writes, commit):
        """One transaction. `fill()` sends; gives whether it was committed."""
        self.number += 1
        self.journal.note("begin", self.number, writes)
        self.journal.flush()
        outcome = self.attempt(fill, commit)
        self.journal.note("end", self.number, outcome)
        self.journal.flush()
        return outcome == "ok"

    def attempt(self, fill, commit):
        try:
            self.producer.begin_transaction()
            fill()
        except KafkaException as e:
            self.count("before the commit", e.args[0])
            return self.give_up(e.args[0], "fail")
        except BufferError:
            return self.give_up(None, "fail")
        if not commit:
            return self.give_up(None, "fail")
        self.journal.note("commit", self.number)
        self.journal.flush()
        error = patiently(lambda: self.producer.commit_transaction(20))
        if error is None:
            return "ok"
        self.count("commit", error)
        if error.txn_requires_abort():
            return self.give_up(error, "unknown")
        self.producer = None
        return "unknown"

    def give_up(self, error, otherwise):
        """`otherwise`: what became of it where the abort fails. Nobody can commit what no commit was asked for."""
        if error is not None and error.fatal():
            self.producer = None
            return otherwise
        refused = patiently(lambda: self.producer.abort_transaction(20))
        if refused is not None:
            self.count("abort", refused)
            self.producer = None
            return otherwise
        return "fail"


def writer(client):
    transactional = Transactional(client)
    rng, journal = client.random, client.journal
    while not client.stop.is_set():
        if not transactional.ready():
            continue
        writes = []
        for _ in range(rng.randint(1, 6)):
            writes.append((rng.choice(TOPICS), rng.randrange(PARTITIONS), client.value()))
            journal.note("send", client.name, *writes[-1])
        pause = rng.random() * 0.05

        def fill(writes=writes, pause=pause):
            for write in writes:
                transactional.produce(*write)
                transactional.producer.poll(pause if pause > 0.03 else 0)

        transactional.run(fill, writes, rng.random() < 0.75)
        client.stop.wait(rng.random() * 2 / client.options["rate"])


def feeder(client):
    """Plain idempotent records for the movers."""
    producer = Producer(client.settings(enable_idempotence=True, message_timeout_ms=300000, linger_ms=2))

    def delivered(error, message):
        if error is None:
            client.journal.note("input", message.value().decode())

    while not client.stop.is_set():
        partition, value = client.random.randrange(PARTITIONS), client.value()
        client.journal.note("send", f"{client.name}.{client.life}", IN, partition, value)
        client.journal.flush()
        producer.produce(IN, partition=partition, value=value.encode(), on_delivery=delivered)
        producer.poll(0.01)
    producer.flush(120)
    client.journal.flush()


def mover(client):
    """Consume, transform, produce, with the offsets in the transaction. Ends when stopped and idle."""
    transactional = Transactional(client)
    consumer = None
    idle_since = None
    while True:
        if consumer is None:
            consumer = Consumer(client.settings(group_id="movers", isolation_level="read_committed", enable_auto_commit=False,
                                                auto_offset_reset="earliest", session_timeout_ms=6000, heartbeat_interval_ms=500))
            consumer.subscribe([IN])
        if not transactional.ready():
            continue
        messages = [m for m in consumer.consume(50, timeout=0.3) if not m.error()]
        if not messages:
            if client.stop.is_set():
                idle_since = idle_since or time.monotonic()
                if time.monotonic() - idle_since > 15:
                    return consumer.close()
            continue
        idle_since = None
        # What is moved in another attempt is another value.
        attempt = client.value()
        writes = [(OUT, m.partition(), f"{MOVED}{m.value().decode()}#{attempt}") for m in messages]
        offsets = {m.partition(): m.offset() + 1 for m in messages}

        def fill(writes=writes, offsets=offsets):
            for write in writes:
                transactional.produce(*write)
            positions = [TopicPartition(IN, p, o) for p, o in offsets.items()]
            group = consumer.consumer_group_metadata()
            error = patiently(lambda: transactional.producer.send_offsets_to_transaction(positions, group, 20))
            if error is not None:
                raise KafkaException(error)

        if not transactional.run(fill, writes, True):
            # Its position is beyond what is committed: begin from there again.
            consumer.close()
            consumer = None


class Reader:
    """Polls everything, again from somewhere else now and then, often from the start."""

    def __init__(self, client):
        self.client, self.journal = client, client.journal
        self.seen = {(t, p): {} for t in READ for p in range(PARTITIONS)}  # place -> offset -> value
        self.sessions = 0

    def run(self):
        while not self.client.stop.is_set():
            self.session(time.monotonic() + self.client.random.uniform(5, 25))

    def start_of(self, place):
        last = max(self.seen[place], default=0)
        return OFFSET_BEGINNING if last == 0 or self.client.random.random() < 0.5 else self.client.random.randint(0, last)

    def session(self, until):
        consumer = Consumer(self.client.settings(group_id=self.client.name, enable_auto_commit=False, isolation_level="read_committed",
                                                 auto_offset_reset="error"))
        consumer.assign([TopicPartition(t, p, self.start_of((t, p))) for t, p in self.seen])
        self.sessions += 1
        sessions = {}
        told = time.monotonic()
        while not self.client.stop.is_set() and time.monotonic() < until:
            messages = consumer.consume(200, timeout=0.2)
            for m in messages:
                if not m.error():
                    self.take(sessions, m)
            if time.monotonic() - told > 2:
                self.tell(sessions)
                told = time.monotonic()
            self.client.stop.wait(len(messages) / POLLS_PER_S)
        self.tell(sessions)
        consumer.close()

    def take(self, sessions, message):
        place, offset, value = (message.topic(), message.partition()), message.offset(), message.value().decode()
        session = sessions.setdefault(place, Session())
        if session.count and offset <= session.last:
            self.journal.note("error", f"non-monotonic poll: {self.client.name} got {place}@{offset} after {session.last}")
        session.saw(offset)
        before = self.seen[place].get(offset)
        if before is None:
            self.seen[place][offset] = value
            self.journal.note("saw", *place, offset, value)
        elif before != value:
            self.journal.note("error", f"inconsistent offset: {self.client.name} saw {value} at {place}@{offset}, before {before}")

    def tell(self, sessions):
        for (topic, partition), s in sessions.items():
            self.journal.note("session", f"{self.sessions} {topic} {partition}", topic, partition, s.first, s.last, s.count, s.sum)
        self.journal.flush()


def setup(client):
    admin = AdminClient(client.settings())
    for future in admin.create_topics([NewTopic(t, PARTITIONS, 1) for t in READ]).values():
        future.result(60)


def final(client):
    """Everything there is, when all is quiet."""
    consumer = Consumer(client.settings(group_id="final", enable_auto_commit=False, enable_partition_eof=True,
                                        isolation_level="read_committed"))
    places = {(t, p) for t in READ for p in range(PARTITIONS)}
    consumer.assign([TopicPartition(t, p, OFFSET_BEGINNING) for t, p in places])
    while places and not client.stop.is_set():
        for m in consumer.consume(1000, timeout=1):
            if m.error():
                if m.error().name() == "_PARTITION_EOF":
                    places.discard((m.topic(), m.partition()))
                continue
            client.journal.note("read", m.topic(), m.partition(), m.offset(), m.value().decode())
    client.journal.flush()
    consumer.close()
    if places:
        client.journal.note("error", f"the last read did not end: {sorted(places)}")
        client.journal.flush()


def main():
    faulthandler.enable()
    client = Client(sys.argv[1:])
    roles = {"setup": setup, "writer": writer, "feeder": feeder, "mover": mover, "reader": lambda c: Reader(c).run(), "final": final}
    roles[client.role](client)
    client.journal.flush()


if __name__ == "__main__":
    main()
