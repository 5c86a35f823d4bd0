#!/usr/bin/env python3
"""Consumers over `kill -9` of the node: they go on as members of the same generation or epoch, without a rebalance.

    groups.py

The real binary (MILLRACE_BIN); kafka-python and confluent-kafka with the classic protocol (dynamic and static), confluent-kafka with
KIP-848's. Each reads, the node is stopped and started three times, twice by `kill -9`, each reads on: under the same member id, told
of no new assignment, at once described as before. Then they leave, and have left after another kill, too. Exit 0 passed, 1 failed.
"""
import os
import shutil
import sys
import tempfile
import time

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from kafka import KafkaConsumer

from node import Node

PARTITIONS = 4
RECORDS = 200
SECONDS = 60


def check(condition, message):
    if not condition:
        raise AssertionError(message)


class ConfluentMember:
    def __init__(self, bootstrap, name, topic, **config):
        self.group, self.assigned, self.seen = name, [], []
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": name, "auto.offset.reset": "earliest",
                                  "enable.auto.commit": False, "reconnect.backoff.max.ms": 500, "log_level": 0, **config})
        self.consumer.subscribe([topic], on_assign=lambda _, partitions: self.assigned.append(sorted(p.partition for p in partitions)),
                                on_lost=lambda _, partitions: self.assigned.append("lost"),
                                on_revoke=lambda _, partitions: self.assigned.append("revoked"))

    def poll(self):
        for message in self.consumer.consume(200, timeout=0.2):
            if not message.error():  # while the node is away
                self.seen.append(int(message.value()))

    def identity(self):
        return self.consumer.memberid()

    def commit(self):
        self.consumer.commit(asynchronous=False)

    def changes(self):
        """What it was told of its partitions; of the new protocol the first answer may come in parts."""
        return list(self.assigned)

    def close(self):
        self.consumer.close()


class PythonMember:
    """kafka-python: it shows its generation."""

    def __init__(self, bootstrap, name, topic, **config):
        self.group, self.seen = name, []
        self.consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=name, auto_offset_reset="earliest", enable_auto_commit=False,
                                      session_timeout_ms=45_000, heartbeat_interval_ms=500, reconnect_backoff_max_ms=500, **config)

    def poll(self):
        for records in self.consumer.poll(200).values():
            self.seen += [int(r.value) for r in records]

    def identity(self):
        return self.consumer.group_metadata().member_id

    def commit(self):
        self.consumer.commit()

    def changes(self):
        return self.consumer.group_metadata().generation_id

    def close(self):
        self.consumer.close(autocommit=False)


def produce(bootstrap, topic, first):
    producer = Producer({"bootstrap.servers": bootstrap})
    for i in range(first, first + RECORDS):
        producer.produce(topic, str(i).encode(), partition=i % PARTITIONS)
    check(producer.flush(SECONDS) == 0, "not everything was delivered")


def read_until(members, count):
    deadline = time.monotonic() + SECONDS
    while any(len(set(m.seen)) < count for m in members) and time.monotonic() < deadline:
        for member in members:
            member.poll()
    for member in members:
        check(sorted(set(member.seen)) == list(range(count)), f"{member.group}: {len(set(member.seen))} of {count} records")


def describe(bootstrap, groups):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    out = {}
    for group, future in admin.describe_consumer_groups(groups).items():
        described = future.result(timeout=SECONDS)
        members = [(m.member_id, m.group_instance_id, m.client_id, sorted(p.partition for p in m.assignment.topic_partitions))
                   for m in described.members]
        out[group] = (described.state.name, described.partition_assignor, sorted(members))
    return out


def run(work):
    project = os.path.join(work, "project")
    os.mkdir(project)
    node = Node(work, project=project, settings=["kafka.group-initial-delay=200ms", "journal.checkpoint-interval=1s"]).start()
    try:
        topic = "t"
        admin = AdminClient({"bootstrap.servers": node.bootstrap})
        for future in admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
            future.result(timeout=SECONDS)
        produce(node.bootstrap, topic, 0)
        # A session survives a slow machine; a member that had to join again would show it all the same.
        classic = {"session.timeout.ms": 45_000, "heartbeat.interval.ms": 500}
        members = [PythonMember(node.bootstrap, "python", topic),
                   ConfluentMember(node.bootstrap, "confluent", topic, **classic),
                   ConfluentMember(node.bootstrap, "static", topic, **classic, **{"group.instance.id": "one"}),
                   ConfluentMember(node.bootstrap, "new", topic, **{"group.protocol": "consumer"})]
        groups = [m.group for m in members]
        read_until(members, RECORDS)
        for member in members:
            member.commit()
        identities = [m.identity() for m in members]
        changes = [m.changes() for m in members]
        before = describe(node.bootstrap, groups)
        check(all(state == "STABLE" and len(ms) == 1 and ms[0][3] == list(range(PARTITIONS)) for state, _, ms in before.values()), before)
        for turn in range(1, 4):
            if turn == 3:
                # By then a checkpoint has it all, not the journal after it.
                check(node.terminate() == 0, "the node did not end well")
            else:
                node.kill()
            node.start()
            after = describe(node.bootstrap, groups)
            check(after == before, f"turn {turn}: described as {after}, before {before}")
            produce(node.bootstrap, topic, turn * RECORDS)
            read_until(members, (turn + 1) * RECORDS)
            for member in members:
                member.commit()  # refused for another generation
            check([m.identity() for m in members] == identities, f"turn {turn}: other members: {[m.identity() for m in members]}, {identities}")
            check([m.changes() for m in members] == changes, f"turn {turn}: rebalanced: {[m.changes() for m in members]}, {changes}")
            check(describe(node.bootstrap, groups) == before, f"turn {turn}: the groups have changed")
        for member in members:
            member.close()
        left = describe(node.bootstrap, groups)
        # A static member keeps its place until its session ends.
        wanted = {"python": 0, "confluent": 0, "static": 1, "new": 0}
        check({g: len(ms) for g, (_, _, ms) in left.items()} == wanted, left)
        node.kill()
        node.start()
        check({g: len(ms) for g, (_, _, ms) in describe(node.bootstrap, groups).items()} == wanted, "after they had left")
        check(node.terminate() == 0, "the node did not end well")
    except BaseException:
        print(node.tail())
        raise
    finally:
        if node.process.poll() is None:
            node.process.kill()
            node.process.wait()


def main():
    work = tempfile.mkdtemp(prefix="millrace-groups-")
    start = time.monotonic()
    try:
        run(work)
    except AssertionError as failure:
        print(f"FAIL {failure}")
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"ok   three protocols' members over four restarts without a rebalance ({time.monotonic() - start:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
