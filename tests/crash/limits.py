#!/usr/bin/env python3
"""Floods: the node answers with errors or closes connections, keeps its memory bounded, and its other clients do not notice.

    limits.py [NAME…]       all, or those named

Each case runs the real binary (MILLRACE_BIN) with an empty project. The bounds are those of docs/kafka-compatibility.md, "Limits". The requests
are made by hand: no client library would send them. Exit 0 passed, 1 failed, 77 a tool is missing.
"""
import contextlib
import os
import resource
import socket
import struct
import sys
import time

try:
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic
except ImportError as missing:
    print(f"limits: skipped: {missing}")
    sys.exit(77)
from cases import case, expect, main
from node import Node

MIB = 1 << 20
FETCH, JOIN_GROUP, PRODUCE, API_VERSIONS = 1, 11, 0, 18


# --- the protocol, as far as needed -------------------------------------------------------------------------------------------------------

def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def frame(key, version, body, correlation=1):
    header = struct.pack(">hhi", key, version, correlation) + text("limits")
    return struct.pack(">i", len(header) + len(body)) + header + body


def fetch_body(topic, max_bytes, wait_ms=100):
    partition = struct.pack(">iqi", 0, 0, max_bytes)
    return struct.pack(">iiiib", -1, wait_ms, 1, max_bytes, 0) + struct.pack(">i", 1) + text(topic) + struct.pack(">i", 1) + partition


def join_body(group):
    return (text(group) + struct.pack(">ii", 300000, 300000) + text("") + text("consumer") + struct.pack(">i", 1) + text("range") +
            struct.pack(">i", 4) + b"\0\0\0\0")


