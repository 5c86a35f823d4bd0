"""What a crash must leave: checked by other people's clients (kafka-python, pyiceberg) and plain recomputation, no code of the product.

One process for the whole test. It reads on where it was after every restart and is told what was acknowledged:

    1. every acknowledged id is at the offset that was acknowledged, none is there twice
    2. what was read once reads the same again, offsets have no holes, committed group offsets do not go back
    3. a view or a rollup never shows less than it has shown
    4. in the end: the view and the warehouse rollup equal the recomputation; `copied` (INSERT INTO) and `pairs` (a join of two streams)
       hold every row exactly once; `seconds` (a window) holds each window once, right and without gaps; nothing was rejected or late
    5. the archive and the lake table hold each record exactly once, with the same bytes
"""
import collections
import json
import os
import time
import urllib.error

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from load import TOPICS
from node import Failure, wait_until

OUTPUTS = ("copied", "pairs", "seconds")
REREAD = 60


class Interrupted(Exception):
    """The node went away while it was asked: what was seen so far stands, the rest is looked at next time."""


class Checker:
    def __init__(self, node):
        self.node = node
        self.consumer = None
        self.acked = {}
        self.unverified = {}
        self.records = collections.defaultdict(list)  # (topic, partition) -> values by offset
        self.places = {}                              # id -> (topic, partition, offset)
        self.copied = set()
        self.pairs = {}
        self.seconds = {}
        self.shown = {"totals": {}, "per_key": {}}
        self.committed = {}
        self.rounds = self.rereads = self.commits = 0

    # --- topics -----------------------------------------------------------------------------------------------------------------
    def connect(self):
        if self.consumer is None:
            self.consumer = KafkaConsumer(bootstrap_servers=self.node.bootstrap, group_id="checker", enable_auto_commit=False,
                                          fetch_max_wait_ms=50, request_timeout_ms=15_000, reconnect_backoff_ms=20,
                                          reconnect_backoff_max_ms=100, retry_backoff_ms=20)
            partitions = []
            for topic in (*TOPICS, *OUTPUTS):
                for p in sorted(self.consumer.partitions_for_topic(topic) or []):
                    partitions.append(TopicPartition(topic, p))
            if {p.topic for p in partitions} != {*TOPICS, *OUTPUTS}:
                self.consumer.close()
                self.consumer = None
                raise Interrupted("not all topics are there")
            self.consumer.assign(partitions)
            self.partitions = partitions
        for p in self.partitions:
            self.consumer.seek(p, len(self.records[p]))
        return self.consumer

    def read_to_end(self):
        """Takes in what is new, and the last records once more. The ends."""
        try:
            consumer = self.connect()
            ends = consumer.end_offsets(self.partitions)
            for p in self.partitions:
                have = len(self.records[p])
                if ends[p] < have:
                    raise Failure(f"{p.topic}/{p.partition} ended at {have}, now at {ends[p]}: records that were read are gone")
                consumer.seek(p, max(0, have - REREAD))
            deadline = time.monotonic() + 30
            while any(consumer.position(p) < ends[p] for p in self.partitions):
                if time.monotonic() > deadline:
                    raise Interrupted("it takes too long")
                for p, batch in consumer.poll(timeout_ms=100).items():
                    for record in batch:
                        self.take(p, record)
            return ends
        except (KafkaError, OSError, AssertionError) as error:
            self.drop_consumer()
            raise Interrupted(str(error)) from error

    def drop_consumer(self):
        try:
            if self.consumer is not None:
                self.consumer.close(autocommit=False)
        except Exception:  # whatever a client says when its broker is gone
            pass
        self.consumer = None

    def take(self, p, record):
        have = self.records[p]
        if record.offset < len(have):
            self.rereads += 1
            if have[record.offset] != record.value:
                raise Failure(f"{p.topic}/{p.partition}/{record.offset} read {have[record.offset]}, now {record.value}")
            return
        if record.offset > len(have):
            raise Failure(f"{p.topic}/{p.partition}: offset {len(have)} is missing, the next is {record.offset}")
        have.append(record.value)
        value = json.loads(record.value)
        if p.topic in TOPICS:
            place = (p.topic, p.partition, record.offset)
            if value["id"] in self.places:
                raise Failure(f"id {value['id']} is at {self.places[value['id']]} and at {place}")
            self.places[value["id"]] = place
        elif p.topic == "copied":
            if value["id"] in self.copied:
                raise Failure(f"copied: id {value['id']} is there twice")
            self.copied.add(value["id"])
        elif p.topic == "pairs":
            if value["pair"] in self.pairs:
                raise Failure(f"pairs: pair {value['pair']} is there twice")
            self.pairs[value["pair"]] = (value["left_id"], value["right_id"])
        else:
            if value["window_start"] in self.seconds:
                raise Failure(f"seconds: {value['window_start']} is there twice")
            self.seconds[value["window_start"]] = (value["n"], value["total"])

    def check_acks(self, ends):
        for id_, place in self.unverified.items():
            if place[2] >= ends[TopicPartition(place[0], place[1])]:
                raise Failure(f"id {id_} was acknowledged at {place}, the partition ends at {ends[TopicPartition(*place[:2])]}: lost")
            if self.places.get(id_) != place:
                raise Failure(f"id {id_} was acknowledged at {place}, found at {self.places.get(id_)}")
        self.unverified = {}

    def check_group(self):
        """Committed offsets are acknowledged, too."""
        try:
            for p, offset in self.committed.items():
                found = self.consumer.committed(p)
                if found is None or found < offset:
                    raise Failure(f"group offset of {p.topic}/{p.partition} was committed as {offset}, is {found}")
            wanted = {p: len(self.records[p]) for p in self.partitions}
            self.consumer.commit({p: OffsetAndMetadata(n, "", -1) for p, n in wanted.items()})
            self.committed = wanted
            self.commits += 1
        except (KafkaError, OSError, AssertionError) as error:
            self.drop_consumer()
            raise Interrupted(str(error)) from error

    # --- what is derived --------------------------------------------------------------------------------------------------------
    def totals(self):
        return {r["k"]: (r["n"], r["total"]) for r in self.node.view("totals")}

    def per_key(self):
        return {r["k"]: (r["n"], r["total"]) for r in self.node.sql("SELECT k, n, total FROM per_key")}

    def check_shown(self):
        for name, get in (("totals", self.totals), ("per_key", self.per_key)):
            rows = get()
            for k, (n, _) in self.shown[name].items():
                if rows.get(k, (0, 0))[0] < n:
                    raise Failure(f"{name} showed n = {n} for {k}, now {rows.get(k)}: an answer was taken back")
            self.shown[name] = rows

    def round(self):
        """After a restart. Raises Interrupted if the node is killed meanwhile."""
        unverified = self.unverified
        ends = self.read_to_end()
        self.unverified = unverified
        self.check_acks(ends)
        self.check_group()
        try:
            self.check_shown()
        except (OSError, urllib.error.URLError, ValueError) as error:
            raise Interrupted(str(error)) from error
        self.rounds += 1

    # --- the lake ---------------------------------------------------------------------------------------------------------------
    def table(self, database, name):
        from pyiceberg.table import StaticTable
        folder = os.path.join(self.node.data, "lake", database, name, "metadata")
        hint = os.path.join(folder, "version-hint.text")
        if not os.path.exists(hint):
            return None
        with open(hint) as f:
            return StaticTable.from_metadata(os.path.join(folder, f"v{f.read().strip()}.metadata.json"))

    def check_archive(self, complete):
        for topic in TOPICS:
            table = self.table("raw", topic)
            if table is None:
                return f"{topic}: no table yet"
            rows = table.scan(selected_fields=("partition", "offset", "value")).to_arrow().to_pylist()
            got = {}
            for r in rows:
                place = (TopicPartition(topic, r["partition"]), r["offset"])
                if place in got:
                    raise Failure(f"archive of {topic}: {place[0].partition}/{place[1]} is there twice")
                got[place] = r["value"]
            want = {(p, o): value for p in self.partitions if p.topic == topic for o, value in enumerate(self.records[p])}
            for place, value in got.items():
                if (complete or place in want) and want.get(place) != value:
                    raise Failure(f"archive of {topic}: {place} holds {value}, the topic {want.get(place)}")
            if complete and len(got) != len(want):
                return f"archive of {topic}: {len(want) - len(got)} of {len(want)} records missing"
        return self.check_stored(complete)

    def check_stored(self, complete):
        table = self.table("main", "stored")
        if table is None:
            return "stored: no table yet"
        ids = table.scan(selected_fields=("id",)).to_arrow().column("id").to_pylist()
        if len(ids) != len(set(ids)):
            raise Failure(f"stored: {len(ids) - len(set(ids))} rows are there twice")
        if complete and set(ids) != set(self.places):
            return f"stored: {len(set(self.places) - set(ids))} rows missing, {len(set(ids) - set(self.places))} too many"
        return None

    # --- in the end -------------------------------------------------------------------------------------------------------------
    def events(self):
        return [json.loads(v) for p in self.partitions if p.topic in TOPICS for v in self.records[p]]

    def finish(self, sent, seconds=90):
        def caught_up():
            try:
                self.check_acks(self.read_to_end())
            except Interrupted as error:
                return str(error)
            if len(self.places) != sent or len(self.copied) != sent:
                return f"{sent} events sent, {len(self.places)} in the topics, {len(self.copied)} in copied"
            return None
        wait_until("topics", caught_up, seconds)
        events = self.events()
        wait_until("derived", lambda: self.check_derived(events), seconds)
        self.check_windows(events)
        wait_until("lake", lambda: self.check_archive(True), seconds)
        self.check_set_aside()
        return [f"all {len(self.acked)} acknowledged records are in place, none of the {len(self.places)} twice; "
                f"{self.rounds} checks between kills, {self.rereads} records read again, {self.commits} group commits",
                f"view, rollup, copy, join ({len(self.pairs)} rows) and window ({len(self.seconds)} rows) equal the recomputation",
                f"archive and lake table hold all {len(self.places)} records once"]

    def check_derived(self, events):
        want = collections.defaultdict(lambda: [0, 0])
        for e in events:
            want[e["k"]][0] += 1
            want[e["k"]][1] += e["v"]
        want = {k: tuple(v) for k, v in want.items()}
        for name, got in (("view totals", self.totals()), ("warehouse per_key", self.per_key())):
            wrong = [(k, want.get(k), got.get(k)) for k in sorted({*want, *got}) if want.get(k) != got.get(k)]
            if wrong:
                return f"{name}: {len(wrong)} keys differ, for instance {wrong[0]} (key, expected, got)"
        pairs = {i // 2: (i, i ^ 1) for i, place in self.places.items()
                 if place[0] == "a" and self.places.get(i ^ 1, "?")[0] == "b"}
        try:
            self.read_to_end()
        except Interrupted as error:
            return str(error)
        for pair in {*pairs, *self.pairs}:
            if pairs.get(pair) != self.pairs.get(pair):
                return f"pairs: pair {pair} is {self.pairs.get(pair)}, expected {pairs.get(pair)}"
        return None

    def check_windows(self, events):
        want = collections.defaultdict(lambda: [0, 0])
        for e in events:
            want[e["ts"][:19]][0] += 1
            want[e["ts"][:19]][1] += e["v"]
        emitted = {w.replace("T", " ")[:19]: v for w, v in self.seconds.items()}
        for window in sorted(want):
            if window > max(emitted, default=""):
                break
            if emitted.get(window) != tuple(want[window]):
                raise Failure(f"seconds: window {window} is {emitted.get(window)}, expected {tuple(want[window])}")
        if max(want) > "2026-01-01 00:00:45" and not emitted:
            raise Failure("seconds: no window has come out")

    def check_set_aside(self):
        consumer = KafkaConsumer(bootstrap_servers=self.node.bootstrap)
        for topic in sorted(consumer.topics()):
            if not topic.startswith(("rejected.", "late.")):
                continue
            ends = consumer.end_offsets([TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)])
            if sum(ends.values()):
                raise Failure(f"{topic} holds {sum(ends.values())} records")
        consumer.close()


def serve(connection, node):
    """The checker's process: acks and rounds in, one answer a round out."""
    checker = Checker(node)
    try:
        while True:
            what, argument = connection.recv()
            if what == "acks":
                checker.acked.update(argument)
                checker.unverified.update(argument)
            elif what == "round":
                try:
                    checker.round()
                    if argument % 10 == 9:
                        checker.check_archive(False)
                    connection.send(("ok", None))
                except Interrupted as error:
                    connection.send(("interrupted", str(error)))
            elif what == "finish":
                connection.send(("passed", checker.finish(argument)))
                return
    except Failure as failure:
        connection.send(("failed", str(failure)))
    except Exception as error:  # a bug of the checker must end the test, too
        import traceback
        traceback.print_exc()
        connection.send(("failed", f"checker: {error!r}"))
