#!/usr/bin/env python3
"""What a broker answers to every request of a transactional producer in every state: one line each.

    transaction_states.py HOST:PORT

Speaks the protocol itself: clients do not send most of this. To compare, run it against Apache Kafka and against millrace, and look at the
difference of the two outputs (docs/kafka-compatibility.md, "Transactions: answers by state"). Kafka wants
`transaction.abort.timed.out.transaction.cleanup.interval.ms=1000`, or its timeouts come late. CONCURRENT_TRANSACTIONS is asked again.
"""
import socket
import struct
import sys
import time
import uuid

ERRORS = {0: "-", 42: "INVALID_REQUEST", 45: "OUT_OF_ORDER_SEQUENCE", 47: "INVALID_PRODUCER_EPOCH", 48: "INVALID_TXN_STATE",
          49: "INVALID_PRODUCER_ID_MAPPING", 50: "INVALID_TRANSACTION_TIMEOUT", 51: "CONCURRENT_TRANSACTIONS", 53: "TXN_ID_AUTHORIZATION_FAILED",
          59: "UNKNOWN_PRODUCER_ID", 90: "PRODUCER_FENCED", 120: "TRANSACTION_ABORTABLE", 3: "UNKNOWN_TOPIC_OR_PARTITION"}
TOPIC = "states-" + uuid.uuid4().hex[:6]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def varint(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def zigzag(n):
    return varint(n * 2)


def text(s, compact):
    return (varint(len(s) + 1) if compact else struct.pack(">h", len(s))) + s.encode()


def count(n, compact):
    return varint(n + 1) if compact else struct.pack(">i", n)


def batch(pid, epoch, sequence, transactional=True):
    record = b"\0" + zigzag(0) + zigzag(0) + b"\x01" + zigzag(1) + b"v" + zigzag(0)
    now = int(time.time() * 1000)
    body = struct.pack(">hiqqqhii", 0x10 if transactional else 0, 0, now, now, pid, epoch, sequence, 1) + zigzag(len(record)) + record
    return struct.pack(">qiibI", 0, len(body) + 9, -1, 2, crc32c(body)) + body


class Broker:
    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), 30)
        self.correlation = 0

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError("the connection was closed")
            data += more
        return data

    def ask(self, key, version, body, flexible):
        self.correlation += 1
        header = struct.pack(">hhih", key, version, self.correlation, 1) + b"s" + (b"\0" if flexible else b"")
        self.socket.sendall(struct.pack(">i", len(header + body)) + header + body)
        answer = self.read(struct.unpack(">i", self.read(4))[0])
        return answer[5 if flexible else 4:]

    # --- each gives (error, producer id, epoch) or an error -------------------------------------------------------------------------
    def create(self):
        body = count(1, False) + text(TOPIC, False) + struct.pack(">ih", 1, 1) + count(0, False) + count(0, False) + struct.pack(">ib", 9000, 0)
        self.ask(19, 2, body, False)

    def find(self, key, kind):
        """Makes the broker's own topics."""
        for _ in range(60):
            answer = self.ask(10, 2, text(key, False) + struct.pack(">b", kind), False)
            if struct.unpack(">h", answer[4:6])[0] == 0:
                return
            time.sleep(0.25)

    def init(self, tid, pid=-1, epoch=-1, timeout=60000, version=4):
        body = text(tid, True) + struct.pack(">iqh", timeout, pid, epoch) + b"\0"
        return struct.unpack(">hqh", self.ask(22, version, body, True)[4:16])

    def add(self, tid, pid, epoch, version=2):
        body = text(tid, False) + struct.pack(">qh", pid, epoch) + count(1, False) + text(TOPIC, False) + count(1, False) + struct.pack(">i", 0)
        return struct.unpack(">h", self.ask(24, version, body, False)[-2:])[0]

    def add_group(self, tid, pid, epoch, group):
        return struct.unpack(">h", self.ask(25, 2, text(tid, False) + struct.pack(">qh", pid, epoch) + text(group, False), False)[4:6])[0]

    def end(self, version, tid, pid, epoch, commit):
        flexible = version >= 3
        body = text(tid, flexible) + struct.pack(">qh?", pid, epoch, commit) + (b"\0" if flexible else b"")
        answer = self.ask(26, version, body, flexible)
        error = struct.unpack(">h", answer[4:6])[0]
        return (error, *struct.unpack(">qh", answer[6:16])) if version >= 5 else (error, pid, epoch)

    def produce(self, version, tid, pid, epoch, sequence):
        flexible = version >= 9
        records, end = batch(pid, epoch, sequence), b"\0" if flexible else b""
        body = text(tid, flexible) + struct.pack(">hi", -1, 9000) + count(1, flexible) + text(TOPIC, flexible) + count(1, flexible)
        body += struct.pack(">i", 0) + (varint(len(records) + 1) if flexible else struct.pack(">i", len(records))) + records + end * 3
        answer = self.ask(0, version, body, flexible)
        at = len(count(1, flexible) + text(TOPIC, flexible) + count(1, flexible)) + 4
        return struct.unpack(">hq", answer[at:at + 10])

    def offsets(self, version, tid, pid, epoch, group):
        flexible = version >= 3
        end = b"\0" if flexible else b""
        body = text(tid, flexible) + text(group, flexible) + struct.pack(">qh", pid, epoch)
        if version >= 3:
            body += struct.pack(">i", -1) + text("", True) + b"\0"
        body += count(1, flexible) + text(TOPIC, flexible) + count(1, flexible) + struct.pack(">iqi", 0, 5, -1) + text("", flexible)
        answer = self.ask(28, version, body + end * 3, flexible)
        at = 4 + len(count(1, flexible) + text(TOPIC, flexible) + count(1, flexible)) + 4
        return struct.unpack(">h", answer[at:at + 2])[0]