class Raw:
    def __init__(self, node, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", node.kafka), timeout=timeout)

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """One answer without its correlation id; None when the connection is closed."""
        try:
            head = self.exactly(4)
            return head and self.exactly(struct.unpack(">i", head)[0])[4:]
        except ConnectionError:
            return None

    def exactly(self, count):
        data = bytearray()
        while len(data) < count:
            piece = self.socket.recv(min(count - len(data), MIB))
            if not piece:
                return None
            data += piece
        return bytes(data)

    def serves(self):
        try:
            self.send(frame(API_VERSIONS, 0, b""))
            return self.receive() is not None
        except (ConnectionError, socket.timeout):
            return False

    def close(self):
        self.socket.close()


# --- helpers ------------------------------------------------------------------------------------------------------------------------------

def memory(node):
    """Resident MiB, now and at most so far."""
    with open(f"/proc/{node.process.pid}/status") as f:
        fields = dict(line.split(":", 1) for line in f)
    return int(fields["VmRSS"].split()[0]) / 1024, int(fields["VmHWM"].split()[0]) / 1024


def create(node, name, config=None):
    admin = AdminClient({"bootstrap.servers": node.bootstrap})
    admin.create_topics([NewTopic(name, 1, 1, config=config or {})])[name].result(20)


def produce(node, topic, count, size, **settings):
    failures = []
    producer = Producer({"bootstrap.servers": node.bootstrap, "linger.ms": 5, "compression.type": "none", "message.max.bytes": 120_000_000,
                         "queue.buffering.max.kbytes": 400_000, **settings})
    for i in range(count):
        while True:
            try:
                producer.produce(topic, value=os.urandom(16) + b"x" * (size - 16), on_delivery=lambda e, m: failures.append(e) if e else None)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    expect(producer.flush(60) == 0, "not everything was answered")
    return failures


def others_work(node):
    """A new client produces at once."""
    begun = time.monotonic()
    failures = produce(node, "others", 20, 200)
    expect(not failures, f"another client was refused: {failures[:1]}")
    expect(time.monotonic() - begun < 10, f"another client waited {time.monotonic() - begun:.0f} s")


@contextlib.contextmanager
def running(work, *settings):
    project = os.path.join(work, "project")
    os.mkdir(project)
    node = Node(work, project=project, settings=["kafka.group-initial-delay=0s", *settings], verbose=False)
    node.start()
    create(node, "others")
    try:
        yield node
        expect(node.running(), f"it ended by itself:\n{node.tail()}")
        expect(not node.errors(), f"it reports errors: {node.errors()[:3]}")
    finally:
        if node.running():
            node.kill()


# --- the cases ----------------------------------------------------------------------------------------------------------------------------

@case
def idle_connections(work):
    """5,000 connections that say nothing: those beyond 4,096 are closed, the others served; room again as soon as one goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 5000
    if hard != resource.RLIM_INFINITY and hard < wanted + 500:
        return f"not here: at most {hard} open files"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted + 500), hard))
    with running(work) as node:
        before = memory(node)[0]
        clients = [Raw(node) for _ in range(wanted)]
        served = [c for c in clients if c.serves()]
        expect(3900 <= len(served) <= 4096, f"{len(served)} of {wanted} are served")
        grown = memory(node)[0] - before
        expect(grown < 200, f"{grown:.0f} MiB more for {len(served)} connections")
        for c in served[:50]:
            c.close()
        time.sleep(0.5)
        others_work(node)
        expect(served[-1].serves(), "one of the others is not served any more")
        for c in clients:
            c.close()
        return f"{len(served)} of {wanted} served, {grown:.0f} MiB for them"


@case
def idle_connections_are_closed(work):
    """A connection without a request for kafka.idle-connection is closed."""
    with running(work, "kafka.idle-connection=1s") as node:
        raw = Raw(node)
        expect(raw.serves(), "it is not served")
        begun = time.monotonic()
        expect(raw.receive() is None, "an answer nobody asked for")
        took = time.monotonic() - begun
        expect(0.5 < took < 8, f"it was closed after {took:.1f} s")
        return f"closed after {took:.1f} s"


@case
def groups(work):
    """More than 10,000 groups: the rest is refused, in bounded memory; those there are go on."""
    with running(work) as node:
        before = memory(node)[0]
        raw = Raw(node)
        refused, good = [], 0
        for i in range(10_100):
            raw.send(frame(JOIN_GROUP, 1, join_body(f"group-{i}")))
            error = struct.unpack(">h", raw.receive()[:2])[0]
            good += error == 0
            if error:
                refused.append(error)
        expect(good == 10_000 and len(set(refused)) == 1, f"{good} groups, errors {set(refused)}")
        grown = memory(node)[0] - before
        expect(grown < 200, f"{grown:.0f} MiB more for {good} groups")
        others_work(node)
        return f"{good} groups in {grown:.0f} MiB, then error {refused[0]}"


@case
def huge_batch(work):
    """A record of 100 MB, as a client sends it and as a frame by hand: refused, not stored, and not received into memory."""
    with running(work) as node:
        create(node, "large", {"max.message.bytes": str(200 * MIB)})
        before = memory(node)[0]
        # Between the topic's limit and that of a request: Kafka's error.
        failures = produce(node, "others", 1, 20 * MIB)
        expect([f.name() for f in failures] == ["MSG_SIZE_TOO_LARGE"], f"20 MiB: {failures}")
        failures = produce(node, "large", 1, 100_000_000, **{"message.timeout.ms": 4000})
        expect(len(failures) == 1, "100 MB were accepted")
        raw = Raw(node)
        try:
            raw.send(struct.pack(">ihhi", 100 * MIB, PRODUCE, 9, 1) + b"x" * MIB)
            closed = raw.receive() is None
        except ConnectionError:
            closed = True
        expect(closed, "a frame of 100 MiB was taken")
        grown = memory(node)[1] - before
        expect(grown < 250, f"{grown:.0f} MiB more at most")
        others_work(node)
        return f"{failures[0].name()}; {grown:.0f} MiB more at most"


@case
def half_requests(work):
    """100 connections that each begin a request of 30 MiB and do not end it: those that hold most are closed."""
    with running(work) as node:
        before = memory(node)[0]
        clients = [Raw(node) for _ in range(100)]
        for c in clients:
            c.socket.settimeout(0.5)
            try:
                c.send(struct.pack(">ihhi", 30 * MIB, PRODUCE, 9, 1))
                for _ in range(8):
                    c.send(b"x" * MIB)
            except (ConnectionError, socket.timeout):
                pass
        grown = memory(node)[1] - before
        expect(grown < 600, f"{grown:.0f} MiB more at most")
        others_work(node)
        for c in clients:
            c.close()
        return f"800 MiB were sent, {grown:.0f} MiB more at most"


@case
def huge_fetch(work):
    """Fetches of 1 GiB: an answer holds 16 MiB; 200 clients that ask and do not read are closed where together they are owed too much."""
    with running(work) as node:
        create(node, "much")
        expect(not produce(node, "much", 300, MIB - 1000), "the topic could not be filled")
        before = memory(node)[0]
        raw = Raw(node)
        raw.send(frame(FETCH, 4, fetch_body("much", 1 << 30)))
        answer = raw.receive()
        expect(MIB < len(answer) <= 17 * MIB, f"an answer of {len(answer)} bytes")
        clients = [Raw(node) for _ in range(200)]
        for c in clients:
            c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            c.send(frame(FETCH, 4, fetch_body("much", 1 << 30)))
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            others_work(node)
        grown = memory(node)[1] - before
        expect(grown < 700, f"{grown:.0f} MiB more at most")
        raw.socket.settimeout(40)  # old data is read for all of them in turn
        raw.send(frame(FETCH, 4, fetch_body("much", 1 << 30)))
        expect(len(raw.receive()) > 500_000, "a reader that reads gets nothing any more")
        for c in clients:
            c.close()
        return f"answers of {len(answer) // MIB} MiB; {grown:.0f} MiB more at most for 200 that do not read"


sys.exit(main("limits"))
