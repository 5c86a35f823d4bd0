"""The client: sends events with unique ids at a steady rate, whatever the node does, and keeps the acknowledgements."""
import datetime
import json
import random
import threading
import time

from confluent_kafka import Producer

TOPICS = ("a", "b", "c")
KEYS = [f"k{i}" for i in range(40)]
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def event(id_, dice, step_ms):
    ts = START + datetime.timedelta(milliseconds=id_ * step_ms)
    return {"id": id_, "k": dice.choice(KEYS), "v": dice.randint(-100, 100), "pair": id_ // 2,
            "ts": ts.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"}


class Load(threading.Thread):
    """Idempotent by default. `acked` holds id -> (topic, partition, offset)."""

    def __init__(self, bootstrap, rate, seed, padding=0, timeout_ms=300_000, settings=None):
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 2,
                                  "message.timeout.ms": timeout_ms, "queue.buffering.max.messages": 1_000_000,
                                  "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 20,
                                  "retry.backoff.max.ms": 200, "log_level": 0, **(settings or {})})
        self.rate = rate
        self.dice = random.Random(seed)
        self.padding = "x" * padding
        self.acked = {}
        self.failed = []
        self.sent = 0
        self.stopping = False

    def delivered(self, id_, error, message):
        if error is not None:
            self.failed.append((id_, str(error)))
        else:
            self.acked[id_] = (message.topic(), message.partition(), message.offset())

    def send(self):
        id_ = self.sent
        value = event(id_, self.dice, 1000 / self.rate)
        if self.padding:
            value["padding"] = self.padding
        self.producer.produce(self.dice.choice(TOPICS), json.dumps(value), str(id_),
                              on_delivery=lambda e, m, i=id_: self.delivered(i, e, m))
        self.sent += 1

    def run(self):
        start = time.monotonic()
        while not self.stopping:
            try:
                while self.sent < (time.monotonic() - start) * self.rate and not self.stopping:
                    self.send()
                    self.producer.poll(0)
            except BufferError:
                pass
            self.producer.poll(0.005)

    def finish(self, seconds=120):
        """Number of records that are still undelivered then."""
        self.stopping = True
        self.join()
        return self.producer.flush(seconds)