def again(action):
    """Until the coordinator is there and nothing is concurrent any more."""
    for _ in range(200):
        answer = action()
        if (answer[0] if isinstance(answer, tuple) else answer) not in (14, 15, 16, 51):
            break
        time.sleep(0.05)
    return answer


class Scene:
    """A transactional id of its own in one of the states. Its epoch is 1 where nothing raised it, so that there is one before."""

    def __init__(self, broker, state, v2):
        self.b, self.tid = broker, "t-" + uuid.uuid4().hex[:8]
        again(lambda: broker.init(self.tid))
        _, self.pid, self.epoch = again(lambda: broker.init(self.tid, timeout=1000 if state == "timed out" else 60000))
        if state == "empty":
            return
        if not v2:
            assert again(lambda: broker.add(self.tid, self.pid, self.epoch)) == 0
        error, _ = again(lambda: broker.produce(12 if v2 else 8, self.tid, self.pid, self.epoch, 0))
        assert error == 0, error
        if state == "timed out":
            self.epoch += 1  # the abort's
        elif state != "ongoing":
            _, self.pid, self.epoch = again(lambda: broker.end(5 if v2 else 2, self.tid, self.pid, self.epoch, state == "committed"))


def requests(b, v2):
    """What is asked, as (name, what asks it of a scene in an epoch)."""
    end = 5 if v2 else 2
    yield f"EndTxn v{end} commit", lambda s, e: b.end(end, s.tid, s.pid, e, True)
    yield f"EndTxn v{end} abort", lambda s, e: b.end(end, s.tid, s.pid, e, False)
    yield "InitProducerId", lambda s, e: b.init(s.tid, s.pid, e)
    yield "InitProducerId twice", lambda s, e: again(lambda: b.init(s.tid, s.pid, e)) and b.init(s.tid, s.pid, e)
    yield "AddPartitionsToTxn v2", lambda s, e: b.add(s.tid, s.pid, e)
    yield "AddOffsetsToTxn v2", lambda s, e: b.add_group(s.tid, s.pid, e, "g")
    for v in (2, 4, 5):
        yield f"TxnOffsetCommit v{v}", lambda s, e, v=v: b.offsets(v, s.tid, s.pid, e, "g-" + s.tid)
    for v in (8, 11, 12):
        for sequence in (0, 1, 7):
            yield f"Produce v{v}, sequence {sequence}", lambda s, e, v=v, q=sequence: b.produce(v, s.tid, s.pid, e, q)[0]


def tell(state, v2, request, answer, epoch):
    """The epoch of the answer as how much it is above that of the request."""
    error = answer[0] if isinstance(answer, tuple) else answer
    more = f" epoch {answer[2] - epoch:+}" if error == 0 and isinstance(answer, tuple) else ""
    print(f"{state:10} v{2 if v2 else 1}  {request:44} {ERRORS.get(error, error)}{more}", flush=True)


def main():
    b = Broker(sys.argv[1])
    b.create()
    b.find("warm", 1)
    b.find("group", 0)
    time.sleep(1)
    for v2 in (False, True):
        for state in ("empty", "ongoing", "committed", "aborted", "timed out"):
            jobs = []
            for name, shift in (("current", 0), ("previous", -1), ("next", 1)):
                for what, ask in requests(b, v2):
                    jobs.append((f"{what}, {name} epoch", Scene(b, state, v2), shift, ask))
            jobs.append(("InitProducerId, no epoch", Scene(b, state, v2), 0, lambda s, e: b.init(s.tid)))
            jobs.append(("InitProducerId, another id", Scene(b, state, v2), 0, lambda s, e: b.init(s.tid, s.pid + 1000, e)))
            jobs.append(("EndTxn, another id", Scene(b, state, v2), 0, lambda s, e, v2=v2: b.end(5 if v2 else 2, s.tid, s.pid + 1000, e, True)))
            time.sleep(6 if state == "timed out" else 0.5)
            for what, scene, shift, ask in jobs:
                epoch = scene.epoch + shift
                tell(state, v2, what, again(lambda: ask(scene, epoch)), epoch)
    print_rest(b)


def print_rest(b):
    s = Scene(b, "aborted", False)
    time.sleep(0.5)
    assert again(lambda: b.add(s.tid, s.pid, s.epoch)) == 0
    error, offset = b.produce(8, s.tid, s.pid, s.epoch, 0)
    print(f"a sequence used in an aborted transaction, again in the next: {ERRORS.get(error, error)}{', as a duplicate' if error == 0 and offset >= 0 else ''}")
    tell("empty", False, "InitProducerId, id without epoch", b.init(s.tid, 5, -1), 0)
    tell("empty", False, "InitProducerId, epoch without id", b.init(s.tid, -1, 5), 0)
    tell("unknown", False, "EndTxn v2", b.end(2, "nobody", 1, 0, True), 0)
    tell("unknown", False, "AddPartitionsToTxn v2", b.add("nobody", 1, 0), 0)


if __name__ == "__main__":
    main()
